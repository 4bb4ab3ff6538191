#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/list_run.h"
#include "core/page_token.h"
#include "core/slot.h"
#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"

namespace atestore {
namespace {

// The token of a listing of all actors that stands before `slot`.
std::string TokenBefore(Slot slot) {
  return PageTokenCodec().Encode(Position{.slot = slot}, HashRequest("ListActors", ""));
}

// `pages_max` pages from `token` on, as figures called `place`_….
absl::Status AddPages(ActorStore& store, const BenchOptions& options, std::string token,
                      int64_t pages_max, const std::string& place, Report* report) {
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  int64_t pages = 0;
  auto fetch = [&](const std::string& after, int64_t* actors, std::string* next_token) {
    request.set_page_token(pages++ == 0 ? token : after);
    absl::StatusOr<ActorPage> page = store.ListActors(request);
    if (!page.ok()) return page.status();
    *actors = page->response.actors_size();
    // An empty token ends the run.
    if (pages < pages_max) next_token->swap(*page->response.mutable_next_page_token());
    return absl::OkStatus();
  };
  ListRun run;
  if (absl::Status status = RunListing(fetch, &run); !status.ok()) return status;
  report->Add(place + "_pages", run.pages);
  report->Add(place + "_actors", run.actors);
  report->Add(place + "_page_ms_p50", Percentile(run.page_ms, 0.5));
  report->Add(place + "_page_ms_p99", Percentile(run.page_ms, 0.99));
  report->Add(place + "_max_token_chars", run.max_token_chars);
  return absl::OkStatus();
}

// What calls took that looked at so many actors.
class Meter {
 public:
  template <typename Call>
  auto Measure(const Call& call) {
    const absl::Time begin = absl::Now();
    auto result = call();
    ms_.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
    return result;
  }
  void AddTo(const std::string& name, int64_t actors, Report* report) {
    const auto looked_at = static_cast<double>(actors);
    const double cpu_seconds = static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC;
    report->Add(name + "_actors", actors);
    report->Add(name + "_actors_per_second",
                looked_at / absl::ToDoubleSeconds(absl::Now() - start_));
    report->Add(name + "_cpu_us_per_actor", cpu_seconds * 1e6 / looked_at);
    report->Add(name + "_call_ms_p99", Percentile(std::move(ms_), 0.99));
  }

 private:
  const absl::Time start_ = absl::Now();
  const std::clock_t cpu_ = std::clock();  // of this process, which has the cluster too
  std::vector<double> ms_;
};

// Calls of CountActors until they have counted `actors_min`.
absl::Status AddCounts(ActorStore& store, ateapi::CountActorsRequest request, int64_t actors_min,
                       const std::string& name, Report* report) {
  Meter meter;
  int64_t actors = 0;
  do {
    absl::StatusOr<ActorCounts> part = meter.Measure([&] { return store.CountActors(request); });
    if (!part.ok()) return part.status();
    for (const ateapi::ActorCount& count : part->response.counts()) actors += count.count();
    request.set_page_token(part->response.next_page_token());
  } while (actors < actors_min && !request.page_token().empty());
  meter.AddTo(name, actors, report);
  return absl::OkStatus();
}

// Pages of a filter that matches nothing.
absl::Status AddFiltered(ActorStore& store, const BenchOptions& options, int64_t actors_min,
                         Report* report) {
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  request.set_filter("status = STATUS_PAUSED");
  Meter meter;
  int64_t examined = 0;
  do {
    absl::StatusOr<ActorPage> page = meter.Measure([&] { return store.ListActors(request); });
    if (!page.ok()) return page.status();
    examined += static_cast<int64_t>(page->counters.examined);
    request.set_page_token(page->response.next_page_token());
  } while (examined < actors_min && !request.page_token().empty());
  meter.AddTo("filter", examined, report);
  return absl::OkStatus();
}

absl::Status AddAsked(ActorStore& store, const BenchOptions& options, int64_t actors_min,
                      Report* report) {
  if (absl::Status status = AddCounts(store, {}, actors_min, "count", report); !status.ok()) {
    return status;
  }
  ateapi::CountActorsRequest by_status;
  by_status.add_group_by("status");
  absl::Status status = AddCounts(store, by_status, actors_min, "count_by_status", report);
  if (!status.ok()) return status;
  return AddFiltered(store, options, actors_min, report);
}

}  // namespace

absl::StatusOr<Report> BenchSynthetic(const BenchOptions& options,
                                      const SyntheticOptions& synthetic) {
  auto cluster = std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{
      .synthetic =
          mockcluster::SyntheticActors{.actors = static_cast<uint64_t>(synthetic.actors)}});
  StoreOptions store_options;
  store_options.seeds = cluster->Endpoints();
  const absl::StatusOr<std::unique_ptr<ActorStore>> store =
      ActorStore::Open(std::make_unique<EmbeddedTransport>(cluster), store_options);
  if (!store.ok()) return store.status();
  Report report;
  report.Add("actors", synthetic.actors);
  constexpr Slot kMiddle = kSlotCount / 2;
  // Once unmeasured: the first pages learn what the cluster is like.
  Report ignored;
  for (const auto& [place, slot] :
       {std::pair<std::string, Slot>{"first", 0}, {"middle", kMiddle}}) {
    for (Report* target : {&ignored, &report}) {
      absl::Status status =
          AddPages(**store, options, TokenBefore(slot), synthetic.pages, place, target);
      if (!status.ok()) return status;
    }
  }
  const int64_t actors_min = synthetic.pages * options.page_size;
  if (absl::Status status = AddAsked(**store, options, actors_min, &report); !status.ok()) {
    return status;
  }
  report.Add("peak_rss_mib", PeakRssMib("self"));
  return report;
}

}  // namespace atestore
