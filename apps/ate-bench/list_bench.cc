#include <algorithm>
#include <functional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/list_run.h"
#include "apps/ate-bench/raw_loop.h"
#include "apps/ate-bench/target.h"
#include "core/key_filter.h"

namespace atestore {
namespace {

// Lists through the store. Appends a hash of each actor's names to `names`.
absl::Status ListThroughStore(ActorStore& store, const BenchOptions& options, ListRun* run,
                              std::vector<uint64_t>* names) {
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  request.set_atespace(options.atespace);
  ActorPage last;
  auto fetch = [&](const std::string& token, int64_t* actors, std::string* next_token) {
    request.set_page_token(token);
    absl::StatusOr<ActorPage> page = store.ListActors(request, {}, std::move(last));
    if (!page.ok()) return page.status();
    *actors = page->response.actors_size();
    *next_token = page->response.next_page_token();
    last = *std::move(page);
    return absl::OkStatus();
  };
  auto inspect = [&] {
    for (const ateapi::Actor& actor : last.response.actors()) {
      uint64_t hash = std::hash<std::string_view>()(actor.actor_id());
      names->push_back(hash * 31 + std::hash<std::string_view>()(actor.atespace()));
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

absl::StatusOr<Report> BenchList(const BenchOptions& options) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<ActorStore>> store = OpenStore(options.addresses);
  if (!store.ok()) return store.status();
  CpuMeter cpu(**target);
  ListRun run;
  std::vector<uint64_t> names;
  if (absl::Status status = ListThroughStore(**store, options, &run, &names); !status.ok()) {
    return status;
  }
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
  if (absl::Status status = ListThroughStore(**store, scoped, &run, &names); !status.ok()) {
    return status;
  }
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
