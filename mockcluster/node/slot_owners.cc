#include "mockcluster/node/slot_owners.h"

namespace mockcluster::inline v0 {

using atestore::Slot;

std::vector<SlotRun>::iterator SlotOwners::RunAt(Slot slot) {
  return std::lower_bound(runs_.begin(), runs_.end(), slot,
                          [](const SlotRun& run, Slot wanted) { return run.last < wanted; });
}

void SlotOwners::SetRun(const SlotRun& run) {
  auto covering = RunAt(run.first);
  if (covering->owner == run.owner && covering->last >= run.last) return;
  const uint16_t owner = run.owner ? static_cast<uint16_t>(*run.owner) : kNobody;
  std::fill(owners_.begin() + run.first, owners_.begin() + run.last + 1, owner);
  UpdateRuns(run);
}

// Puts `run` in the place of what it covers: what is left of the runs at its ends stays, unless it
// has the same owner and becomes one with it, as a neighbour does.
void SlotOwners::UpdateRuns(const SlotRun& run) {
  auto first = RunAt(run.first);
  auto last = RunAt(run.last);
  if (first->first == run.first && first != runs_.begin()) --first;
  if (last->last == run.last && last + 1 != runs_.end()) ++last;
  std::array<SlotRun, 3> pieces;
  size_t count = 0;
  auto add = [&](const SlotRun& piece) {
    if (count > 0 && pieces[count - 1].owner == piece.owner) {
      pieces[count - 1].last = piece.last;
    } else {
      pieces[count++] = piece;
    }
  };
  if (first->first < run.first) add({first->first, static_cast<Slot>(run.first - 1), first->owner});
  add(run);
  if (last->last > run.last) add({static_cast<Slot>(run.last + 1), last->last, last->owner});
  runs_.insert(runs_.erase(first, last + 1), pieces.begin(), pieces.begin() + count);
}

void SlotOwners::Replace(NodeIndex from, std::optional<NodeIndex> to) {
  const std::vector<SlotRun> runs = runs_;
  for (const SlotRun& run : runs) {
    if (run.owner == from) SetRun({run.first, run.last, to});
  }
}

size_t SlotOwners::Count(NodeIndex node) const {
  size_t count = 0;
  for (const SlotRun& run : runs_) {
    if (run.owner == node) count += run.size();
  }
  return count;
}

}  // namespace mockcluster::inline v0
