#include <memory>
#include <string>
#include <utility>

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
  report.Add("peak_rss_mib", PeakRssMib("self"));
  return report;
}

}  // namespace atestore
