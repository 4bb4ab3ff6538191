#include "core/listing/walk_knowledge.h"

namespace atestore::inline v0 {

std::optional<Endpoint> SlotOwners::Find(Slot slot, const Topology& topology) const {
  auto moved = moved_to_.find(slot);
  if (moved != moved_to_.end() && !topology.IsStranger(moved->second)) return moved->second;
  const ClusterNode* owner = topology.Owner(slot);
  if (owner == nullptr) return std::nullopt;
  return owner->endpoint;
}

void WalkKnowledge::OnBatch(const KeysBatch& batch) {
  estimates.OnKeys(batch.density());
  for (size_t unit = 0; unit < batch.units().size(); ++unit) {
    const std::optional<ReadError>& error = batch.error(unit);
    if (!error || error->kind != ServerErrorKind::kMoved) continue;
    owners.OnMoved(error->slot, error->redirect);
  }
}

void WalkKnowledge::OnObstacle(const ReadObstacle& met) {
  if (std::holds_alternative<ProbeExists>(met)) ++probe_variant;
  if (std::holds_alternative<NoPerSlotTables>(met)) reading.per_slot_tables = false;
  const ReadError* error = std::get_if<ReadError>(&met);
  if (error == nullptr) return;
  switch (error->kind) {
    case ServerErrorKind::kMoved:
      return owners.OnMoved(error->slot, error->redirect);
    case ServerErrorKind::kAsk:
    case ServerErrorKind::kOutOfMemory:
      return;
    default:
      owners.Forget();
  }
}

}  // namespace atestore::inline v0
