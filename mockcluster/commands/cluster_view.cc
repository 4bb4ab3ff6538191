#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/commands/routing.h"
#include "mockcluster/node/data.h"

// CLUSTER subcommands that tell what the node knows. Formats as in cluster.c of the servers.
namespace mockcluster::inline v0 {
namespace {

// The runs that have an owner.
std::vector<SlotRun> OwnedRuns(const ClusterView& view) {
  std::vector<SlotRun> runs = view.owners.Runs();
  std::erase_if(runs, [](const SlotRun& run) { return !run.owner; });
  return runs;
}

std::vector<NodeIndex> KnownNodes(const ClusterView& view) {
  std::vector<NodeIndex> nodes;
  for (size_t position = 0; position < view.peers.size(); ++position) {
    if (view.peers[position].known) nodes.push_back(static_cast<NodeIndex>(position));
  }
  return nodes;
}

std::vector<NodeIndex> KnownReplicas(const ClusterView& view, NodeIndex primary) {
  std::vector<NodeIndex> replicas;
  for (NodeIndex node : KnownNodes(view)) {
    if (view.FindPeer(node)->primary == primary) replicas.push_back(node);
  }
  return replicas;
}

// A replica shows its primary's epoch.
uint64_t ShownEpoch(const ClusterView& view, NodeIndex node) {
  const PeerView* peer = view.FindPeer(node);
  if (peer->primary && view.FindPeer(*peer->primary) != nullptr) {
    return view.FindPeer(*peer->primary)->config_epoch;
  }
  return peer->config_epoch;
}

void AppendFlags(const ClusterView& view, NodeIndex node, std::string& line) {
  const PeerView* peer = view.FindPeer(node);
  if (node == view.self) line += "myself,";
  line += peer->primary ? "slave" : "master";
  if (peer->failed) line += ",fail";
}

// "[7->-id]" for a slot that migrates to a node, "[7-<-id]" for one that is imported from it.
void AppendMarks(const ClusterState& state, const ClusterView& view, std::string& line) {
  std::map<Slot, std::string> marks;
  for (auto [slot, node] : view.importing_from) {
    marks[slot] = " [" + std::to_string(slot) + "-<-" + state.node(node).id + "]";
  }
  for (auto [slot, node] : view.migrating_to) {
    marks[slot] = " [" + std::to_string(slot) + "->-" + state.node(node).id + "]";
  }
  for (const auto& [slot, text] : marks) line += text;
}

void AppendSlots(const ClusterView& view, NodeIndex owner, std::string& line) {
  for (const SlotRun& run : view.owners.Runs()) {
    if (run.owner != owner) continue;
    absl::StrAppend(&line, " ", run.first);
    if (run.last != run.first) absl::StrAppend(&line, "-", run.last);
  }
}

// A line of CLUSTER NODES without its end.
void AppendNodeLine(const ClusterState& state, const ClusterView& view, NodeIndex index,
                    std::string& text) {
  const Node& node = state.node(index);
  const PeerView* peer = view.FindPeer(index);
  const bool is_me = index == view.self;
  const uint32_t bus_port = node.endpoint.port + 10000u;
  absl::StrAppend(&text, node.id, " ", node.endpoint.host, ":", node.endpoint.port, "@");
  absl::StrAppend(&text, bus_port, " ");
  AppendFlags(view, index, text);
  absl::StrAppend(&text, " ", peer->primary ? state.node(*peer->primary).id : "-", " 0 ",
                  is_me ? 0 : state.now_ms, " ", ShownEpoch(view, index));
  text += is_me || !peer->failed ? " connected" : " disconnected";
  AppendSlots(view, index, text);
  if (is_me) AppendMarks(state, view, text);
}

void WriteSlotsNode(CommandContext& context, NodeIndex index) {
  const Node& node = context.state.node(index);
  context.reply.Array(4);
  context.reply.Bulk(node.endpoint.host);
  context.reply.Integer(node.endpoint.port);
  context.reply.Bulk(node.id);
  context.reply.Map(0);
}

// Any text of that form will do, the same for all nodes of a shard and through its failovers: the
// id of its first node, mirrored.
std::string ShardId(const ClusterState& state, const ClusterView& view, NodeIndex node) {
  const std::string& id = state.node(view.FindPeer(node)->shard.value_or(node)).id;
  return {id.rbegin(), id.rend()};
}

void WriteShardsNode(CommandContext& context, NodeIndex index) {
  const Node& node = context.state.node(index);
  const PeerView* peer = context.node.view.FindPeer(index);
  ReplyWriter& reply = context.reply;
  reply.Map(7);
  reply.Bulk("id");
  reply.Bulk(node.id);
  reply.Bulk(context.state.options.tls ? "tls-port" : "port");
  reply.Integer(node.endpoint.port);
  reply.Bulk("ip");
  reply.Bulk(node.endpoint.host);
  reply.Bulk("endpoint");
  reply.Bulk(node.endpoint.host);
  reply.Bulk("role");
  reply.Bulk(peer->primary ? "replica" : "master");
  reply.Bulk("replication-offset");
  reply.Integer(peer->primary ? 1 : 0);
  reply.Bulk("health");
  reply.Bulk(peer->failed ? "fail" : "online");
}

}  // namespace

void ClusterSlots(CommandContext& context) {
  const ClusterView& view = context.node.view;
  std::vector<SlotRun> runs = OwnedRuns(view);
  context.reply.Array(runs.size());
  for (const SlotRun& run : runs) {
    std::vector<NodeIndex> replicas = KnownReplicas(view, *run.owner);
    std::erase_if(replicas, [&view](NodeIndex node) { return view.FindPeer(node)->failed; });
    context.reply.Array(3 + replicas.size());
    context.reply.Integer(run.first);
    context.reply.Integer(run.last);
    WriteSlotsNode(context, *run.owner);
    for (NodeIndex replica : replicas) WriteSlotsNode(context, replica);
  }
}

void ClusterShards(CommandContext& context) {
  const ClusterView& view = context.node.view;
  std::vector<NodeIndex> primaries = KnownNodes(view);
  std::erase_if(primaries,
                [&view](NodeIndex node) { return view.FindPeer(node)->primary.has_value(); });
  context.reply.Array(primaries.size());
  for (NodeIndex primary : primaries) {
    std::vector<SlotRun> owned = view.owners.Runs();
    std::erase_if(owned, [primary](const SlotRun& run) { return run.owner != primary; });
    const bool has_id = context.node.traits().shards_have_ids;
    context.reply.Map(has_id ? 3 : 2);
    context.reply.Bulk("slots");
    context.reply.Array(owned.size() * 2);
    for (const SlotRun& run : owned) {
      context.reply.Integer(run.first);
      context.reply.Integer(run.last);
    }
    std::vector<NodeIndex> replicas = KnownReplicas(view, primary);
    context.reply.Bulk("nodes");
    context.reply.Array(1 + replicas.size());
    WriteShardsNode(context, primary);
    for (NodeIndex replica : replicas) WriteShardsNode(context, replica);
    if (!has_id) continue;
    context.reply.Bulk("id");
    context.reply.Bulk(ShardId(context.state, view, primary));
  }
}

void ClusterNodes(CommandContext& context) {
  const ClusterView& view = context.node.view;
  std::string text;
  for (NodeIndex node : KnownNodes(view)) {
    AppendNodeLine(context.state, view, node, text);
    text += '\n';
  }
  context.reply.Text(text);
}

void ClusterReplicas(CommandContext& context) {
  const ClusterView& view = context.node.view;
  std::optional<NodeIndex> primary = context.state.FindKnownId(view, context.arguments[2]);
  if (!primary) {
    context.reply.Error("ERR Unknown node " + std::string(context.arguments[2]));
    return;
  }
  if (view.FindPeer(*primary)->primary) {
    context.reply.Error("ERR The specified node is not a master");
    return;
  }
  std::vector<NodeIndex> replicas = KnownReplicas(view, *primary);
  context.reply.Array(replicas.size());
  for (NodeIndex replica : replicas) {
    std::string line;
    AppendNodeLine(context.state, view, replica, line);
    context.reply.Bulk(line);
  }
}

std::string ClusterInfoText(const CommandContext& context) {
  const ClusterView& view = context.node.view;
  size_t assigned = 0;
  size_t failed = 0;
  std::vector<bool> has_slots(context.state.nodes.size(), false);
  for (const SlotRun& run : view.owners.Runs()) {
    if (!run.owner) continue;
    assigned += run.size();
    has_slots[Position(*run.owner)] = true;
    const PeerView* peer = view.FindPeer(*run.owner);
    if (peer == nullptr || peer->failed) failed += run.size();
  }
  size_t size = 0;
  for (bool any : has_slots) size += any ? 1 : 0;
  std::string text = "cluster_state:";
  text += ClusterIsUp(context.state, context.node) ? "ok" : "fail";
  auto add = [&text](std::string_view name, uint64_t value) {
    text += "\r\n";
    text += name;
    text += ":" + std::to_string(value);
  };
  add("cluster_slots_assigned", assigned);
  add("cluster_slots_ok", assigned - failed);
  add("cluster_slots_pfail", 0);
  add("cluster_slots_fail", failed);
  if (context.node.traits().counts_failed_nodes) {
    size_t failed_nodes = 0;
    size_t failed_voters = 0;
    for (NodeIndex node : KnownNodes(view)) {
      if (!view.FindPeer(node)->failed) continue;
      ++failed_nodes;
      if (has_slots[Position(node)]) ++failed_voters;
    }
    add("cluster_nodes_pfail", 0);
    add("cluster_nodes_fail", failed_nodes);
    add("cluster_voting_nodes_pfail", 0);
    add("cluster_voting_nodes_fail", failed_voters);
  }
  add("cluster_known_nodes", KnownNodes(view).size());
  add("cluster_size", size);
  add("cluster_current_epoch", view.current_epoch);
  add("cluster_my_epoch", ShownEpoch(view, view.self));
  add("cluster_stats_messages_sent", 0);
  const bool answered = context.process.was_answered;
  if (answered) add("cluster_stats_messages_pong_received", 1);
  add("cluster_stats_messages_received", answered ? 1 : 0);
  add("total_cluster_links_buffer_limit_exceeded", 0);
  text += "\r\n";
  return text;
}

void ClusterInfo(CommandContext& context) { context.reply.Text(ClusterInfoText(context)); }

void ClusterLinks(CommandContext& context) { context.reply.Array(0); }

void ClusterMyId(CommandContext& context) { context.reply.Bulk(context.node.id); }

void ClusterMyShardId(CommandContext& context) {
  context.reply.Bulk(ShardId(context.state, context.node.view, context.node.index));
}

void ClusterKeySlot(CommandContext& context) {
  context.reply.Integer(atestore::KeySlot(context.arguments[2]));
}

void ClusterCountKeysInSlot(CommandContext& context) {
  if (!ParseInteger(context.arguments[2])) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  std::optional<Slot> slot = ParseSlot(context.arguments[2]);
  if (!slot) {
    context.reply.Error("ERR Invalid slot");
    return;
  }
  context.reply.Integer(static_cast<int64_t>(context.process.keyspace->CountInSlot(*slot)));
}

void ClusterGetKeysInSlot(CommandContext& context) {
  std::optional<int64_t> keys_max = ParseInteger(context.arguments[3]);
  if (!ParseInteger(context.arguments[2]) || !keys_max) {
    context.reply.Error(kNotAnInteger);
    return;
  }
  std::optional<Slot> slot = ParseSlot(context.arguments[2]);
  if (!slot || *keys_max < 0) {
    context.reply.Error("ERR Invalid slot or number of keys");
    return;
  }
  Keyspace& keyspace = *context.process.keyspace;
  size_t count = std::min(keyspace.CountInSlot(*slot), static_cast<size_t>(*keys_max));
  context.reply.Array(count);
  keyspace.KeysInSlot(*slot, count,
                      [&context](const Entry& entry) { context.reply.Bulk(entry.key()); });
}

void ClusterCountFailureReports(CommandContext& context) {
  if (!context.state.FindKnownId(context.node.view, context.arguments[2])) {
    context.reply.Error("ERR Unknown node " + std::string(context.arguments[2]));
    return;
  }
  context.reply.Integer(0);
}

void ClusterGetSlotMigrations(CommandContext& context) {
  const Node& node = context.node;
  context.reply.Array(node.exporting.size() + node.hidden_imports.size());
  auto write = [&context](std::string_view operation, Slot slot, NodeIndex source,
                          NodeIndex target) {
    context.reply.Map(5);
    context.reply.Bulk("operation");
    context.reply.Bulk(operation);
    context.reply.Bulk("slot_ranges");
    context.reply.Bulk(std::to_string(slot) + "-" + std::to_string(slot));
    context.reply.Bulk("target_node");
    context.reply.Bulk(context.state.node(target).id);
    context.reply.Bulk("source_node");
    context.reply.Bulk(context.state.node(source).id);
    context.reply.Bulk("state");
    context.reply.Bulk("replicating");
  };
  for (auto [slot, target] : node.exporting) write("EXPORT", slot, node.index, target);
  for (auto [slot, source] : node.hidden_imports) write("IMPORT", slot, source, node.index);
}

}  // namespace mockcluster::inline v0
