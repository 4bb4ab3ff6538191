#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apps/ate-bench/report.h"

namespace atestore {

// What a listing looked like, page by page.
struct ListRun {
  int64_t actors = 0;
  int64_t pages = 0;
  int64_t max_page = 0;
  int64_t max_token_chars = 0;
  double seconds = 0;
  std::vector<double> page_ms;

  void AddTo(Report* report) const;
};

// Fetches the page behind `token`: how many actors it holds, and the next token (empty: the end).
using FetchPage =
    std::function<absl::Status(const std::string& token, int64_t* actors, std::string* next_token)>;

// Fetches the page behind `token`, adds it to `run` and sets the next token. Does not count into
// the run's seconds.
absl::Status FetchOnePage(const FetchPage& fetch, std::string* token, ListRun* run);

// Pages through a whole listing, and adds what it was like to `run`. `inspect` looks at the page
// that was fetched last.
absl::Status RunListing(
    const FetchPage& fetch, ListRun* run, const std::function<void()>& inspect = [] {});

}  // namespace atestore
