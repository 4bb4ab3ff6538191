#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/list_run.h"
#include "apps/ate-bench/raw_loop.h"
#include "apps/ate-bench/target.h"
#include "core/key_filter.h"
#include "core/position.h"
#include "store/advanced.h"

namespace atestore {
namespace {

// Fetches the pages of a listing through the store.
class StorePages {
 public:
  StorePages(ActorStore& store, const BenchOptions& options, bool page_by_page)
      : store_(store), page_by_page_(page_by_page) {
    request_.set_page_size(options.page_size);
    request_.set_atespace(options.atespace);
  }

  absl::Status Fetch(const std::string& token, int64_t* actors, std::string* next_token) {
    request_.set_page_token(token);
    absl::StatusOr<ActorPage> page = Next();
    if (!page.ok()) return page.status();
    *actors = page->response.actors_size();
    *next_token = page->response.next_page_token();
    last_ = *std::move(page);
    return absl::OkStatus();
  }

  // The page that was fetched last.
  const ateapi::ListActorsResponse& last() const { return last_.response; }

 private:
  absl::StatusOr<ActorPage> Next() {
    if (page_by_page_) return AdvancedReads(store_).ListActors(request_, {}, std::move(last_));
    if (!reader_) {
      absl::StatusOr<std::unique_ptr<ActorReader>> reader = store_.ReadActors(request_);
      if (!reader.ok()) return reader.status();
      reader_ = *std::move(reader);
    }
    return Recycling::Next(*reader_, std::move(last_));
  }

  ActorStore& store_;
  const bool page_by_page_;
  ateapi::ListActorsRequest request_;
  std::unique_ptr<ActorReader> reader_;
  ActorPage last_;
};

// Lists through the store. Appends a hash of each actor's names to `names`.
absl::Status ListThroughStore(ActorStore& store, const BenchOptions& options, bool page_by_page,
                              ListRun* run, std::vector<uint64_t>* names) {
  StorePages pages(store, options, page_by_page);
  auto fetch = [&](const std::string& token, int64_t* actors, std::string* next_token) {
    return pages.Fetch(token, actors, next_token);
  };
  auto inspect = [&] {
    for (const ateapi::Actor& actor : pages.last().actors()) {
      names->push_back(HashKey(actor.actor_id()) * 31 + HashKey(actor.atespace()));
    }
  };
  return RunListing(fetch, run, inspect);
}

// What a phase costs both sides.
class CpuMeter {
 public:
  explicit CpuMeter(Target& target)
      : target_(target), server_(ServerCpuSeconds(target)), client_(ClientCpuSeconds()) {}

  void AddTo(Report* report) {
    report->Add("client_cpu_seconds", ClientCpuSeconds() - client_);
    report->Add("server_cpu_seconds", ServerCpuSeconds(target_) - server_);
  }

 private:
  Target& target_;
  const double server_;
  const double client_;
};

}  // namespace

absl::StatusOr<Report> BenchList(const BenchOptions& options, bool page_by_page) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<ActorStore>> store = OpenStore(options.addresses);
  if (!store.ok()) return store.status();
  CpuMeter cpu(**target);
  ListRun run;
  std::vector<uint64_t> names;
  absl::Status status = ListThroughStore(**store, options, page_by_page, &run, &names);
  if (!status.ok()) return status;
  Report report;
  report.Add("server", ServerName(**target));
  run.AddTo(&report);
  cpu.AddTo(&report);
  std::sort(names.begin(), names.end());
  int64_t unique = std::unique(names.begin(), names.end()) - names.begin();
  report.Add("unique", unique);
  report.Add("duplicates", run.actors - unique);
  report.Add("peak_rss_mib", PeakRssMib("self"));
  return report;
}

absl::StatusOr<Report> BenchRaw(const BenchOptions& options, bool overlap) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  CpuMeter cpu(**target);
  absl::StatusOr<RawLoopResult> result =
      RunRawLoop((*target)->Primaries(),
                 {.count = static_cast<size_t>(options.page_size), .overlap = overlap});
  if (!result.ok()) return result.status();
  Report report;
  report.Add("server", ServerName(**target));
  report.Add("mode", overlap ? "overlap" : "lock-step");
  report.Add("keys", result->keys);
  report.Add("values", result->values);
  report.Add("scans", result->scans);
  report.Add("seconds", result->seconds);
  report.Add("keys_per_second", static_cast<double>(result->keys) / result->seconds);
  cpu.AddTo(&report);
  return report;
}

absl::StatusOr<Report> BenchScoped(const BenchOptions& options) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<ActorStore>> store = OpenStore(options.addresses);
  if (!store.ok()) return store.status();
  BenchOptions scoped = options;
  if (scoped.atespace.empty()) scoped.atespace = "space-000";

  absl::StatusOr<RawLoopResult> shrinking =
      RunRawLoop((*target)->Primaries(), {.match = KeyFilter::ActorsOf(scoped.atespace).Pattern(),
                                          .count = static_cast<size_t>(options.page_size),
                                          .count_is_what_is_left = true});
  if (!shrinking.ok()) return shrinking.status();
  ListRun run;
  std::vector<uint64_t> names;
  absl::Status status = ListThroughStore(**store, scoped, /*page_by_page=*/false, &run, &names);
  if (!status.ok()) return status;
  Report report;
  report.Add("server", ServerName(**target));
  report.Add("atespace", scoped.atespace);
  run.AddTo(&report);
  report.Add("shrinking_count_keys", shrinking->keys);
  report.Add("shrinking_count_scans", shrinking->scans);
  report.Add("shrinking_count_seconds", shrinking->seconds);
  report.Add("times_faster", shrinking->seconds / run.seconds);
  return report;
}

}  // namespace atestore
