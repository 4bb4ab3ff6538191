#include "mockcluster/node/atomic_migration.h"

#include <algorithm>
#include <string>

#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/ownership.h"
#include "mockcluster/node/preconditions.h"
#include "mockcluster/node/reload.h"

// Atomic slot migration as Valkey 9 does it: the destination imports a copy that it hides, follows
// every change, and takes the slot in one step. The source drops the slot and its keys in one step
// too, when it hears of that.
namespace mockcluster::inline v0 {
namespace {

void SetHidden(ClusterState& state, Node& node, Slot slot, bool hidden) {
  FinishReload(*node.process);
  node.process->keyspace->SetSlotHidden(slot, hidden);
  for (NodeIndex replica : node.replicas) {
    FinishReload(*state.node(replica).process);
    state.node(replica).process->keyspace->SetSlotHidden(slot, hidden);
  }
}

void DropImport(ClusterState& state, Node& source, Node& destination, Slot slot) {
  source.exporting.erase(slot);
  destination.hidden_imports.erase(slot);
  if (destination.process == nullptr) return;
  RemoveSlot(state, destination, slot);
  SetHidden(state, destination, slot, false);
}

bool IsTakenOver(const ClusterState& state, Slot slot, NodeIndex destination) {
  return !state.node(destination).hidden_imports.contains(slot);
}

// The source of a running import, before the takeover.
Node* FindExporter(const ClusterState& state, Slot slot) {
  for (const auto& node : state.nodes) {
    auto found = node->exporting.find(slot);
    if (found != node->exporting.end() && !IsTakenOver(state, slot, found->second)) {
      return node.get();
    }
  }
  return nullptr;
}

}  // namespace

void AbortAtomicMigrationsOf(ClusterState& state, Node& node) {
  const std::map<Slot, NodeIndex> exporting = node.exporting;
  for (auto [slot, destination] : exporting) {
    if (IsTakenOver(state, slot, destination)) {
      node.exporting.erase(slot);
    } else {
      DropImport(state, node, state.node(destination), slot);
    }
  }
  const std::map<Slot, NodeIndex> imports = node.hidden_imports;
  for (auto [slot, source] : imports) DropImport(state, state.node(source), node, slot);
}

void LearnTakeovers(ClusterState& state, Node& source) {
  const std::map<Slot, NodeIndex> exporting = source.exporting;
  for (auto [slot, destination] : exporting) {
    if (!IsTakenOver(state, slot, destination)) continue;
    // The destination, or who replaced it meanwhile.
    const std::optional<NodeIndex> owner = FindOwner(state, slot);
    if (!owner || !HasNews(state.node(*owner), source)) continue;
    DeliverNews(state, state.node(*owner), source);
    AfterEvent(state);
  }
}

absl::Status BeginAtomicMigration(ClusterState& state, Slot slot, NodeIndex destination) {
  constexpr std::string_view kEvent = "begin-atomic-migration";
  if (absl::Status alive = ExpectPrimary(state, destination, kEvent); !alive.ok()) return alive;
  const std::string number = std::to_string(slot);
  std::optional<NodeIndex> owner = FindOwner(state, slot);
  if (!owner) return Refused(kEvent, "slot " + number + " has no owner");
  Node& source = state.node(*owner);
  Node& target = state.node(destination);
  if (&source == &target) return Refused(kEvent, LogName(destination) + " is the owner");
  for (const Node* node : {&source, &target}) {
    if (IsPaused(state, *node, PauseOf::kWrites)) {
      return Refused(kEvent, LogName(node->index) + " is paused");
    }
  }
  if (source.exporting.contains(slot) || source.view.MigratingTo(slot) ||
      target.hidden_imports.contains(slot) || target.view.ImportingFrom(slot) ||
      target.exporting.contains(slot)) {
    return Refused(kEvent, "slot " + number + " is already moving");
  }
  // Orphans would mix with the import.
  RemoveSlot(state, target, slot);
  SetHidden(state, target, slot, true);
  FinishReload(*source.process);
  std::vector<KeyRecord> records;
  Keyspace& keyspace = *source.process->keyspace;
  keyspace.KeysInSlot(slot, keyspace.CountInSlot(slot), [&records](const Entry& entry) {
    records.push_back({.key = entry.key(), .value = {}, .type = {}, .expires_at_ms = {}});
  });
  for (KeyRecord& record : records) {
    const Entry* entry = keyspace.Find(record.key);
    record.value = entry->value;
    record.type = entry->type;
    record.expires_at_ms = entry->expires_at_ms;
    StoreRecord(state, target, record);
  }
  source.exporting.emplace(slot, destination);
  target.hidden_imports.emplace(slot, source.index);
  state.Log("begin-atomic-migration slot " + number + " " + LogName(source.index) + " to " +
            LogName(destination));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status FinishAtomicMigration(ClusterState& state, Slot slot) {
  constexpr std::string_view kEvent = "finish-atomic-migration";
  const std::string number = std::to_string(slot);
  Node* source = FindExporter(state, slot);
  if (source == nullptr) return Refused(kEvent, "slot " + number + " is not being imported");
  Node& destination = state.node(source->exporting.at(slot));
  // The source stops writes and waits for the news of the takeover.
  const bool paused =
      IsPaused(state, *source, PauseOf::kWrites) || IsPaused(state, destination, PauseOf::kWrites);
  if (source->hung || source->deaf || destination.hung || paused) {
    return Refused(kEvent, "the nodes do not hear each other");
  }
  // Its new epoch must be greater than the source's.
  HearAll(state, destination);
  if (!destination.hidden_imports.contains(slot)) {
    return Refused(kEvent, LogName(destination.index) + " is a replica now and imports nothing");
  }
  destination.hidden_imports.erase(slot);
  SetHidden(state, destination, slot, false);
  destination.view.SetOwner(slot, destination.index);
  destination.view.importing_from.erase(slot);
  if (!destination.view.BumpConfigEpoch()) ++destination.view.version;
  state.Log("finish-atomic-migration slot " + number + " to " + LogName(destination.index));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status AbortAtomicMigration(ClusterState& state, Slot slot) {
  Node* source = FindExporter(state, slot);
  if (source == nullptr) {
    return Refused("abort-atomic-migration",
                   "slot " + std::to_string(slot) + " is not being imported");
  }
  DropImport(state, *source, state.node(source->exporting.at(slot)), slot);
  state.Log("abort-atomic-migration slot " + std::to_string(slot));
  AfterEvent(state);
  return absl::OkStatus();
}

std::vector<Slot> FindImportingSlots(const ClusterState& state) {
  std::vector<Slot> slots;
  for (const auto& node : state.nodes) {
    for (const auto& [slot, source] : node->hidden_imports) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

}  // namespace mockcluster::inline v0
