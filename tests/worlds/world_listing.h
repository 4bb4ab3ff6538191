#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/listing/list_walk.h"
#include "tests/property/mutant_transport.h"
#include "tests/worlds/small_world.h"
#include "tests/worlds/step_transport.h"

namespace atestore {

// What a planted mistake changes: the requests on their way, or the positions between pages.
struct Planted {
  std::optional<Mutation> mutation;
  bool after_included = false;  // After(hash) with ≥
};

// Topologies by the hash of the reply that they were read from: kept from listing to listing.
using TopologyCache = std::unordered_map<uint64_t, std::shared_ptr<const Topology>>;

// How a listing ended.
struct ListingEnd {
  bool stopped = false;                  // an observer had seen enough
  bool broken = false;                   // the cluster did not get well by the repair
  std::optional<std::string> violation;  // of the promise, in words
};

// One listing of a small world from its first slot of interest to the end, with the readers of the
// product and a process for each page. A page that gets nowhere twice in a row calls the operator.
class WorldListing {
 public:
  WorldListing(SmallWorld& world, const Planted& planted, StepObserver& steps,
               TopologyCache& topologies);

  ListingEnd Run();
  // Of all that decides how the listing goes on, except the cluster and the connections.
  uint64_t fingerprint() const;
  // As StepTransport::connections().
  uint32_t connections() const { return transport_.connections(); }
  // The operator came: nothing happens any more.
  bool is_repaired() const { return repaired_; }
  // Keys that were listed, as names; for messages.
  const std::vector<std::string>& listed() const { return listed_; }
  size_t pages() const { return pages_; }

 private:
  class Sink;
  class Feeder;
  enum class PageEnd { kProgress, kUnavailable, kStopped };

  PageEnd ListPage(Position* position, bool* complete);
  ListWalk::Options PageOptions(const Position& position);
  std::shared_ptr<const Topology> FindTopology();
  bool BackOff();
  std::optional<std::string> FindViolation() const;
  ListingEnd Stopped() const { return {.stopped = true}; }

  SmallWorld& world_;
  const Planted planted_;
  StepObserver& steps_;
  TopologyCache& topologies_;
  History history_;  // of the page
  StepTransport transport_;
  std::unique_ptr<MutantTransport> mutant_;
  bool repaired_ = false;
  bool failed_for_good_ = false;
  size_t refreshes_ = 0;
  size_t unavailable_ = 0;  // pages in a row
  size_t pages_ = 0;
  absl::Status why_;  // of the last refresh
  std::vector<std::string> listed_;
  std::array<uint8_t, kWorldKeys> times_{};  // that a key was listed
};

}  // namespace atestore
