#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/slot.h"
#include "core/topology.h"

namespace atestore::inline v0 {

using SlotSet = std::bitset<kSlotCount>;

// `count` slots from `first` on. `first + count` may be at most kSlotCount.
SlotSet SlotRange(size_t first, size_t count);

// What a node says about itself: the `myself` line of CLUSTER NODES, the only place that shows
// migration marks. Read in the same transaction as keys, it tells which slots those keys cover.
struct NodeView {
  bool primary = false;
  uint64_t config_epoch = 0;  // a replica shows its primary's
  SlotSet owned;
  SlotSet migrating;  // marked [slot->-node]
  SlotSet importing;  // marked [slot-<-node]

  // True when this node is the only one that holds keys of `slot` which clients can reach.
  bool IsStableOwner(Slot slot) const {
    return primary && owned[slot] && !migrating[slot] && !importing[slot];
  }

  SlotSet StableSlots() const { return primary ? owned & ~migrating & ~importing : SlotSet(); }

  // Reads the text of CLUSTER NODES. DATA_LOSS when it has no valid `myself` line.
  static absl::StatusOr<NodeView> FromClusterNodes(std::string_view text);
};

// True if the flags of a line of CLUSTER NODES ("myself,master") include `wanted`.
bool HasNodeFlag(std::string_view flags, std::string_view wanted);

}  // namespace atestore::inline v0
