#include "mockcluster/control/control.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "core/status.h"
#include "mockcluster/control/control_call.h"

namespace mockcluster::inline v0 {
namespace {

using atestore::ToAbsl;

constexpr int64_t kDurationMsMax = int64_t{1} << 40;

struct ControlCommand {
  std::string_view name;
  size_t arguments_min;
  size_t arguments_max;
  std::string_view usage;
  // Reads all arguments, then acts if they were understood.
  void (*execute)(ControlCall&);
};

void Help(ControlCall& call);

std::string Describe(const NodeInfo& node) {
  std::string role = "primary";
  if (node.primary) role = "replica-of-" + std::to_string(static_cast<int>(*node.primary));
  return std::to_string(static_cast<int>(node.index)) + " " + ToString(node.endpoint) + " " +
         node.id + " " + role + " " + (node.alive ? "alive" : "dead") + " run_id=" + node.run_id +
         " epoch=" + std::to_string(node.config_epoch) + " keys=" + std::to_string(node.keys);
}

void ListNodes(ControlCall& call) {
  std::vector<std::string> lines;
  for (const NodeInfo& node : call.cluster().Nodes()) {
    if (node.member) lines.push_back(Describe(node));
  }
  call.writer().Array(lines.size());
  for (const std::string& line : lines) call.writer().Bulk(line);
}

// Events that need no more than their arguments.

template <absl::Status (Cluster::*kEvent)(NodeIndex)>
void OnNode(ControlCall& call) {
  NodeIndex node = call.NodeAt(0);
  if (call.understood()) call.Reply((call.cluster().*kEvent)(node));
}

template <absl::Status (Cluster::*kEvent)(Slot)>
void OnSlot(ControlCall& call) {
  Slot slot = call.SlotAt(0);
  if (call.understood()) call.Reply((call.cluster().*kEvent)(slot));
}

template <absl::Status (Cluster::*kEvent)(Slot, NodeIndex)>
void OnSlotAndNode(ControlCall& call) {
  Slot slot = call.SlotAt(0);
  NodeIndex node = call.NodeAt(1);
  if (call.understood()) call.Reply((call.cluster().*kEvent)(slot, node));
}

template <absl::Status (Cluster::*kEvent)(NodeIndex, bool)>
void Switch(ControlCall& call) {
  constexpr std::array<std::string_view, 2> kOnOff = {"ON", "OFF"};
  NodeIndex node = call.NodeAt(0);
  bool on = call.Choice(1, kOnOff) == 0;
  if (call.understood()) call.Reply((call.cluster().*kEvent)(node, on));
}

template <absl::Status (Cluster::*kEvent)(NodeIndex, int64_t)>
void ForSomeTime(ControlCall& call) {
  NodeIndex node = call.NodeAt(0);
  int64_t duration_ms = call.Number(1, 0, kDurationMsMax);
  if (call.understood()) call.Reply((call.cluster().*kEvent)(node, duration_ms));
}

void Restart(ControlCall& call) {
  constexpr std::array<std::string_view, 3> kModes = {"KEEP", "SAVED", "EMPTY"};
  constexpr std::array<RestartMode, 3> kRestartModes = {
      RestartMode::kKeepData, RestartMode::kLastSave, RestartMode::kEmpty};
  NodeIndex node = call.NodeAt(0);
  size_t mode = call.size() > 1 ? call.Choice(1, kModes) : 0;
  if (call.understood()) call.Reply(call.cluster().Restart(node, kRestartModes[mode]));
}

void RestartAs(ControlCall& call) {
  constexpr std::array<std::string_view, 3> kNames = {"REDIS-7.0", "VALKEY-8.0", "VALKEY-9.1"};
  constexpr std::array<Flavor, 3> kFlavors = {Flavor::kRedis70, Flavor::kValkey80,
                                              Flavor::kValkey91};
  NodeIndex node = call.NodeAt(0);
  Flavor flavor = kFlavors[call.Choice(1, kNames)];
  if (call.understood()) call.Reply(call.cluster().RestartAs(node, flavor));
}

void MoveAddress(ControlCall& call) {
  NodeIndex node = call.NodeAt(0);
  int64_t port = call.Number(1, 1, 65535);
  if (!call.understood()) return;
  atestore::Endpoint endpoint = call.cluster().Node(node).endpoint;
  endpoint.port = static_cast<uint16_t>(port);
  call.Reply(call.cluster().MoveAddress(node, endpoint));
}

void EndMisbehaviour(ControlCall& call) {
  call.cluster().EndMisbehaviour();
  call.writer().Ok();
}

void FailSaving(ControlCall& call) {
  constexpr std::array<std::string_view, 2> kOnOff = {"ON", "OFF"};
  NodeIndex node = call.NodeAt(0);
  bool on = call.Choice(1, kOnOff) == 0;
  if (!call.understood()) return;
  NodeSettings settings = call.cluster().Node(node).settings;
  settings.saving_fails = on;
  call.Reply(call.cluster().Configure(node, settings));
}

void Failover(ControlCall& call) {
  constexpr std::array<std::string_view, 3> kWords = {"GRACEFUL", "FORCE", "UNHEARD"};
  constexpr std::array kKinds = {FailoverKind::kGraceful, FailoverKind::kForced,
                                 FailoverKind::kUnheard};
  NodeIndex node = call.NodeAt(0);
  const size_t kind = call.size() > 1 ? call.Choice(1, kWords) : 0;
  if (!call.understood()) return;
  std::vector<NodeIndex> replicas = call.cluster().ReplicasOf(node);
  if (!replicas.empty()) node = replicas.front();
  call.Reply(call.cluster().Failover(node, kKinds[kind]));
}

void ReplyHandle(ControlCall& call, const absl::StatusOr<NodeIndex>& node) {
  if (!node.ok()) return call.Reply(node.status());
  call.writer().Integer(static_cast<int64_t>(*node));
}

void AddNode(ControlCall& call) {
  std::optional<NodeIndex> primary;
  if (call.size() > 0) primary = call.NodeAt(0);
  if (call.understood()) ReplyHandle(call, call.cluster().AddNode(primary));
}

void ReplaceNode(ControlCall& call) {
  NodeIndex node = call.NodeAt(0);
  if (call.understood()) ReplyHandle(call, call.cluster().ReplaceAtAddress(node));
}

void MoveSlots(ControlCall& call) {
  Slot first = call.SlotAt(0);
  Slot last = call.SlotAt(1);
  NodeIndex destination = call.NodeAt(2);
  if (!call.understood()) return;
  for (size_t slot = first; slot <= last; ++slot) {
    if (call.cluster().OwnerOf(static_cast<Slot>(slot)) == destination) continue;
    absl::Status moved = call.cluster().MoveSlot(static_cast<Slot>(slot), destination);
    if (!moved.ok()) return call.Reply(moved);
  }
  call.writer().Ok();
}

void MigrateKeys(ControlCall& call) {
  Slot slot = call.SlotAt(0);
  int64_t keys_max = call.Number(1, 1, std::numeric_limits<int64_t>::max());
  if (!call.understood()) return;
  absl::StatusOr<size_t> moved = call.cluster().MigrateKeys(slot, static_cast<size_t>(keys_max));
  if (!moved.ok()) return call.Reply(moved.status());
  call.writer().Integer(static_cast<int64_t>(*moved));
}

void AbortMigration(ControlCall& call) {
  constexpr std::array<std::string_view, 3> kModes = {"BACK", "COPIES", "ORPHANS"};
  constexpr std::array<AbortMode, 3> kAbortModes = {AbortMode::kMoveBack, AbortMode::kLeaveCopies,
                                                    AbortMode::kLeaveOrphans};
  Slot slot = call.SlotAt(0);
  size_t mode = call.size() > 1 ? call.Choice(1, kModes) : 0;
  if (call.understood()) {
    call.Reply(call.cluster().AbortMigration(slot, kAbortModes[mode]));
  }
}

void Resize(ControlCall& call) {
  constexpr std::array<std::string_view, 2> kDirections = {"GROW", "SHRINK"};
  NodeIndex node = call.NodeAt(0);
  bool grow = call.Choice(1, kDirections) == 0;
  if (!call.understood()) return;
  call.Reply(
      call.cluster().ForceResize(node, grow ? ResizeDirection::kGrow : ResizeDirection::kShrink));
}

void Drop(ControlCall& call) {
  constexpr std::array<std::string_view, 3> kFaults = {"BEFORE", "AFTER", "TRUNCATE"};
  constexpr std::array<ConnectionFault, 3> kConnectionFaults = {
      ConnectionFault::kDropBefore, ConnectionFault::kDropAfter, ConnectionFault::kTruncateReply};
  size_t fault = call.Choice(0, kFaults);
  if (!call.understood()) return;
  call.cluster().InjectConnectionFault(call.client(), kConnectionFaults[fault]);
  call.writer().Ok();
}

void InjectFault(ControlCall& call) {
  for (size_t fault = 0; fault < kFaultCount; ++fault) {
    if (!call.Has(0, FaultName(static_cast<Fault>(fault)))) continue;
    return call.Reply(call.cluster().InjectFault(static_cast<Fault>(fault), call.client()));
  }
  call.writer().Error("ERR MOCK: unknown fault '" + std::string(call.Text(0)) + "'");
}

void SetFaults(ControlCall& call) {
  if (call.Has(0, "OFF")) {
    call.cluster().ClearFaultPlan();
    return call.writer().Ok();
  }
  int64_t per_1000 = call.Number(0, 0, 1000);
  int64_t seed = call.size() > 1 ? call.Number(1, 0, std::numeric_limits<int64_t>::max()) : 1;
  int64_t faults_max =
      call.size() > 2 ? call.Number(2, 0, std::numeric_limits<uint32_t>::max()) : 0;
  if (!call.understood()) return;
  auto plan =
      call.Has(3, "MISBEHAVE") ? FaultPlan::EverythingAndMisbehaviour : FaultPlan::Everything;
  call.cluster().SetFaultPlan(plan(static_cast<uint64_t>(seed), static_cast<uint32_t>(per_1000),
                                   static_cast<uint32_t>(faults_max)));
  call.writer().Ok();
}

void Gossip(ControlCall& call) {
  call.cluster().Gossip();
  call.writer().Ok();
}

void Settle(ControlCall& call) {
  call.cluster().Settle();
  call.writer().Ok();
}

void Time(ControlCall& call) {
  int64_t duration_ms = call.size() > 0 ? call.Number(0, 0, kDurationMsMax) : 0;
  if (!call.understood()) return;
  if (duration_ms > 0) call.cluster().AdvanceTime(duration_ms);
  call.writer().Integer(call.cluster().now_ms());
}

void Log(ControlCall& call) {
  const std::vector<std::string>& log = call.cluster().event_log();
  int64_t from = call.size() > 0 ? call.Number(0, 0, std::numeric_limits<int64_t>::max()) : 0;
  if (!call.understood()) return;
  size_t first = std::min(static_cast<size_t>(from), log.size());
  call.writer().Array(log.size() - first);
  for (size_t line = first; line < log.size(); ++line) call.writer().Bulk(log[line]);
}

constexpr auto kCommands = std::to_array<ControlCommand>({
    {"HELP", 0, 0, "this list", Help},
    {"NODES", 0, 0, "one line per node: handle, address, id, role, state, run id, epoch, keys",
     ListNodes},
    {"KILL", 1, 1, "node: kills its process", OnNode<&Cluster::Kill>},
    {"RESTART", 1, 2, "node [KEEP|SAVED|EMPTY]: starts a new process, with this data", Restart},
    {"SERVER", 2, 2, "node REDIS-7.0|VALKEY-8.0|VALKEY-9.1: restarts it as another server",
     RestartAs},
    {"SAVE", 1, 1, "node: saves its data for RESTART node SAVED", OnNode<&Cluster::Save>},
    {"FAILOVER", 1, 2, "node [GRACEFUL|FORCE|UNHEARD]: promotes it, or its first replica",
     Failover},
    {"ADDNODE", 0, 1, "[primary]: adds an empty primary, or a replica; replies its handle",
     AddNode},
    {"REMOVENODE", 1, 1, "node: removes a replica or slotless primary",
     OnNode<&Cluster::RemoveNode>},
    {"REPLACE", 1, 1, "node: starts a node with a new id at the address of a dead node",
     ReplaceNode},
    {"MOVESLOTS", 3, 3, "first last node: moves slots with their keys", MoveSlots},
    {"MIGRATE-BEGIN", 2, 2, "slot node: opens a slot on owner and destination",
     OnSlotAndNode<&Cluster::BeginMigration>},
    {"MIGRATE-KEYS", 2, 2, "slot n: moves up to n keys of an open slot; replies the number",
     MigrateKeys},
    {"MIGRATE-FINISH", 1, 1, "slot: moves the remaining keys and the slot",
     OnSlot<&Cluster::FinishMigration>},
    {"MIGRATE-ABORT", 1, 2, "slot [BACK|COPIES|ORPHANS]: aborts; says what to do with moved keys",
     AbortMigration},
    {"ATOMIC-BEGIN", 2, 2, "slot node: the destination imports hidden keys",
     OnSlotAndNode<&Cluster::BeginAtomicMigration>},
    {"ATOMIC-FINISH", 1, 1, "slot: the destination takes over",
     OnSlot<&Cluster::FinishAtomicMigration>},
    {"ATOMIC-ABORT", 1, 1, "slot: deletes the hidden keys", OnSlot<&Cluster::AbortAtomicMigration>},
    {"UNASSIGN", 1, 1, "slot: removes its owner", OnSlot<&Cluster::UnassignSlot>},
    {"ASSIGN", 2, 2, "slot node: assigns an unassigned slot", OnSlotAndNode<&Cluster::AssignSlot>},
    {"ISOLATE", 2, 2, "node ON|OFF: no gossip or replication", Switch<&Cluster::SetIsolated>},
    {"SAVEFAILS", 2, 2, "node ON|OFF: writes get MISCONF (other limits: CONFIG SET)", FailSaving},
    {"HANG", 2, 2, "node ON|OFF: it accepts connections and never answers",
     Switch<&Cluster::SetHung>},
    {"PAUSE", 2, 2, "node ms: it executes nothing for this time", ForSomeTime<&Cluster::Pause>},
    {"DELAY", 2, 2, "node ms: it executes what a client sends so much later; 0 ends it",
     ForSomeTime<&Cluster::SetReplyDelay>},
    {"RELOAD", 2, 2, "node ms: holds part of its keys, and answers LOADING, for this time",
     ForSomeTime<&Cluster::Reload>},
    {"ADDRESS", 2, 2, "node port: restarts it at this port", MoveAddress},
    {"CALM", 0, 0, "ends HANG, PAUSE, DELAY, DEAF, ISOLATE, RELOAD and all limits",
     EndMisbehaviour},
    {"DEAF", 2, 2, "node ON|OFF: it receives no gossip", Switch<&Cluster::SetDeaf>},
    {"LAG", 2, 2, "replica ON|OFF: holds back the changes from its primary",
     Switch<&Cluster::SetReplicationPaused>},
    {"LOADING", 2, 2, "node ms: answers LOADING for this time", ForSomeTime<&Cluster::SetLoading>},
    {"CLUSTERDOWN", 2, 2, "node ms: its cluster state is fail for this time",
     ForSomeTime<&Cluster::SetClusterDown>},
    {"RESIZE", 2, 2, "node GROW|SHRINK: starts to resize its tables", Resize},
    {"DROP", 1, 1, "BEFORE|AFTER|TRUNCATE: the fault of this connection's next command", Drop},
    {"FAULT", 1, 1, "name: causes one fault at a place drawn from the seed", InjectFault},
    {"FAULTS", 1, 4,
     "OFF | per-1000-commands [seed [max [MISBEHAVE]]]: plans all faults that lose nothing",
     SetFaults},
    {"GOSSIP", 0, 0, "delivers one gossip message to one node", Gossip},
    {"SETTLE", 0, 0, "delivers all gossip to all nodes", Settle},
    {"TIME", 0, 1, "[ms]: the virtual time, advanced by ms first", Time},
    {"LOG", 0, 1, "[first]: the event log", Log},
});

void Help(ControlCall& call) {
  call.writer().Array(kCommands.size());
  for (const ControlCommand& command : kCommands) {
    call.writer().Simple("MOCK " + std::string(command.name) + " " + std::string(command.usage));
  }
}

}  // namespace

bool IsControlCommand(std::span<const std::string_view> arguments) {
  return !arguments.empty() && absl::EqualsIgnoreCase(atestore::ToAbsl(arguments[0]), "MOCK");
}

void ExecuteControlCommand(Cluster& cluster, ClientId client,
                           std::span<const std::string_view> arguments, std::string* reply) {
  ReplyWriter writer(reply, RespVersion::kResp2);
  std::string_view name = arguments.size() > 1 ? arguments[1] : "HELP";
  const auto* command =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const ControlCommand& one) {
        return absl::EqualsIgnoreCase(ToAbsl(name), ToAbsl(one.name));
      });
  if (command == kCommands.end()) {
    return writer.Error("ERR MOCK: unknown event '" + std::string(name) + "', try MOCK HELP");
  }
  std::span<const std::string_view> rest = arguments.subspan(std::min<size_t>(arguments.size(), 2));
  if (rest.size() < command->arguments_min || rest.size() > command->arguments_max) {
    return writer.Error("ERR MOCK " + std::string(command->name) + " " +
                        std::string(command->usage));
  }
  ControlCall call(cluster, client, rest, reply);
  command->execute(call);
  if (!call.understood()) writer.Error(call.error());
}

}  // namespace mockcluster::inline v0
