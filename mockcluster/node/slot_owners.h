#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/slot.h"
#include "mockcluster/cluster.h"

namespace mockcluster::inline v0 {

// Adjacent slots with one owner, or with none.
struct SlotRun {
  atestore::Slot first = 0;
  atestore::Slot last = 0;
  std::optional<NodeIndex> owner;

  size_t size() const { return size_t{last} - first + 1; }
  bool operator==(const SlotRun&) const = default;
};

// The owner of each slot as one node sees it. A value. There are few owners, which own long runs of
// slots, so code that visits all slots should use Runs().
class SlotOwners {
 public:
  SlotOwners() { owners_.fill(kNobody); }  // no slot has an owner

  std::optional<NodeIndex> Owner(atestore::Slot slot) const {
    if (owners_[slot] == kNobody) return std::nullopt;
    return static_cast<NodeIndex>(owners_[slot]);
  }

  void Set(atestore::Slot slot, std::optional<NodeIndex> owner) { SetRun({slot, slot, owner}); }
  void SetRun(const SlotRun& run);
  // Gives all slots of `from` to `to`.
  void Replace(NodeIndex from, std::optional<NodeIndex> to);

  // The number of slots that `node` owns.
  size_t Count(NodeIndex node) const;
  // The runs, ascending, maximal and without gaps: slots without an owner form runs too.
  const std::vector<SlotRun>& Runs() const { return runs_; }

 private:
  static constexpr uint16_t kNobody = 0xFFFF;

  std::vector<SlotRun>::iterator RunAt(atestore::Slot slot);
  void UpdateRuns(const SlotRun& run);

  std::array<uint16_t, atestore::kSlotCount> owners_;
  std::vector<SlotRun> runs_{{0, atestore::kSlotCount - 1, std::nullopt}};
};

// Calls `visit(first, last, a's owner, b's owner)` for each maximal range of slots that have one
// owner in `a` and one in `b`, ascending.
template <typename Visit>
void ForEachStretch(const std::vector<SlotRun>& a, const std::vector<SlotRun>& b, Visit visit) {
  size_t in_a = 0;
  size_t in_b = 0;
  for (size_t first = 0; first < atestore::kSlotCount;) {
    const SlotRun& run_a = a[in_a];
    const SlotRun& run_b = b[in_b];
    const atestore::Slot last = std::min(run_a.last, run_b.last);
    visit(static_cast<atestore::Slot>(first), last, run_a.owner, run_b.owner);
    if (run_a.last == last) ++in_a;
    if (run_b.last == last) ++in_b;
    first = size_t{last} + 1;
  }
}

}  // namespace mockcluster::inline v0
