#include "mockcluster/control.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "mockcluster/reply_writer.h"

namespace mockcluster {
namespace {

using atestore::ToAbsl;
using atestore::ToStd;

bool Is(std::string_view argument, std::string_view word) {
  return absl::EqualsIgnoreCase(ToAbsl(argument), ToAbsl(word));
}

// One control command being executed. The first argument that cannot be understood is kept as the
// error; handlers may go on reading and check once.
class Control {
 public:
  Control(Cluster& cluster, ClientId client, std::span<const std::string_view> arguments,
          std::string* reply)
      : cluster_(cluster),
        client_(client),
        arguments_(arguments),
        writer_(reply, RespVersion::kResp2) {}

  Cluster& cluster() { return cluster_; }
  ClientId client() const { return client_; }
  ReplyWriter& writer() { return writer_; }
  // Of the arguments behind MOCK and the event.
  size_t size() const { return arguments_.size(); }

  bool Has(size_t index, std::string_view word) const {
    return index < size() && Is(arguments_[index], word);
  }

  int64_t Number(size_t index, int64_t min, int64_t max) {
    std::string_view text = arguments_[index];
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < min || number > max) {
      Misunderstood("number", text);
      return min;
    }
    return number;
  }

  Slot SlotAt(size_t index) {
    return static_cast<Slot>(Number(index, 0, static_cast<int64_t>(atestore::kSlotCount) - 1));
  }

  NodeIndex NodeAt(size_t index) {
    std::string_view text = arguments_[index];
    for (const NodeInfo& node : cluster_.Nodes()) {
      if (!node.member) continue;
      std::string handle = std::to_string(static_cast<int>(node.index));
      if (text == node.id || text == std::to_string(node.endpoint.port) || text == handle) {
        return node.index;
      }
    }
    Misunderstood("node", text);
    return NodeIndex{0};
  }

  // The position of argument `index` among `words`.
  size_t Choice(size_t index, std::span<const std::string_view> words) {
    for (size_t word = 0; word < words.size(); ++word) {
      if (Has(index, words[word])) return word;
    }
    Misunderstood("word", arguments_[index]);
    return 0;
  }

  std::string_view Text(size_t index) const { return arguments_[index]; }

  bool understood() const { return error_.empty(); }
  const std::string& error() const { return error_; }

  void Reply(const absl::Status& status) {
    if (status.ok()) return writer_.Ok();
    writer_.Error(std::string("ERR ") + std::string(ToStd(status.message())));
  }

 private:
  void Misunderstood(std::string_view what, std::string_view text) {
    if (!error_.empty()) return;
    error_ =
        "ERR MOCK: unknown or out-of-range " + std::string(what) + " '" + std::string(text) + "'";
  }

  Cluster& cluster_;
  const ClientId client_;
  const std::span<const std::string_view> arguments_;
  ReplyWriter writer_;
  std::string error_;
};

constexpr int64_t kDurationMsMax = int64_t{1} << 40;

struct ControlCommand {
  std::string_view name;
  size_t arguments_min;
  size_t arguments_max;
  std::string_view usage;
  // Reads all arguments, then acts if they were understood.
  void (*execute)(Control&);
};

void Help(Control& control);

std::string Describe(const NodeInfo& node) {
  std::string role = "primary";
  if (node.primary) role = "replica-of-" + std::to_string(static_cast<int>(*node.primary));
  return std::to_string(static_cast<int>(node.index)) + " " + ToString(node.endpoint) + " " +
         node.id + " " + role + " " + (node.alive ? "alive" : "dead") + " run_id=" + node.run_id +
         " epoch=" + std::to_string(node.config_epoch) + " keys=" + std::to_string(node.keys);
}

void ListNodes(Control& control) {
  std::vector<std::string> lines;
  for (const NodeInfo& node : control.cluster().Nodes()) {
    if (node.member) lines.push_back(Describe(node));
  }
  control.writer().Array(lines.size());
  for (const std::string& line : lines) control.writer().Bulk(line);
}

void Kill(Control& control) {
  NodeIndex node = control.NodeAt(0);
  if (control.understood()) control.Reply(control.cluster().Kill(node));
}

void Save(Control& control) {
  NodeIndex node = control.NodeAt(0);
  if (control.understood()) control.Reply(control.cluster().Save(node));
}

void Restart(Control& control) {
  constexpr std::array<std::string_view, 3> kModes = {"KEEP", "SAVED", "EMPTY"};
  constexpr std::array<RestartMode, 3> kRestartModes = {
      RestartMode::kKeepData, RestartMode::kLastSave, RestartMode::kEmpty};
  NodeIndex node = control.NodeAt(0);
  size_t mode = control.size() > 1 ? control.Choice(1, kModes) : 0;
  if (control.understood()) control.Reply(control.cluster().Restart(node, kRestartModes[mode]));
}

void Failover(Control& control) {
  constexpr std::array<std::string_view, 2> kKinds = {"GRACEFUL", "FORCE"};
  NodeIndex node = control.NodeAt(0);
  bool forced = control.size() > 1 && control.Choice(1, kKinds) == 1;
  if (!control.understood()) return;
  std::vector<NodeIndex> replicas = control.cluster().ReplicasOf(node);
  if (!replicas.empty()) node = replicas.front();
  control.Reply(
      control.cluster().Failover(node, forced ? FailoverKind::kForced : FailoverKind::kGraceful));
}

void ReplyHandle(Control& control, const absl::StatusOr<NodeIndex>& node) {
  if (!node.ok()) return control.Reply(node.status());
  control.writer().Integer(static_cast<int64_t>(*node));
}

void AddNode(Control& control) {
  std::optional<NodeIndex> primary;
  if (control.size() > 0) primary = control.NodeAt(0);
  if (control.understood()) ReplyHandle(control, control.cluster().AddNode(primary));
}

void RemoveNode(Control& control) {
  NodeIndex node = control.NodeAt(0);
  if (control.understood()) control.Reply(control.cluster().RemoveNode(node));
}

void ReplaceNode(Control& control) {
  NodeIndex node = control.NodeAt(0);
  if (control.understood()) ReplyHandle(control, control.cluster().ReplaceAtAddress(node));
}

void MoveSlots(Control& control) {
  Slot first = control.SlotAt(0);
  Slot last = control.SlotAt(1);
  NodeIndex destination = control.NodeAt(2);
  if (!control.understood()) return;
  for (size_t slot = first; slot <= last; ++slot) {
    if (control.cluster().OwnerOf(static_cast<Slot>(slot)) == destination) continue;
    absl::Status moved = control.cluster().MoveSlot(static_cast<Slot>(slot), destination);
    if (!moved.ok()) return control.Reply(moved);
  }
  control.writer().Ok();
}

void BeginMigration(Control& control) {
  Slot slot = control.SlotAt(0);
  NodeIndex destination = control.NodeAt(1);
  if (control.understood()) control.Reply(control.cluster().BeginMigration(slot, destination));
}

void MigrateKeys(Control& control) {
  Slot slot = control.SlotAt(0);
  int64_t keys_max = control.Number(1, 1, std::numeric_limits<int64_t>::max());
  if (!control.understood()) return;
  absl::StatusOr<size_t> moved = control.cluster().MigrateKeys(slot, static_cast<size_t>(keys_max));
  if (!moved.ok()) return control.Reply(moved.status());
  control.writer().Integer(static_cast<int64_t>(*moved));
}

void FinishMigration(Control& control) {
  Slot slot = control.SlotAt(0);
  if (control.understood()) control.Reply(control.cluster().FinishMigration(slot));
}

void AbortMigration(Control& control) {
  constexpr std::array<std::string_view, 3> kModes = {"BACK", "COPIES", "ORPHANS"};
  constexpr std::array<AbortMode, 3> kAbortModes = {AbortMode::kMoveBack, AbortMode::kLeaveCopies,
                                                    AbortMode::kLeaveOrphans};
  Slot slot = control.SlotAt(0);
  size_t mode = control.size() > 1 ? control.Choice(1, kModes) : 0;
  if (control.understood()) {
    control.Reply(control.cluster().AbortMigration(slot, kAbortModes[mode]));
  }
}

void BeginAtomic(Control& control) {
  Slot slot = control.SlotAt(0);
  NodeIndex destination = control.NodeAt(1);
  if (control.understood())
    control.Reply(control.cluster().BeginAtomicMigration(slot, destination));
}

void FinishAtomic(Control& control) {
  Slot slot = control.SlotAt(0);
  if (control.understood()) control.Reply(control.cluster().FinishAtomicMigration(slot));
}

void AbortAtomic(Control& control) {
  Slot slot = control.SlotAt(0);
  if (control.understood()) control.Reply(control.cluster().AbortAtomicMigration(slot));
}

void UnassignSlot(Control& control) {
  Slot slot = control.SlotAt(0);
  if (control.understood()) control.Reply(control.cluster().UnassignSlot(slot));
}

void AssignSlot(Control& control) {
  Slot slot = control.SlotAt(0);
  NodeIndex node = control.NodeAt(1);
  if (control.understood()) control.Reply(control.cluster().AssignSlot(slot, node));
}

constexpr std::array<std::string_view, 2> kOnOff = {"ON", "OFF"};

void Isolate(Control& control) {
  NodeIndex node = control.NodeAt(0);
  bool on = control.Choice(1, kOnOff) == 0;
  if (control.understood()) control.Reply(control.cluster().SetIsolated(node, on));
}

void Lag(Control& control) {
  NodeIndex replica = control.NodeAt(0);
  bool on = control.Choice(1, kOnOff) == 0;
  if (control.understood()) control.Reply(control.cluster().SetReplicationPaused(replica, on));
}

void Loading(Control& control) {
  NodeIndex node = control.NodeAt(0);
  int64_t duration_ms = control.Number(1, 0, kDurationMsMax);
  if (control.understood()) control.Reply(control.cluster().SetLoading(node, duration_ms));
}

void ClusterDown(Control& control) {
  NodeIndex node = control.NodeAt(0);
  int64_t duration_ms = control.Number(1, 0, kDurationMsMax);
  if (control.understood()) control.Reply(control.cluster().SetClusterDown(node, duration_ms));
}

void Resize(Control& control) {
  constexpr std::array<std::string_view, 2> kDirections = {"GROW", "SHRINK"};
  NodeIndex node = control.NodeAt(0);
  bool grow = control.Choice(1, kDirections) == 0;
  if (!control.understood()) return;
  control.Reply(control.cluster().ForceResize(
      node, grow ? ResizeDirection::kGrow : ResizeDirection::kShrink));
}

void Drop(Control& control) {
  constexpr std::array<std::string_view, 3> kFaults = {"BEFORE", "AFTER", "TRUNCATE"};
  constexpr std::array<ConnectionFault, 3> kConnectionFaults = {
      ConnectionFault::kDropBefore, ConnectionFault::kDropAfter, ConnectionFault::kTruncateReply};
  size_t fault = control.Choice(0, kFaults);
  if (!control.understood()) return;
  control.cluster().InjectConnectionFault(control.client(), kConnectionFaults[fault]);
  control.writer().Ok();
}

void InjectFault(Control& control) {
  for (size_t fault = 0; fault < kFaultCount; ++fault) {
    if (!control.Has(0, FaultName(static_cast<Fault>(fault)))) continue;
    return control.Reply(
        control.cluster().InjectFault(static_cast<Fault>(fault), control.client()));
  }
  control.writer().Error("ERR MOCK: unknown fault '" + std::string(control.Text(0)) + "'");
}

void SetFaults(Control& control) {
  if (control.Has(0, "OFF")) {
    control.cluster().ClearFaultPlan();
    return control.writer().Ok();
  }
  int64_t per_1000 = control.Number(0, 0, 1000);
  int64_t seed = control.size() > 1 ? control.Number(1, 0, std::numeric_limits<int64_t>::max()) : 1;
  int64_t faults_max =
      control.size() > 2 ? control.Number(2, 0, std::numeric_limits<uint32_t>::max()) : 0;
  if (!control.understood()) return;
  control.cluster().SetFaultPlan(FaultPlan::Everything(static_cast<uint64_t>(seed),
                                                       static_cast<uint32_t>(per_1000),
                                                       static_cast<uint32_t>(faults_max)));
  control.writer().Ok();
}

void Gossip(Control& control) {
  control.cluster().Gossip();
  control.writer().Ok();
}

void Settle(Control& control) {
  control.cluster().Settle();
  control.writer().Ok();
}

void Time(Control& control) {
  int64_t duration_ms = control.size() > 0 ? control.Number(0, 0, kDurationMsMax) : 0;
  if (!control.understood()) return;
  if (duration_ms > 0) control.cluster().AdvanceTime(duration_ms);
  control.writer().Integer(control.cluster().now_ms());
}

void Log(Control& control) {
  const std::vector<std::string>& log = control.cluster().event_log();
  int64_t from = control.size() > 0 ? control.Number(0, 0, std::numeric_limits<int64_t>::max()) : 0;
  if (!control.understood()) return;
  size_t first = std::min(static_cast<size_t>(from), log.size());
  control.writer().Array(log.size() - first);
  for (size_t line = first; line < log.size(); ++line) control.writer().Bulk(log[line]);
}

constexpr auto kCommands = std::to_array<ControlCommand>({
    {"HELP", 0, 0, "this list", Help},
    {"NODES", 0, 0, "one line a node: handle, address, id, role, state, run id, epoch, keys",
     ListNodes},
    {"KILL", 1, 1, "node: its process dies", Kill},
    {"RESTART", 1, 2, "node [KEEP|SAVED|EMPTY]: a new process, with which data", Restart},
    {"SAVE", 1, 1, "node: what RESTART node SAVED comes back with", Save},
    {"FAILOVER", 1, 2, "node [GRACEFUL|FORCE]: a replica, or a primary's first, takes over",
     Failover},
    {"ADDNODE", 0, 1, "[primary]: an empty primary, or a replica, joins; replies its handle",
     AddNode},
    {"REMOVENODE", 1, 1, "node: a replica or slotless primary leaves", RemoveNode},
    {"REPLACE", 1, 1, "node: a node with another id at a dead one's address", ReplaceNode},
    {"MOVESLOTS", 3, 3, "first last node: slots move, keys and all", MoveSlots},
    {"MIGRATE-BEGIN", 2, 2, "slot node: opens a slot on owner and destination", BeginMigration},
    {"MIGRATE-KEYS", 2, 2, "slot n: moves up to n keys of an open slot; replies the number",
     MigrateKeys},
    {"MIGRATE-FINISH", 1, 1, "slot: moves the rest and the slot", FinishMigration},
    {"MIGRATE-ABORT", 1, 2, "slot [BACK|COPIES|ORPHANS]: what becomes of moved keys",
     AbortMigration},
    {"ATOMIC-BEGIN", 2, 2, "slot node: the destination imports hidden keys", BeginAtomic},
    {"ATOMIC-FINISH", 1, 1, "slot: the destination takes over", FinishAtomic},
    {"ATOMIC-ABORT", 1, 1, "slot: the hidden keys go", AbortAtomic},
    {"UNASSIGN", 1, 1, "slot: nobody owns it", UnassignSlot},
    {"ASSIGN", 2, 2, "slot node: gives an unassigned slot", AssignSlot},
    {"ISOLATE", 2, 2, "node ON|OFF: no gossip and replication", Isolate},
    {"LAG", 2, 2, "replica ON|OFF: what its primary sends is held back", Lag},
    {"LOADING", 2, 2, "node ms: answers LOADING for so long", Loading},
    {"CLUSTERDOWN", 2, 2, "node ms: its cluster state is fail for so long", ClusterDown},
    {"RESIZE", 2, 2, "node GROW|SHRINK: its tables begin to be resized", Resize},
    {"DROP", 1, 1, "BEFORE|AFTER|TRUNCATE: this connection's next command meets that", Drop},
    {"FAULT", 1, 1, "name: one fault at a place drawn from the seed", InjectFault},
    {"FAULTS", 1, 3, "OFF | per-1000-commands [seed [max]]: a plan of all that lose nothing",
     SetFaults},
    {"GOSSIP", 0, 0, "one piece of news reaches one node", Gossip},
    {"SETTLE", 0, 0, "all news reach all nodes", Settle},
    {"TIME", 0, 1, "[ms]: virtual time, moved on by so much first", Time},
    {"LOG", 0, 1, "[first]: the event log", Log},
});

void Help(Control& control) {
  control.writer().Array(kCommands.size());
  for (const ControlCommand& command : kCommands) {
    control.writer().Simple("MOCK " + std::string(command.name) + " " + std::string(command.usage));
  }
}

}  // namespace

bool IsControlCommand(std::span<const std::string_view> arguments) {
  return !arguments.empty() && Is(arguments[0], "MOCK");
}

void ExecuteControlCommand(Cluster& cluster, ClientId client,
                           std::span<const std::string_view> arguments, std::string* reply) {
  ReplyWriter writer(reply, RespVersion::kResp2);
  std::string_view name = arguments.size() > 1 ? arguments[1] : "HELP";
  const auto* command = std::find_if(kCommands.begin(), kCommands.end(),
                                     [&](const ControlCommand& one) { return Is(name, one.name); });
  if (command == kCommands.end()) {
    return writer.Error("ERR MOCK: unknown event '" + std::string(name) + "', try MOCK HELP");
  }
  std::span<const std::string_view> rest = arguments.subspan(std::min<size_t>(arguments.size(), 2));
  if (rest.size() < command->arguments_min || rest.size() > command->arguments_max) {
    return writer.Error("ERR MOCK " + std::string(command->name) + " " +
                        std::string(command->usage));
  }
  Control control(cluster, client, rest, reply);
  command->execute(control);
  if (!control.understood()) writer.Error(control.error());
}

}  // namespace mockcluster
