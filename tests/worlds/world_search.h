#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

#include "tests/worlds/small_world.h"
#include "tests/worlds/world_listing.h"

namespace atestore {

// Worlds that may wait to be run: about 100 bytes each.
inline constexpr size_t kPlansMax = 6'000'000;

// What is to be searched.
struct SearchOptions {
  WorldSetup setup;
  Planted planted;
  size_t events_max = 3;
  std::vector<EventKind> without;  // kinds of events that do not happen
  bool keep_going = false;         // after a violation
  // Asked between worlds; true ends the search.
  std::function<bool()> is_over = [] { return false; };
};

struct WorldViolation {
  std::vector<PlacedEvent> events;
  std::string what;
};

struct SearchResult {
  size_t worlds = 0;        // listings that were run, from their first command on
  size_t states = 0;        // of cluster, listing and what was true, each different
  size_t cut_known = 0;     // worlds that came, or would have come, to a state which was known
  size_t cut_unseen = 0;    // worlds whose last event nobody would have seen
  size_t cut_refused = 0;   // events that could not happen
  size_t completed = 0;     // listings that ended
  size_t broken = 0;        // of them, on clusters that no repair made well
  size_t boundaries = 0;    // of the listing without any event
  bool is_complete = true;  // neither is_over() nor kPlansMax ended the search
  std::vector<WorldViolation> violations;
};

// Runs every world: every placement of up to `events_max` events at the boundaries of one listing.
// Breadth first by the number of events, so that a state is met first with the most events left,
// and need not be explored again. A world is run from its beginning.
//
// Events are placed only where the next command can see them: before a command to a node that one
// of them changes, or before time passes. Placed earlier they lead to the same state.
class WorldSearch {
 public:
  explicit WorldSearch(SearchOptions options);
  SearchResult Run();

 private:
  // What an event does to a cluster, by fingerprint and event.
  struct Effect {
    bool happened = false;
    uint64_t cluster = 0;       // its fingerprint then
    uint8_t changed_nodes = 0;  // a bit for each
    uint8_t ended_nodes = 0;    // whose process ended, with its connections
    bool loads = false;         // a node began to load its data
    KeySet absent = 0;
  };
  // Of a world, all that decides how it goes on.
  struct State {
    uint64_t cluster = 0;
    uint64_t listing = 0;
    uint32_t connections = 0;
    KeySet absent = 0;

    uint64_t key() const;
  };
  // A world to be run, and where its last event happens.
  struct Plan {
    std::vector<PlacedEvent> events;
    State before;   // that event
    NextStep next;  // behind it
  };
  class Steps;

  void RunWorld(const std::vector<PlacedEvent>& events);
  // Adds to the next level every event that may happen here after `events`.
  void PlanFrom(const std::vector<PlacedEvent>& events, size_t at, const Plan& here,
                const SmallWorld& world);
  // Whether the plan's last event is known to lead nowhere new.
  bool IsForetold(const Plan& plan);
  static State After(const State& before, const Effect& effect);
  // Whether the next step can see what the event changed.
  static bool IsSeen(const Effect& effect, const NextStep& next) {
    if (!next.node) return true;
    const size_t node = static_cast<size_t>(*next.node);
    const bool is_blind = next.is_blind && !effect.loads;
    return ((is_blind ? effect.ended_nodes : effect.changed_nodes) >> node & 1) != 0;
  }
  static uint64_t EffectKey(uint64_t cluster, const Event& event);
  bool IsLast(const std::vector<PlacedEvent>& events) const {
    return events.size() == options_.events_max;
  }

  const SearchOptions options_;
  std::vector<Event> alphabet_;
  WorldOrigin origin_;
  TopologyCache topologies_;
  absl::flat_hash_map<uint64_t, Effect> effects_;
  absl::flat_hash_map<uint64_t, std::vector<Event>> possible_;  // by the cluster's fingerprint
  absl::flat_hash_set<uint64_t> states_;
  std::vector<Plan> next_level_;
  SearchResult result_;
};

// Runs one world and tells what happened, a line for each command and event, to `out`.
ListingEnd ReplayWorld(const WorldSetup& setup, const Planted& planted,
                       const std::vector<PlacedEvent>& events, std::ostream& out);

}  // namespace atestore
