#include "mockcluster/node/lifecycle.h"

#include <algorithm>
#include <string>
#include <utility>

#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/preconditions.h"
#include "mockcluster/node/reload.h"

// Processes begin and end; nodes come and go.
namespace mockcluster::inline v0 {
namespace {

void StartProcess(ClusterState& state, Node& node, Keyspace* data) {
  auto process = std::make_unique<Process>();
  process->serial = state.next_process_serial++;
  process->run_id = state.random.HexId();
  process->hash_seed = state.random.Next();
  process->started_at_ms = state.now_ms;
  process->keyspace = data != nullptr ? CopyKeyspace(state, node, *data, process->hash_seed)
                                      : CreateKeyspace({.layout = state.LayoutOf(node),
                                                        .hash_seed = process->hash_seed,
                                                        .synthetic = state.options.synthetic});
  node.last_run_id = process->run_id;
  node.process = std::move(process);
  node.link = {};
}

// Keys of slots that are not the node's: a server looks at them when it starts
// (verifyClusterConfigWithData).
void VerifyData(Node& node) {
  ClusterView& view = node.view;
  if (view.IsReplica()) return;
  for (size_t index = 0; index < atestore::kSlotCount; ++index) {
    Slot slot = static_cast<Slot>(index);
    if (node.process->keyspace->CountInSlot(slot) == 0) continue;
    std::optional<NodeIndex> owner = view.Owner(slot);
    if (owner == node.index || view.ImportingFrom(slot)) continue;
    if (!owner) {
      view.SetOwner(slot, node.index);
      ++view.version;
    } else if (node.traits().is_valkey) {
      node.process->keyspace->EraseSlot(slot);
    } else {
      view.importing_from[slot] = *owner;
    }
  }
}

// Ends the process and keeps its data for a restart.
void EndProcess(ClusterState& state, Node& node) {
  AbortAtomicMigrationsOf(state, node);
  FinishReload(*node.process);
  node.hung = false;
  node.deaf = false;
  node.at_death = std::move(node.process->keyspace);
  node.process.reset();
}

uint16_t NextPort(ClusterState& state) {
  return static_cast<uint16_t>(state.options.base_port + state.next_port++);
}

std::string EndpointText(const Node& node) {
  return node.endpoint.host + ":" + std::to_string(node.endpoint.port);
}

bool IsTakenAbroad(const ClusterState& state, const atestore::Endpoint& endpoint) {
  if (state.neighbour == nullptr) return false;
  std::optional<NodeIndex> node = state.neighbour->FindNode(endpoint);
  return node && state.neighbour->Node(*node).alive;
}

Node& CreateIdentity(ClusterState& state, const atestore::Endpoint& endpoint) {
  state.nodes.push_back(
      std::make_unique<Node>(static_cast<NodeIndex>(state.nodes.size()), state.options.flavor));
  Node& node = *state.nodes.back();
  node.id = state.random.HexId();
  node.endpoint = endpoint;
  node.settings.allow_reads_when_down = state.options.allow_reads_when_down;
  node.view.peer(node.index).known = true;
  node.view.peer(node.index).shard = node.index;
  return node;
}

// Until they meet, the node and the others ignore each other.
void ForgetOthers(ClusterState& state, Node& node) {
  for (const auto& other : state.nodes) {
    if (other->index == node.index) continue;
    node.view.peer(other->index) = {};
    node.view.peer(other->index).forgotten = true;
  }
}

// The process of `node` goes on as a node that nobody knows; `node` itself is gone for good.
Node& ChangeIdentity(ClusterState& state, Node& node) {
  Node& fresh = CreateIdentity(state, node.endpoint);
  fresh.flavor = node.flavor;
  fresh.settings = node.settings;
  fresh.process = std::move(node.process);
  fresh.last_run_id = node.last_run_id;
  fresh.saved = std::move(node.saved);
  fresh.isolated = node.isolated;
  node.member = false;
  for (const auto& [id, client] : state.clients) {
    if (client->process_serial == fresh.process->serial) client->node = fresh.index;
  }
  for (const auto& other : state.nodes) {
    if (other->index != fresh.index) other->view.peer(fresh.index).forgotten = true;
  }
  return fresh;
}

}  // namespace

Node& CreateNode(ClusterState& state, const atestore::Endpoint& endpoint) {
  Node& node = CreateIdentity(state, endpoint);
  StartProcess(state, node, nullptr);
  return node;
}

absl::Status Kill(ClusterState& state, NodeIndex index) {
  if (absl::Status alive = ExpectAlive(state, index, "kill"); !alive.ok()) return alive;
  EndProcess(state, state.node(index));
  state.Log("kill " + LogName(index));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status Restart(ClusterState& state, NodeIndex index, RestartMode mode) {
  Node& node = state.node(index);
  if (!node.member) return Refused("restart", LogName(index) + " left the cluster");
  if (node.process == nullptr && IsTakenAbroad(state, node.endpoint)) {
    return Refused("restart", EndpointText(node) + " is a node of the neighbour");
  }
  if (node.process != nullptr) EndProcess(state, node);
  Keyspace* data = nullptr;
  std::string_view how = "empty";
  if (mode == RestartMode::kKeepData) {
    data = node.at_death.get();
    how = "keeping data";
  } else if (mode == RestartMode::kLastSave) {
    data = node.saved.get();
    how = "from last save";
  }
  StartProcess(state, node, data);
  // A new process considers no peer failed until the node timeout has passed.
  for (PeerView& peer : node.view.peers) peer.failed = false;
  node.at_death.reset();
  VerifyData(node);
  state.Log("restart " + LogName(index) + " " + std::string(how));
  // While its cluster state is fail it hears what happened, before it serves anybody. Only a
  // primary waits longer: one that was replaced meanwhile is a replica now.
  HearAll(state, node);
  if (!node.view.IsReplica()) {
    node.process->down_until_ms = state.now_ms + state.options.rejoin_delay_ms;
  }
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status RestartAs(ClusterState& state, NodeIndex index, Flavor flavor) {
  Node& node = state.node(index);
  if (!node.member) return Refused("restart", LogName(index) + " left the cluster");
  if (state.options.synthetic && TraitsOf(flavor).layout != node.traits().layout) {
    return Refused("restart", "synthetic actors cannot change their tables");
  }
  node.flavor = flavor;
  state.Log("server of " + LogName(index) + " is now " + std::string(TraitsOf(flavor).server) +
            " " + std::string(TraitsOf(flavor).version));
  return Restart(state, index, RestartMode::kKeepData);
}

absl::Status Save(ClusterState& state, NodeIndex index) {
  if (absl::Status alive = ExpectAlive(state, index, "save"); !alive.ok()) return alive;
  Node& node = state.node(index);
  node.saved = WholeData(*node.process).Clone(node.process->hash_seed);
  state.Log("save " + LogName(index));
  return absl::OkStatus();
}

absl::StatusOr<NodeIndex> AddNode(ClusterState& state, std::optional<NodeIndex> primary) {
  if (primary) {
    if (absl::Status fits = ExpectPrimary(state, *primary, "join"); !fits.ok()) return fits;
  }
  Node& node = CreateNode(state, {state.options.host, NextPort(state)});
  // redis-cli gives every new primary an epoch of its own.
  if (!primary) {
    for (const auto& other : state.nodes) {
      node.view.current_epoch = std::max(node.view.current_epoch, other->view.current_epoch);
    }
    node.view.peer(node.index).config_epoch = 0;
  } else {
    DeliverNews(state, state.node(*primary), node);
    BecomeReplica(state, node, *primary, /*has_its_data=*/false);
  }
  state.Log("join " + LogName(node.index) + " at " + EndpointText(node) +
            (primary ? " replica of " + LogName(*primary) : ""));
  AfterEvent(state);
  return node.index;
}

absl::Status RemoveNode(ClusterState& state, NodeIndex index) {
  constexpr std::string_view kEvent = "leave";
  Node& node = state.node(index);
  if (!node.member) return Refused(kEvent, LogName(index) + " has left already");
  for (const auto& other : state.nodes) {
    if (!other->member) continue;
    if (other->view.CountSlots(index) > 0) {
      return Refused(kEvent, LogName(index) + " has slots for " + LogName(other->index));
    }
    if (other->view.me().primary == index) {
      return Refused(kEvent, LogName(index) + " has the replica " + LogName(other->index));
    }
    for (const auto* marks : {&other->view.migrating_to, &other->view.importing_from}) {
      for (const auto& [slot, target] : *marks) {
        if (target == index) {
          return Refused(kEvent, "slot " + std::to_string(slot) + " is open at " + LogName(index));
        }
      }
    }
  }
  if (!node.hidden_imports.empty()) return Refused(kEvent, LogName(index) + " imports slots");
  if (node.process != nullptr) EndProcess(state, node);
  node.member = false;
  for (auto& other : state.nodes) {
    if (other->view.FindPeer(index) != nullptr) other->view.peer(index).known = false;
  }
  state.Log("leave " + LogName(index));
  AfterEvent(state);
  return absl::OkStatus();
}

void ResetNode(ClusterState& state, NodeIndex index, ResetMode mode) {
  Node& node = state.node(index);
  AbortAtomicMigrationsOf(state, node);
  ClusterView& view = node.view;
  if (view.IsReplica()) {
    view.peer(index).primary.reset();
    node.link = {};
    RemoveAll(state, node);
  }
  view.owners = SlotOwners();
  view.unclaimed.reset();
  view.migrating_to.clear();
  view.importing_from.clear();
  node.process->hands_over_until_ms.reset();
  ++view.version;
  std::string line = "reset " + LogName(index);
  Node& result = mode == ResetMode::kHard ? ChangeIdentity(state, node) : node;
  if (&result != &node) line += " hard, now " + LogName(result.index);
  ForgetOthers(state, result);
  state.Log(line);
  AfterEvent(state);
}

absl::StatusOr<NodeIndex> ReplaceAtAddress(ClusterState& state, NodeIndex dead) {
  if (state.node(dead).process != nullptr) {
    return Refused("replace", LogName(dead) + " is alive");
  }
  Node& node = CreateNode(state, state.node(dead).endpoint);
  state.Log("replace " + LogName(dead) + " at " + EndpointText(node) + " by " +
            LogName(node.index));
  AfterEvent(state);
  return node.index;
}

}  // namespace mockcluster::inline v0
