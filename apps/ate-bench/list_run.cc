#include "apps/ate-bench/list_run.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace atestore {

void ListRun::AddTo(Report* report) const {
  report->Add("actors", actors);
  report->Add("pages", pages);
  report->Add("max_page", max_page);
  report->Add("max_token_chars", max_token_chars);
  report->Add("seconds", seconds);
  report->Add("actors_per_second", static_cast<double>(actors) / seconds);
  report->Add("page_ms_p50", Percentile(page_ms, 0.5));
  report->Add("page_ms_p99", Percentile(page_ms, 0.99));
}

absl::Status FetchOnePage(const FetchPage& fetch, std::string* token, ListRun* run) {
  const absl::Time begin = absl::Now();
  int64_t actors = 0;
  std::string next_token;
  if (absl::Status status = fetch(*token, &actors, &next_token); !status.ok()) return status;
  run->page_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
  run->actors += actors;
  run->pages += 1;
  run->max_page = std::max(run->max_page, actors);
  run->max_token_chars = std::max(run->max_token_chars, static_cast<int64_t>(next_token.size()));
  *token = std::move(next_token);
  return absl::OkStatus();
}

absl::Status RunListing(const FetchPage& fetch, ListRun* run,
                        const std::function<void()>& inspect) {
  std::string token;
  const absl::Time start = absl::Now();
  do {
    if (absl::Status status = FetchOnePage(fetch, &token, run); !status.ok()) return status;
    inspect();
  } while (!token.empty());
  run->seconds += absl::ToDoubleSeconds(absl::Now() - start);
  return absl::OkStatus();
}

}  // namespace atestore
