#include "mockcluster/events/migration.h"

#include <algorithm>
#include <string>
#include <vector>

#include "mockcluster/commands/command_table.h"
#include "mockcluster/commands/dispatch.h"
#include "mockcluster/commands/limits.h"
#include "mockcluster/commands/routing.h"
#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/ownership.h"
#include "mockcluster/node/preconditions.h"

// Moving a slot key by key, with the commands that redis-cli --cluster reshard sends, so that
// marks, counters and refusals are those of the commands.
namespace mockcluster::inline v0 {
namespace {

struct OpenSlot {
  Node* source;
  Node* destination;
};

// The two ends of an open slot: the owner with its mark, and the importing node.
std::optional<OpenSlot> FindOpenSlot(const ClusterState& state, Slot slot) {
  for (const auto& node : state.nodes) {
    if (!node->member || node->process == nullptr || node->view.IsReplica()) continue;
    if (node->isolated) continue;
    std::optional<NodeIndex> target = node->view.MigratingTo(slot);
    if (!target || node->view.Owner(slot) != node->index) continue;
    Node* destination = state.nodes[Position(*target)].get();
    if (destination->process == nullptr || destination->view.IsReplica()) continue;
    if (!destination->view.ImportingFrom(slot)) continue;
    return OpenSlot{node.get(), destination};
  }
  return std::nullopt;
}

bool ServesWrites(const ClusterState& state, const Node& node) {
  const Command& restore = *FindCommand("RESTORE-ASKING");
  if (FindLimit(state, node, Client(), restore, /*is_write=*/true)) return false;
  if (node.hung || IsPaused(state, node, PauseOf::kWrites)) return false;
  return ClusterIsUp(state, node) && state.now_ms >= node.process->loading_until_ms;
}

absl::StatusOr<OpenSlot> ExpectOpenSlot(const ClusterState& state, Slot slot,
                                        std::string_view event) {
  std::optional<OpenSlot> open = FindOpenSlot(state, slot);
  if (!open) return Refused(event, "slot " + std::to_string(slot) + " is not open");
  for (const Node* node : {open->source, open->destination}) {
    if (!ServesWrites(state, *node)) return Refused(event, LogName(node->index) + " is not up");
  }
  return *open;
}

absl::Status RunCommand(ClusterState& state, Node& node,
                        std::initializer_list<std::string_view> arguments) {
  std::string reply = ExecuteAsAdmin(state, node, arguments);
  if (auto error = ErrorText(reply)) return Refused("migration", *error);
  return absl::OkStatus();
}

// SETSLOT accepts only a primary that the node knows as one.
bool KnowsAsPrimary(const Node& node, const Node& other) {
  const PeerView* peer = node.view.FindPeer(other.index);
  return peer != nullptr && !peer->primary;
}

std::vector<std::string> KeysInSlot(Node& node, Slot slot, size_t keys_max) {
  std::vector<std::string> keys;
  node.process->keyspace->KeysInSlot(slot, keys_max,
                                     [&keys](const Entry& entry) { keys.push_back(entry.key()); });
  return keys;
}

enum class Transfer { kMove, kCopy };

absl::StatusOr<size_t> SendKeys(ClusterState& state, Node& from, Node& to, Slot slot,
                                size_t keys_max, Transfer transfer) {
  std::vector<std::string> keys = KeysInSlot(from, slot, keys_max);
  if (keys.empty()) return 0;
  const std::string port = std::to_string(to.endpoint.port);
  std::vector<std::string_view> command = {"MIGRATE", to.endpoint.host, port,     "",
                                           "0",       "60000",          "REPLACE"};
  if (transfer == Transfer::kCopy) command.push_back("COPY");
  command.push_back("KEYS");
  command.insert(command.end(), keys.begin(), keys.end());
  std::string reply = ExecuteAsAdmin(state, from, command);
  if (auto error = ErrorText(reply)) return Refused("migrate", *error);
  return keys.size();
}

// As redis-cli does: the destination first, so that its claim is the first to be heard.
absl::Status AnnounceOwner(ClusterState& state, Node& source, Node& destination, Slot slot) {
  const std::string number = std::to_string(slot);
  for (Node* node : {&destination, &source}) {
    // With its last slot a source may have turned replica when it heard of the new owner.
    if (node->view.IsReplica()) continue;
    absl::Status status =
        RunCommand(state, *node, {"CLUSTER", "SETSLOT", number, "NODE", destination.id});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BeginMigration(ClusterState& state, Slot slot, NodeIndex destination) {
  constexpr std::string_view kEvent = "begin-migration";
  if (absl::Status alive = ExpectPrimary(state, destination, kEvent); !alive.ok()) return alive;
  std::optional<NodeIndex> owner = FindOwner(state, slot);
  if (!owner) return Refused(kEvent, "slot " + std::to_string(slot) + " has no owner");
  Node& source = state.node(*owner);
  Node& target = state.node(destination);
  if (&source == &target) return Refused(kEvent, LogName(destination) + " is the owner");
  if (source.view.MigratingTo(slot) || source.exporting.contains(slot)) {
    return Refused(kEvent, "slot " + std::to_string(slot) + " is already moving");
  }
  if (!KnowsAsPrimary(source, target) || !KnowsAsPrimary(target, source)) {
    return Refused(kEvent, "the nodes do not know each other as primaries");
  }
  const std::string number = std::to_string(slot);
  absl::Status status =
      RunCommand(state, target, {"CLUSTER", "SETSLOT", number, "IMPORTING", source.id});
  if (status.ok()) {
    status = RunCommand(state, source, {"CLUSTER", "SETSLOT", number, "MIGRATING", target.id});
  }
  if (!status.ok()) return status;
  state.Log("begin-migration slot " + number + " " + LogName(source.index) + " to " +
            LogName(destination));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::StatusOr<size_t> MigrateKeys(ClusterState& state, Slot slot, size_t keys_max) {
  absl::StatusOr<OpenSlot> open = ExpectOpenSlot(state, slot, "migrate-keys");
  if (!open.ok()) return open.status();
  absl::StatusOr<size_t> moved =
      SendKeys(state, *open->source, *open->destination, slot, keys_max, Transfer::kMove);
  if (!moved.ok()) return moved;
  state.Log("migrate-keys slot " + std::to_string(slot) + " keys " + std::to_string(*moved));
  return moved;
}

absl::Status FinishMigration(ClusterState& state, Slot slot) {
  absl::StatusOr<OpenSlot> open = ExpectOpenSlot(state, slot, "finish-migration");
  if (!open.ok()) return open.status();
  if (!KnowsAsPrimary(*open->source, *open->destination)) {
    return Refused("finish-migration", "the source does not know the destination as a primary");
  }
  absl::StatusOr<size_t> moved =
      SendKeys(state, *open->source, *open->destination, slot, SIZE_MAX, Transfer::kMove);
  if (!moved.ok()) return moved.status();
  absl::Status status = AnnounceOwner(state, *open->source, *open->destination, slot);
  if (!status.ok()) return status;
  state.Log("finish-migration slot " + std::to_string(slot) + " keys " + std::to_string(*moved));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status AbortMigration(ClusterState& state, Slot slot, AbortMode mode) {
  absl::StatusOr<OpenSlot> open = ExpectOpenSlot(state, slot, "abort-migration");
  if (!open.ok()) return open.status();
  Node& source = *open->source;
  Node& destination = *open->destination;
  const std::string number = std::to_string(slot);
  // While the source migrates, it would answer ASK to keys that come back.
  absl::Status status = RunCommand(state, source, {"CLUSTER", "SETSLOT", number, "STABLE"});
  if (!status.ok()) return status;
  std::string_view how = "leaving orphans";
  if (mode != AbortMode::kLeaveOrphans) {
    how = mode == AbortMode::kMoveBack ? "moving back" : "leaving copies";
    absl::StatusOr<size_t> moved =
        SendKeys(state, destination, source, slot, SIZE_MAX,
                 mode == AbortMode::kMoveBack ? Transfer::kMove : Transfer::kCopy);
    if (!moved.ok()) return moved.status();
  }
  status = RunCommand(state, destination, {"CLUSTER", "SETSLOT", number, "STABLE"});
  if (!status.ok()) return status;
  state.Log("abort-migration slot " + number + " " + std::string(how));
  AfterEvent(state);
  return absl::OkStatus();
}

std::vector<Slot> FindOpenSlots(const ClusterState& state) {
  std::vector<Slot> slots;
  for (const auto& node : state.nodes) {
    for (const auto& [slot, destination] : node->view.migrating_to) {
      std::optional<OpenSlot> open = FindOpenSlot(state, slot);
      if (open && open->source == node.get()) slots.push_back(slot);
    }
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

}  // namespace mockcluster::inline v0
