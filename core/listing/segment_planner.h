#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/key_filter.h"
#include "core/listing/key_prefetch.h"
#include "core/listing/keys_plan.h"
#include "core/listing/segment.h"
#include "core/listing/walk_knowledge.h"
#include "core/position.h"
#include "core/topology.h"

namespace atestore::inline v0 {

// Decides which keys to ask which node for.
class SegmentPlanner {
 public:
  struct Options {
    const KeyFilter* filter = nullptr;  // must outlive the planner
    KeyHash hash = HashKey;
    KeyPrefetch* prefetch = nullptr;  // null: none; must outlive the planner
    size_t segment_keys = 0;
    size_t values_part_keys = 0;
    size_t end = kSlotCount;  // the slot before which the listing ends
  };
  // `known` must outlive the planner.
  SegmentPlanner(const Options& options, const WalkKnowledge& known)
      : options_(options), known_(known) {}

  // About how many keys one segment reads.
  size_t segment_keys() const {
    return std::max(options_.segment_keys, known_.estimates.depth().segment_keys_min);
  }
  // True when prefetched keys of the slots from `first` on are in flight and worth waiting for.
  bool AwaitsPrefetched(size_t first, size_t keys) const;

  // About `keys` keys of the slots from `first` on, of `first` only those behind `after`. Null: the
  // first slot has no owner.
  std::unique_ptr<Segment> Batch(const Topology& topology, size_t first,
                                 const std::optional<KeyMark>& after, size_t keys) const;
  // The position's slot alone, if it has no more than `keys_max` keys.
  std::unique_ptr<Segment> OneSlot(const Position& position, const Endpoint& owner,
                                   size_t keys_max) const;
  std::unique_ptr<Segment> Migrating(const Position& position, const Migration& migration) const;
  // A SCAN inside the position's slot.
  std::unique_ptr<Segment> Large(const Position& position, const Endpoint& owner,
                                 size_t count) const;
  // COUNT of that SCAN, to find about `keys` keys. `chosen`: what was decided before.
  size_t CountFor(const Position& position, std::optional<size_t> chosen, size_t keys) const;

 private:
  KeysBatch::Options BatchOptions(size_t first, std::optional<KeyMark> after) const;
  // A segment is committed as a whole, so a node that hangs stops all of it. Where nodes are far,
  // segments are long; the part beyond the usual length comes from nodes that the rest needs
  // anyway.
  struct SlotLimits {
    size_t end = 0;
    size_t new_nodes_end = 0;
  };
  KeysPlan PlanFor(const KeysWanted& wanted) const;
  std::vector<KeysUnit> Units(const Topology& topology, size_t first, const SlotLimits& limits,
                              const KeysPlan& plan, size_t* requested_end) const;

  const Options options_;
  const WalkKnowledge& known_;
};

}  // namespace atestore::inline v0
