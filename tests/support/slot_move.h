#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/slot.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// A key-by-key migration of one slot (SETSLOT and MIGRATE), step by step, so that a test can stop
// anywhere. Nodes by their number in the cluster.
struct SlotMove {
  Slot slot = 0;
  size_t from = 0;
  size_t to = 0;
};

// Marks the slot importing, then migrating.
absl::Status BeginMove(RealCluster& cluster, const SlotMove& move);
// Moves up to `keys_max` keys; how many it were.
absl::StatusOr<size_t> MoveKeys(RealCluster& cluster, const SlotMove& move, size_t keys_max);
// Hands the slot over; its keys must have been moved.
absl::Status FinishMove(RealCluster& cluster, const SlotMove& move);
// Moves the keys back and clears the marks.
absl::Status AbortMove(RealCluster& cluster, const SlotMove& move);
// All of it.
absl::Status MoveSlot(RealCluster& cluster, const SlotMove& move);
// All of it for many slots, a few at a time: several times as fast, for a server writes its
// nodes.conf once for all commands that come together.
absl::Status MoveSlots(RealCluster& cluster, const std::vector<SlotMove>& moves);

}  // namespace atestore
