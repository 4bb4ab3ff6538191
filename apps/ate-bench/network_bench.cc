// What a network between the client and the nodes costs a listing.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/ate-bench/benchmarks.h"
#include "apps/ate-bench/delay_proxy.h"
#include "apps/ate-bench/target.h"
#include "core/status.h"
#include "store/advanced.h"

namespace atestore {
namespace {

// Sends every request to the proxy of its node.
class ProxiedTransport final : public ShardTransport {
 public:
  ProxiedTransport(std::unique_ptr<ShardTransport> inner, const DelayProxy& proxy)
      : inner_(std::move(inner)), proxy_(proxy) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    std::vector<ShardRequest> proxied(requests.begin(), requests.end());
    Redirect(proxied);
    Observer redirected(*this, observer);
    inner_->Execute(proxied, deadline, redirected);
  }
  std::unique_ptr<ShardTransport> Exclusive() override {
    return std::make_unique<ProxiedTransport>(inner_->Exclusive(), proxy_);
  }

 private:
  class Observer final : public ReplyObserver {
   public:
    Observer(const ProxiedTransport& transport, ReplyObserver& next)
        : transport_(transport), next_(next) {}
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      next_.OnReply(request, command, reply);
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      next_.OnFailure(request, status);
    }
    std::vector<ShardRequest> More() override {
      std::vector<ShardRequest> more = next_.More();
      transport_.Redirect(more);
      return more;
    }
    bool Abandon() override { return next_.Abandon(); }

   private:
    const ProxiedTransport& transport_;
    ReplyObserver& next_;
  };

  void Redirect(std::vector<ShardRequest>& requests) const {
    for (ShardRequest& request : requests) request.endpoint = proxy_.For(request.endpoint);
  }

  const std::unique_ptr<ShardTransport> inner_;
  const DelayProxy& proxy_;
};

struct Listed {
  int64_t actors = 0;
  double seconds = 0;
};

template <typename Next>
absl::StatusOr<Listed> Measure(Next next) {
  Listed listed;
  const absl::Time start = absl::Now();
  for (;;) {
    absl::StatusOr<int64_t> actors = next();
    if (!actors.ok()) return actors.status();
    if (*actors < 0) break;
    listed.actors += *actors;
  }
  listed.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return listed;
}

// `width` parts at a time; 1: one stream.
absl::StatusOr<Listed> List(ActorStore& store, const BenchOptions& options, size_t width) {
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  request.set_atespace(options.atespace);
  absl::StatusOr<std::unique_ptr<WideActorReader>> reader =
      store.ReadActorsWide(request, {.width = width});
  if (!reader.ok()) return reader.status();
  ActorPage page;
  return Measure([&]() -> absl::StatusOr<int64_t> {
    if ((*reader)->page_tokens().empty()) return -1;
    absl::StatusOr<ActorPage> next = Recycling::Next(**reader, std::move(page));
    if (!next.ok()) return next.status();
    page = *std::move(next);
    return page.response.actors_size();
  });
}

// The median of what a page takes, in milliseconds.
absl::StatusOr<double> PageMs(ActorStore& store, const BenchOptions& options) {
  constexpr size_t kPages = 100;
  ateapi::ListActorsRequest request;
  request.set_page_size(options.page_size);
  request.set_atespace(options.atespace);
  std::vector<double> ms;
  ActorPage page;
  while (ms.size() < kPages) {
    const absl::Time start = absl::Now();
    absl::StatusOr<ActorPage> next = AdvancedReads(store).ListActors(request, {}, std::move(page));
    if (!next.ok()) return next.status();
    ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    page = *std::move(next);
    request.set_page_token(page.response.next_page_token());
    if (request.page_token().empty()) break;
  }
  return Percentile(std::move(ms), 0.5);
}

// The best of all turns, by what was measured.
struct Best {
  std::map<size_t, Listed> listed;  // by width
  double page_ms = 0;
};

absl::Status MeasureOnce(ActorStore& store, const BenchOptions& options,
                         const std::vector<size_t>& widths, Best* best) {
  for (const size_t width : widths) {
    absl::StatusOr<Listed> listed = List(store, options, width);
    if (!listed.ok()) return listed.status();
    Listed& known = best->listed[width];
    if (known.actors == 0 || listed->seconds < known.seconds) known = *listed;
  }
  absl::StatusOr<double> ms = PageMs(store, options);
  if (!ms.ok()) return ms.status();
  best->page_ms = best->page_ms == 0 ? *ms : std::min(best->page_ms, *ms);
  return absl::OkStatus();
}

absl::Status MeasureAtRate(ActorStore& store, const BenchOptions& options,
                           const NetworkOptions& network, const std::vector<size_t>& widths,
                           DelayProxy& proxy, Best* best) {
  proxy.SetDelay(absl::Milliseconds(std::ranges::min(network.round_trips_ms)) / 2);
  proxy.SetRate(static_cast<int64_t>(network.megabytes_per_second * 1e6));
  absl::Status status = MeasureOnce(store, options, widths, best);
  proxy.SetRate(0);
  return status;
}

absl::StatusOr<std::unique_ptr<ActorStore>> OpenStore(Target& target, const DelayProxy& proxy) {
  absl::StatusOr<std::unique_ptr<RedisTransport>> redis = RedisTransport::Create({});
  if (!redis.ok()) return redis.status();
  return ActorStore::Open(std::make_unique<ProxiedTransport>(*std::move(redis), proxy),
                          {.seeds = target.Primaries()});
}

}  // namespace

absl::StatusOr<Report> BenchNetwork(const BenchOptions& options, const NetworkOptions& network) {
  absl::StatusOr<std::unique_ptr<Target>> target = OpenTarget(options.addresses);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<DelayProxy>> proxy = DelayProxy::Start((*target)->Primaries());
  if (!proxy.ok()) return proxy.status();
  const std::vector<size_t> widths{1, static_cast<size_t>(network.width)};
  // By round trip in milliseconds; a store learns how far its nodes are, and stays there.
  std::map<double, std::unique_ptr<ActorStore>> stores;
  std::map<double, Best> best;
  Best limited;  // by the rate
  for (int64_t turn = 0; turn < network.times; ++turn) {
    for (const double round_trip_ms : network.round_trips_ms) {
      (*proxy)->SetDelay(absl::Milliseconds(round_trip_ms) / 2);
      std::unique_ptr<ActorStore>& store = stores[round_trip_ms];
      if (store == nullptr) {
        absl::StatusOr<std::unique_ptr<ActorStore>> opened = OpenStore(**target, **proxy);
        if (!opened.ok()) return opened.status();
        store = *std::move(opened);
      }
      absl::Status status = MeasureOnce(*store, options, widths, &best[round_trip_ms]);
      if (!status.ok()) return status;
    }
    if (network.megabytes_per_second > 0) {
      absl::Status status =
          MeasureAtRate(*stores.begin()->second, options, network, widths, **proxy, &limited);
      if (!status.ok()) return status;
    }
  }
  Report report;
  report.Add("server", ServerName(**target));
  const Best& first = best.begin()->second;
  for (auto& [round_trip_ms, measured] : best) {
    const std::string at = absl::StrCat("at_", round_trip_ms, "_ms_");
    for (const auto& [width, listed] : measured.listed) {
      const std::string name = absl::StrCat(at, "width_", width);
      report.Add(name + "_actors_per_second", static_cast<double>(listed.actors) / listed.seconds);
      report.Add(name + "_of_first", first.listed.at(width).seconds / listed.seconds);
    }
    report.Add(at + "page_p50_ms", measured.page_ms);
  }
  for (const auto& [width, listed] : limited.listed) {
    const std::string name =
        absl::StrCat("at_", network.megabytes_per_second, "_mb_per_second_width_", width);
    report.Add(name + "_actors_per_second", static_cast<double>(listed.actors) / listed.seconds);
    report.Add(name + "_of_one_stream", limited.listed.at(1).seconds / listed.seconds);
  }
  return report;
}

}  // namespace atestore
