#include "mockcluster/node/reload.h"

#include <utility>

#include "mockcluster/node/preconditions.h"

namespace mockcluster::inline v0 {

Keyspace& WholeData(Process& process) {
  return process.on_disk != nullptr ? *process.on_disk : *process.keyspace;
}

void FinishReload(Process& process) {
  if (process.on_disk == nullptr) return;
  process.keyspace = std::move(process.on_disk);
  process.loading_until_ms = 0;
}

absl::Status Reload(ClusterState& state, NodeIndex index, int64_t duration_ms) {
  if (absl::Status alive = ExpectAlive(state, index, "reload"); !alive.ok()) return alive;
  if (state.options.synthetic) return Refused("reload", "synthetic actors are not loaded");
  Node& node = state.node(index);
  Process& process = *node.process;
  FinishReload(process);
  state.Log("reload " + LogName(index) + " for " + std::to_string(duration_ms) + " ms");
  if (duration_ms <= 0) return absl::OkStatus();
  process.on_disk = std::move(process.keyspace);
  process.keyspace =
      CreateKeyspace({.layout = process.on_disk->layout(), .hash_seed = process.hash_seed});
  process.loading_until_ms = state.now_ms + duration_ms;
  for (size_t slot = 0; slot < atestore::kSlotCount; ++slot) {
    if (process.on_disk->IsSlotHidden(static_cast<Slot>(slot))) {
      process.keyspace->SetSlotHidden(static_cast<Slot>(slot), true);
    }
  }
  process.on_disk->ForEach(Keyspace::Hidden::kInclude, [&](const Entry& entry) {
    if (state.random.Below(2) == 0) return;
    process.keyspace->Upsert(KeyRef(entry.key(), entry.slot())).entry->CopyContentFrom(entry);
  });
  return absl::OkStatus();
}

}  // namespace mockcluster::inline v0
