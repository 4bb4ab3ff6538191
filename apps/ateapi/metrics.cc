#include "apps/ateapi/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace atestore {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

const Histogram::BucketBoundaries kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,    0.25,  0.5,    1,     2.5,  5,     10};

Family<Counter>& CounterFamily(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

Counter& SingleCounter(Registry& registry, const char* name, const char* help) {
  return CounterFamily(registry, name, help).Add({});
}

Family<Gauge>& GaugeFamily(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& HistogramFamily(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  Registry registry;
  Family<Counter>& calls =
      CounterFamily(registry, "ateapi_calls_total", "gRPC calls by method and status code");
  Family<Histogram>& call_seconds =
      HistogramFamily(registry, "ateapi_call_seconds", "Time to serve a gRPC call");
  Counter& pages = SingleCounter(registry, "ateapi_list_pages_total", "Pages of actors served");
  Counter& actors =
      SingleCounter(registry, "ateapi_list_actors_total", "Actors returned by listings");
  Counter& names =
      SingleCounter(registry, "ateapi_list_names_total", "Keys that nodes sent for listings");
  Counter& skipped = SingleCounter(registry, "ateapi_list_skipped_records_total",
                                   "Unreadable records that listings skipped");
  Counter& examined = SingleCounter(registry, "ateapi_list_examined_records_total",
                                    "Records that listings and counts examined");
  Counter& matched = SingleCounter(registry, "ateapi_list_matched_records_total",
                                   "Examined records that listings returned or counted");
  Counter& slot_restarts =
      SingleCounter(registry, "ateapi_list_slot_restarts_total",
                    "Large slots restarted because another process owns them now");
  Counter& rereads = SingleCounter(registry, "ateapi_list_rereads_total",
                                   "Reads of listings repeated because a slot could not be read");
  Counter& retries = SingleCounter(registry, "ateapi_redis_retries_total", "Waits before a retry");
  Counter& foreign_nodes = SingleCounter(registry, "ateapi_redis_foreign_nodes_total",
                                         "Refused answers from nodes of another cluster");
  Family<Counter>& token_rejections = CounterFamily(registry, "ateapi_page_token_rejections_total",
                                                    "Page tokens refused, by reason");
  Gauge& listings =
      GaugeFamily(registry, "ateapi_listings_in_flight", "Listing calls being served").Add({});
  Counter& refused = SingleCounter(registry, "ateapi_listings_refused_total",
                                   "Listing calls refused because too many were running");
  Gauge& ready = GaugeFamily(registry, "ateapi_ready", "1 when the store answers, else 0").Add({});
  Family<Gauge>& bound_in_use = GaugeFamily(
      registry, "ateapi_bound_in_use", "How much of a limited resource of the service is in use");
  Family<Gauge>& bound_max = GaugeFamily(registry, "ateapi_bound_max", "The limit");
  Family<Counter>& bound_refused =
      CounterFamily(registry, "ateapi_bound_refused_total", "Requests refused because of a limit");
  Family<Counter>& bound_waited = CounterFamily(registry, "ateapi_bound_waited_seconds_total",
                                                "Time that calls waited because of a limit");
  Family<Gauge>& node_waiting =
      GaugeFamily(registry, "ateapi_node_waiting_calls", "Calls that wait for a node");
  Family<Counter>& node_refused = CounterFamily(registry, "ateapi_node_refused_total",
                                                "Calls refused because the node does not answer");
  Family<Gauge>& shard_ready =
      GaugeFamily(registry, "ateapi_shard_ready", "1 when the primary answers, else 0");
  Family<Counter>& commands =
      CounterFamily(registry, "ateapi_redis_commands_total", "Commands sent, by node");
  Family<Histogram>& round_trip_seconds = HistogramFamily(
      registry, "ateapi_redis_round_trip_seconds", "Time of a pipelined round trip, by node");
  Family<Counter>& error_replies = CounterFamily(registry, "ateapi_redis_error_replies_total",
                                                 "Error replies, by their first word");
  Family<Counter>& failures = CounterFamily(registry, "ateapi_redis_failures_total",
                                            "Round trips without an answer, by status code");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  // A rate misses the first event of a series unless the series was exported as zero before.
  for (const char* const kind : {"MOVED", "ASK", "TRYAGAIN", "LOADING", "CLUSTERDOWN"}) {
    families_->error_replies.Add({{"kind", kind}});
  }
}
Metrics::~Metrics() = default;

void Metrics::CountCall(std::string_view method, std::string_view code_name, absl::Duration took) {
  const std::string method_label(method);
  families_->calls.Add({{"method", method_label}, {"code", std::string(code_name)}}).Increment();
  families_->call_seconds.Add({{"method", method_label}}, kSeconds)
      .Observe(absl::ToDoubleSeconds(took));
}

void Metrics::CountPage(const PageCounts& page) {
  families_->pages.Increment();
  families_->actors.Increment(static_cast<double>(page.actors));
  families_->skipped.Increment(static_cast<double>(page.skipped_records));
  families_->examined.Increment(static_cast<double>(page.examined));
  families_->matched.Increment(static_cast<double>(page.matched));
  families_->slot_restarts.Increment(static_cast<double>(page.slot_restarts));
  families_->rereads.Increment(static_cast<double>(page.rereads));
}

void Metrics::CountTokenRejection(std::string_view reason) {
  families_->token_rejections.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::SetListingsInFlight(int64_t listings) {
  families_->listings.Set(static_cast<double>(listings));
}

void Metrics::CountListingRefused() { families_->refused.Increment(); }

void Metrics::SetReady(bool ready) { families_->ready.Set(ready ? 1 : 0); }

void Metrics::CountRoundTrip(std::string_view node, int64_t commands, absl::Duration took) {
  const std::string label(node);
  families_->commands.Add({{"node", label}}).Increment(static_cast<double>(commands));
  families_->round_trip_seconds.Add({{"node", label}}, kSeconds)
      .Observe(absl::ToDoubleSeconds(took));
}

void Metrics::CountNames(int64_t names) { families_->names.Increment(static_cast<double>(names)); }

void Metrics::CountErrorReply(std::string_view kind) {
  families_->error_replies.Add({{"kind", std::string(kind)}}).Increment();
}

void Metrics::CountTransportFailure(std::string_view code_name) {
  families_->failures.Add({{"code", std::string(code_name)}}).Increment();
}

BoundReport Metrics::Bound(const std::string& name, int64_t max) {
  const prometheus::Labels labels = {{"bound", name}};
  families_->bound_max.Add(labels).Set(static_cast<double>(max));
  Gauge& in_use = families_->bound_in_use.Add(labels);
  Counter& refused = families_->bound_refused.Add(labels);
  Counter& waited = families_->bound_waited.Add(labels);
  return {
      .in_use = [&in_use](int64_t value) { in_use.Set(static_cast<double>(value)); },
      .refused = [&refused] { refused.Increment(); },
      .waited = [&waited](absl::Duration wait) { waited.Increment(absl::ToDoubleSeconds(wait)); }};
}

void Metrics::SetNodeWaiting(const std::string& node, int64_t calls) {
  families_->node_waiting.Add({{"node", node}}).Set(static_cast<double>(calls));
}

void Metrics::CountNodeRefusal(const std::string& node) {
  families_->node_refused.Add({{"node", node}}).Increment();
}

void Metrics::SetShardReady(const std::string& node, bool ready) {
  families_->shard_ready.Add({{"node", node}}).Set(ready ? 1 : 0);
}

void Metrics::ForgetShard(const std::string& node) {
  families_->shard_ready.Remove(&families_->shard_ready.Add({{"node", node}}));
}

void Metrics::CountRetry() { families_->retries.Increment(); }

void Metrics::CountForeignNode() { families_->foreign_nodes.Increment(); }

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace atestore
