#include "mockcluster/slot_owners.h"

namespace mockcluster {

using atestore::Slot;

void SlotOwners::SetRun(const SlotRun& run) {
  const uint16_t owner = run.owner ? static_cast<uint16_t>(*run.owner) : kNobody;
  std::fill(owners_.begin() + run.first, owners_.begin() + run.last + 1, owner);
  UpdateRuns(run);
}

// Puts `run` in the place of what it covers: what is left of the runs at its ends stays, unless it
// has the same owner and becomes one with it, as a neighbour does.
void SlotOwners::UpdateRuns(const SlotRun& run) {
  auto run_at = [this](Slot slot) {
    return std::lower_bound(runs_.begin(), runs_.end(), slot,
                            [](const SlotRun& a, Slot b) { return a.last < b; });
  };
  auto first = run_at(run.first);
  auto last = run_at(run.last);
  if (first->first == run.first && first != runs_.begin()) --first;
  if (last->last == run.last && last + 1 != runs_.end()) ++last;
  std::vector<SlotRun> pieces;
  auto add = [&pieces](const SlotRun& piece) {
    if (!pieces.empty() && pieces.back().owner == piece.owner) {
      pieces.back().last = piece.last;
    } else {
      pieces.push_back(piece);
    }
  };
  if (first->first < run.first) add({first->first, static_cast<Slot>(run.first - 1), first->owner});
  add(run);
  if (last->last > run.last) add({static_cast<Slot>(run.last + 1), last->last, last->owner});
  runs_.insert(runs_.erase(first, last + 1), pieces.begin(), pieces.end());
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

}  // namespace mockcluster
