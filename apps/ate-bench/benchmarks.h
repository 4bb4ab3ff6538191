#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/ate-bench/report.h"

namespace atestore {

// What every benchmark needs to know.
struct BenchOptions {
  std::vector<std::string> addresses;  // of cluster nodes, "host:port"
  std::string atespace;                // empty: all
  int32_t page_size = 1000;
};

struct PopulateOptions {
  int64_t actors = 300'000;
  int64_t atespaces = 50;
};

// Writes that many records as the service would, "space-000/actor-000000000" and so on.
absl::StatusOr<Report> Populate(const BenchOptions& options, const PopulateOptions& populate);

// One listing through the store, decoded, read ahead. `page_by_page`: by a ListActors() call for
// each page, as a caller has it who keeps nothing but the token.
absl::StatusOr<Report> BenchList(const BenchOptions& options, bool page_by_page);

// The baseline. `overlap`: the next SCAN is sent before the values have arrived.
absl::StatusOr<Report> BenchRaw(const BenchOptions& options, bool overlap);

// A listing of one atespace against a loop whose COUNT is what is left of the page.
absl::StatusOr<Report> BenchScoped(const BenchOptions& options);

struct ImpactOptions {
  double seconds = 5;  // of each phase
  // Foreground connections, each with one GET at a time; as many as redis-benchmark has by default.
  int clients = 50;
};

// The latency of a foreground load of GETs, without and with a listing at the same time, and beside
// threads that use as much processor time as the listing did and nothing else; and the
// commands that held a server for more than a millisecond (by its own clock: on a machine that is
// not quiet, the phase without a listing shows how many of them are noise).
absl::StatusOr<Report> BenchImpact(const BenchOptions& options, const ImpactOptions& impact);

// One listing through ateapi over gRPC, by ReadActors or `page_by_page` by ListActors, to a client
// that counts the actors on the wire. `endpoint`: of a running ateapi without TLS; empty: one is
// started for the time.
absl::StatusOr<Report> BenchGrpc(const BenchOptions& options, bool page_by_page,
                                 const std::string& endpoint);

struct MemoryOptions {
  int64_t times = 1;  // listings
  // Nodes of a second cluster, listed in turns with the first one so that both meet the same
  // machine; empty: none.
  std::vector<std::string> against;
};

// Listings, page by page, from an ateapi of its own: its peak memory and the latency of its pages.
absl::StatusOr<Report> BenchMemory(const BenchOptions& options, const MemoryOptions& memory);

struct NetworkOptions {
  // What a round trip to a node takes longer than on the network that there is.
  std::vector<double> round_trips_ms = {0, 0.5, 1, 2};
  int64_t width = 3;
  int64_t times = 3;  // all of it, in turns; the best counts
};

// Listings in one stream and in `width` parts, and pages of ListActors(), with every node behind a
// proxy that adds to the round trip; compared with the smallest one. The proxy and the client share
// this process, so the figures at 0 are lower than without it.
absl::StatusOr<Report> BenchNetwork(const BenchOptions& options, const NetworkOptions& network);

struct SyntheticOptions {
  int64_t actors = 1'000'000'000;
  int64_t pages = 200;  // measured at each place
};

// Pages at the beginning and in the middle of a listing of computed actors, in an emulated cluster
// within this process. Needs no addresses.
absl::StatusOr<Report> BenchSynthetic(const BenchOptions& options,
                                      const SyntheticOptions& synthetic);

}  // namespace atestore
