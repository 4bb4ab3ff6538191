#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/ate-bench/report.h"

namespace atestore {

// Options of every benchmark.
struct BenchOptions {
  std::vector<std::string> addresses;  // of cluster nodes, "host:port"
  std::string atespace;                // empty: all
  int32_t page_size = 1000;
};

struct PopulateOptions {
  int64_t actors = 300'000;
  int64_t atespaces = 50;
};

// Writes this many records as the service would: "space-000/actor-000000000" and so on.
absl::StatusOr<Report> Populate(const BenchOptions& options, const PopulateOptions& populate);

// One listing through the store, decoded and prefetched. `page_by_page`: with one ListActors() call
// per page, like a caller that keeps only the token.
absl::StatusOr<Report> BenchList(const BenchOptions& options, bool page_by_page);

// The baseline. `overlap`: the next SCAN is sent before the values have arrived.
absl::StatusOr<Report> BenchRaw(const BenchOptions& options, bool overlap);

// Compares a listing of one atespace with a loop whose COUNT is the room left on the page.
absl::StatusOr<Report> BenchScoped(const BenchOptions& options);

struct ImpactOptions {
  double seconds = 5;  // per phase
  // Foreground connections, each with one GET at a time; the default of redis-benchmark.
  int clients = 50;
};

// The latency of a foreground load of GETs in three phases: alone, with a concurrent listing, and
// with threads that only use as much processor time as the listing did. Also the number of commands
// that blocked a server for more than a millisecond by its own clock; the phase without a listing
// shows how many of those are noise of a busy machine.
absl::StatusOr<Report> BenchImpact(const BenchOptions& options, const ImpactOptions& impact);

// One listing through ateapi over gRPC, with ReadActors, or with ListActors if `page_by_page`. The
// client only counts the actors in the serialized pages. `endpoint`: a running ateapi without TLS;
// empty: start one for the benchmark.
absl::StatusOr<Report> BenchGrpc(const BenchOptions& options, bool page_by_page,
                                 const std::string& endpoint);

struct MemoryOptions {
  int64_t times = 1;  // listings
  // Nodes of a second cluster, listed in turns with the first one so that both run under the same
  // conditions. Empty: none.
  std::vector<std::string> against;
};

// Listings, page by page, from a separate ateapi: its peak memory and the latency of its pages.
absl::StatusOr<Report> BenchMemory(const BenchOptions& options, const MemoryOptions& memory);

struct NetworkOptions {
  // Delays to add to a round trip to a node, in milliseconds.
  std::vector<double> round_trips_ms = {0, 0.5, 1, 2};
  int64_t width = 3;
  int64_t times = 3;  // all of it, in turns; the best counts
  // Beside these, the smallest round trip with nodes that let only so much through in a second;
  // 0: not measured.
  double megabytes_per_second = 0;
};

// Listings in one stream and in `width` parts, and pages of ListActors(), with every node behind a
// proxy that delays the round trip, compared with the smallest delay. The proxy and the client
// share this process, so the figures at delay 0 are lower than without a proxy.
absl::StatusOr<Report> BenchNetwork(const BenchOptions& options, const NetworkOptions& network);

struct SyntheticOptions {
  int64_t actors = 1'000'000'000;
  int64_t pages = 200;  // pages to measure at each place
};

// Pages at the beginning and in the middle of a listing of computed actors, counts of keys alone
// and by status, and pages of a filter that matches nothing, in an emulated cluster within this
// process. Needs no addresses.
absl::StatusOr<Report> BenchSynthetic(const BenchOptions& options,
                                      const SyntheticOptions& synthetic);

}  // namespace atestore
