#include <algorithm>
#include <string>
#include <vector>

#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/failover.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/lifecycle.h"

// CLUSTER subcommands that change the view of the node.
namespace mockcluster::inline v0 {
namespace {

// SETSLOT reaches the replicas too where it is replicated.
template <typename Change>
void ChangeViews(CommandContext& context, Change change) {
  change(context.node.view);
  for (NodeIndex index : context.node.replicas) {
    Node& replica = context.state.node(index);
    if (ReplicatesMarks(context.node, replica)) change(replica.view);
  }
}

// The node named by the last argument, which must be a primary. nullopt after an error reply.
std::optional<NodeIndex> FindTarget(CommandContext& context, std::string_view unknown) {
  std::string_view id = context.arguments[4];
  std::optional<NodeIndex> target = context.state.FindKnownId(context.node.view, id);
  if (!target) {
    context.reply.Error(std::string(unknown) + std::string(id));
    return std::nullopt;
  }
  if (context.node.view.FindPeer(*target)->primary) {
    context.reply.Error("ERR Target node is not a master");
    return std::nullopt;
  }
  return target;
}

void SetSlotMigrating(CommandContext& context, Slot slot) {
  if (context.node.view.Owner(slot) != context.node.index) {
    context.reply.Error("ERR I'm not the owner of hash slot " + std::to_string(slot));
    return;
  }
  std::optional<NodeIndex> target = FindTarget(context, "ERR I don't know about node ");
  if (!target) return;
  ChangeViews(context, [&](ClusterView& view) { view.migrating_to[slot] = *target; });
  context.reply.Ok();
}

void SetSlotImporting(CommandContext& context, Slot slot) {
  if (context.node.view.Owner(slot) == context.node.index) {
    context.reply.Error("ERR I'm already the owner of hash slot " + std::to_string(slot));
    return;
  }
  std::optional<NodeIndex> source = FindTarget(context, "ERR I don't know about node ");
  if (!source) return;
  ChangeViews(context, [&](ClusterView& view) { view.importing_from[slot] = *source; });
  context.reply.Ok();
}

void SetSlotStable(CommandContext& context, Slot slot) {
  ChangeViews(context, [slot](ClusterView& view) {
    view.migrating_to.erase(slot);
    view.StopImporting(slot);
  });
  context.reply.Ok();
}

void SetSlotNode(CommandContext& context, Slot slot) {
  ClusterView& view = context.node.view;
  const NodeIndex self = context.node.index;
  std::optional<NodeIndex> target = FindTarget(context, "ERR Unknown node ");
  if (!target) return;
  // Tools wait for the nodes to agree between two slots, so it knows the greatest epoch.
  if (*target == self) HearAll(context.state, context.node);
  const bool was_mine = view.Owner(slot) == self;
  const size_t keys = context.process.keyspace->CountInSlot(slot);
  if (was_mine && *target != self && keys > 0) {
    context.reply.Error("ERR Can't assign hashslot " + std::to_string(slot) +
                        " to a different node while I still hold keys for this hash slot.");
    return;
  }
  ChangeViews(context, [&](ClusterView& changed) {
    if (keys == 0) changed.migrating_to.erase(slot);
    changed.SetOwner(slot, *target);
  });
  ++view.version;
  if (*target == self && view.ImportingFrom(slot)) {
    ChangeViews(context, [slot](ClusterView& changed) { changed.importing_from.erase(slot); });
    // So that the others, whose claims are older, accept this one.
    view.BumpConfigEpoch();
  }
  if (was_mine && *target != self && view.CountSlots(self) == 0 &&
      context.state.options.replica_migration) {
    BecomeReplica(context.state, context.node, *target, /*has_its_data=*/false);
  }
  AfterEvent(context.state);
  context.reply.Ok();
}

// Nodes that meet tell each other of everybody they know, and those of the newcomer.
void Introduce(ClusterState& state, Node& one, Node& other) {
  std::vector<Node*> circle;
  for (auto& node : state.nodes) {
    if (node.get() == &one || node.get() == &other || one.view.FindPeer(node->index) != nullptr ||
        other.view.FindPeer(node->index) != nullptr) {
      circle.push_back(node.get());
    }
  }
  for (Node* listener : circle) {
    for (const Node* speaker : circle) listener->view.peer(speaker->index).forgotten = false;
  }
}

// A port or bus port of CLUSTER MEET, which may be out of range. nullopt after an error reply.
std::optional<int64_t> ParseMeetPort(CommandContext& context, std::string_view text,
                                     std::string_view kind) {
  std::optional<int64_t> port = ParseInteger(text);
  if (port) return port;
  std::string error = context.node.traits().is_valkey ? "ERR Invalid " : "ERR Invalid TCP ";
  error.append(kind).append(" port specified: ").append(text);
  context.reply.Error(error);
  return std::nullopt;
}

// The port of CLUSTER MEET; the bus port is checked only, there is no bus. nullopt after an error
// reply.
std::optional<int64_t> FindMeetPort(CommandContext& context) {
  const bool checks_ports = context.node.traits().meet_checks_ports;
  const auto in_range = [](int64_t port) { return port > 0 && port <= 65535; };
  const std::optional<int64_t> port = ParseMeetPort(context, context.arguments[3], "base");
  if (!port) return std::nullopt;
  if (checks_ports && !in_range(*port)) {
    context.reply.Error("ERR Port number is out of range");
    return std::nullopt;
  }
  std::optional<int64_t> bus_port = 1;
  if (context.arguments.size() == 5) bus_port = ParseMeetPort(context, context.arguments[4], "bus");
  if (!bus_port) return std::nullopt;
  if (checks_ports && !in_range(*bus_port)) {
    context.reply.Error("ERR Cluster bus port number is out of range");
    return std::nullopt;
  }
  if (!in_range(*port) || !in_range(*bus_port)) {
    context.reply.Error("ERR Invalid node address specified: " + std::string(context.arguments[2]) +
                        ":" + std::string(context.arguments[3]));
    return std::nullopt;
  }
  return port;
}

}  // namespace

void ClusterSetSlot(CommandContext& context) {
  if (context.node.view.IsReplica()) {
    context.reply.Error("ERR Please use SETSLOT only with masters.");
    return;
  }
  std::optional<Slot> slot = ParseSlot(context.arguments[2]);
  if (!slot) {
    context.reply.Error(kBadSlot);
    return;
  }
  std::string_view action = context.arguments[3];
  const size_t count = context.arguments.size();
  if (IsWord(action, "MIGRATING") && count == 5) {
    SetSlotMigrating(context, *slot);
  } else if (IsWord(action, "IMPORTING") && count == 5) {
    SetSlotImporting(context, *slot);
  } else if (IsWord(action, "STABLE") && count == 4) {
    SetSlotStable(context, *slot);
  } else if (IsWord(action, "NODE") && count == 5) {
    SetSlotNode(context, *slot);
  } else {
    context.reply.Error(
        "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP");
  }
}

void ClusterFailover(CommandContext& context) {
  const std::span<const std::string_view> options = context.arguments.subspan(2);
  if (options.size() > 1 && !context.node.traits().failover_takes_options) {
    RefuseArguments(context);
    return;
  }
  bool takeover = false;
  for (std::string_view option : options) {
    if (IsWord(option, "TAKEOVER")) {
      takeover = true;
    } else if (!IsWord(option, "FORCE")) {
      context.reply.Error(kSyntaxError);
      return;
    }
  }
  if (!context.node.view.IsReplica()) {
    context.reply.Error("ERR You should send CLUSTER FAILOVER to a replica");
    return;
  }
  const Node& primary = context.state.node(*context.node.view.me().primary);
  if (options.empty() && (primary.process == nullptr || primary.isolated)) {
    context.reply.Error("ERR Master is down or failed, please use CLUSTER FAILOVER FORCE");
    return;
  }
  if (options.empty()) {
    absl::Status done = Failover(context.state, context.node.index, FailoverKind::kGraceful);
    if (!done.ok()) {
      context.state.Log("failover refused " + LogName(context.node.index));
    }
  } else if (takeover || CanNegotiate(context.node)) {
    Promote(context.state, context.node, takeover ? Promotion::kTakeover : Promotion::kElection);
    context.state.Log("failover by command to " + LogName(context.node.index));
    AfterEvent(context.state);
  }
  // The server only begins here; the outcome shows in its role.
  context.reply.Ok();
}

void ClusterReset(CommandContext& context) {
  if (context.arguments.size() > 3) {
    RefuseArguments(context);
    return;
  }
  const bool has_mode = context.arguments.size() == 3;
  const bool hard = has_mode && IsWord(context.arguments[2], "HARD");
  if (has_mode && !hard && !IsWord(context.arguments[2], "SOFT")) {
    context.reply.Error(kSyntaxError);
    return;
  }
  if (!context.node.view.IsReplica() && context.process.keyspace->Size() > 0) {
    context.reply.Error("ERR CLUSTER RESET can't be called with master nodes containing keys");
    return;
  }
  ResetNode(context.state, context.node.index, hard ? ResetMode::kHard : ResetMode::kSoft);
  context.reply.Ok();
}

void ClusterReplicate(CommandContext& context) {
  if (context.arguments.size() > 3) {
    // NO ONE is all that a primary is already; that a replica turns primary is not imitated.
    const bool no_one = context.arguments.size() == 4 && IsWord(context.arguments[2], "NO") &&
                        IsWord(context.arguments[3], "ONE");
    if (no_one && !context.node.view.IsReplica()) {
      context.reply.Ok();
    } else {
      RefuseArguments(context);
    }
    return;
  }
  std::optional<NodeIndex> primary =
      context.state.FindKnownId(context.node.view, context.arguments[2]);
  const ClusterView& view = context.node.view;
  if (!primary) {
    context.reply.Error("ERR Unknown node " + std::string(context.arguments[2]));
    return;
  }
  if (*primary == context.node.index) {
    context.reply.Error("ERR Can't replicate myself");
    return;
  }
  if (view.FindPeer(*primary)->primary) {
    context.reply.Error("ERR I can only replicate a master, not a replica.");
    return;
  }
  if (!view.IsReplica() &&
      (view.CountSlots(view.self) > 0 || context.process.keyspace->Size() > 0)) {
    context.reply.Error("ERR To set a master the node must be empty and without assigned slots.");
    return;
  }
  BecomeReplica(context.state, context.node, *primary, /*has_its_data=*/false);
  AfterEvent(context.state);
  context.reply.Ok();
}

void ClusterForget(CommandContext& context) {
  std::optional<NodeIndex> node =
      context.state.FindKnownId(context.node.view, context.arguments[2]);
  ClusterView& view = context.node.view;
  if (!node) {
    context.reply.Error("ERR Unknown node " + std::string(context.arguments[2]));
    return;
  }
  if (*node == view.self) {
    context.reply.Error("ERR I tried hard but I can't forget myself...");
    return;
  }
  if (view.me().primary == *node) {
    context.reply.Error("ERR Can't forget my master!");
    return;
  }
  view.peer(*node) = {};
  view.peer(*node).forgotten = true;
  view.owners.Replace(*node, std::nullopt);
  AfterEvent(context.state);
  context.reply.Ok();
}

void ClusterMeet(CommandContext& context) {
  if (context.arguments.size() > 5) {
    RefuseArguments(context);
    return;
  }
  const std::optional<int64_t> port = FindMeetPort(context);
  if (!port) return;
  for (auto& node : context.state.nodes) {
    if (node->endpoint.host != context.arguments[2] || node->endpoint.port != *port) continue;
    if (node->process == nullptr || node->index == context.node.index) continue;
    Introduce(context.state, context.node, *node);
    DeliverNews(context.state, *node, context.node);
    DeliverNews(context.state, context.node, *node);
  }
  AfterEvent(context.state);
  context.reply.Ok();
}

void ClusterBumpEpoch(CommandContext& context) {
  ClusterView& view = context.node.view;
  const bool bumped = view.BumpConfigEpoch();
  context.reply.Simple((bumped ? "BUMPED " : "STILL ") + std::to_string(view.me().config_epoch));
  if (bumped) AfterEvent(context.state);
}

void ClusterSetConfigEpoch(CommandContext& context) {
  ClusterView& view = context.node.view;
  std::optional<int64_t> epoch = ParseInteger(context.arguments[2]);
  if (!epoch) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  if (*epoch < 0) {
    context.reply.Error("ERR Invalid config epoch specified: " + std::to_string(*epoch));
    return;
  }
  size_t known = 0;
  for (const PeerView& peer : view.peers) known += peer.known ? 1 : 0;
  if (known > 1) {
    context.reply.Error(
        "ERR The user can assign a config epoch only when the node does not know any other node.");
    return;
  }
  if (view.me().config_epoch != 0) {
    context.reply.Error("ERR Node config epoch is already non-zero");
    return;
  }
  view.peer(view.self).config_epoch = static_cast<uint64_t>(*epoch);
  view.current_epoch = std::max(view.current_epoch, static_cast<uint64_t>(*epoch));
  ++view.version;
  context.reply.Ok();
}

void ClusterSaveConfig(CommandContext& context) { context.reply.Ok(); }

}  // namespace mockcluster::inline v0
