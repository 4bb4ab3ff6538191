#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apps/ate-bench/report.h"

namespace atestore {

// The figures of a listing, page by page.
struct ListRun {
  int64_t actors = 0;
  int64_t pages = 0;
  int64_t max_page = 0;
  int64_t max_token_chars = 0;
  double seconds = 0;
  std::vector<double> page_ms;

  void AddTo(Report* report) const;
};

// Fetches the page at `token`: sets the number of its actors and the next token (empty: the end).
using FetchPage =
    std::function<absl::Status(const std::string& token, int64_t* actors, std::string* next_token)>;

// Fetches the page at `token`, adds its figures to `run`, except `seconds`, and sets the next
// token.
absl::Status FetchOnePage(const FetchPage& fetch, std::string* token, ListRun* run);

// Fetches all pages of a listing and adds their figures to `run`. Calls `inspect` after each page.
absl::Status RunListing(
    const FetchPage& fetch, ListRun* run, const std::function<void()>& inspect = [] {});

}  // namespace atestore
