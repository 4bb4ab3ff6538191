#include "mockcluster/node/interventions.h"

#include <algorithm>
#include <string>

#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/preconditions.h"
#include "mockcluster/node/reload.h"
#include "mockcluster/node/takeover.h"

// What an operator or bad luck does to single slots and nodes.
namespace mockcluster::inline v0 {
namespace {

std::string SlotText(Slot slot) { return "slot " + std::to_string(slot); }

// Sets the end of a state that the node's process is in for some time from now on.
absl::Status BeginFor(ClusterState& state, NodeIndex node, std::string_view what,
                      int64_t duration_ms, int64_t Process::*end_ms) {
  if (absl::Status alive = ExpectAlive(state, node, what); !alive.ok()) return alive;
  (*state.node(node).process).*end_ms = state.now_ms + duration_ms;
  state.Log(std::string(what) + " " + LogName(node) + " for " + std::to_string(duration_ms) +
            " ms");
  return absl::OkStatus();
}

// A node that was down and reaches the others again: as after a restart, it hears what happened
// before it serves anybody.
void Rejoin(ClusterState& state, Node& node) {
  if (node.state_ok) return;
  HearAll(state, node);
  if (node.view.IsReplica()) return;
  node.process->down_until_ms = state.now_ms + state.options.rejoin_delay_ms;
}

}  // namespace

absl::Status UnassignSlot(ClusterState& state, Slot slot) {
  for (const auto& node : state.nodes) {
    if (node->exporting.contains(slot)) {
      return Refused("unassign", SlotText(slot) + " is moving atomically");
    }
  }
  for (auto& node : state.nodes) {
    if (node->view.Owner(slot) == node->index) ++node->view.version;
    node->view.owners.Set(slot, std::nullopt);
    node->view.unclaimed.reset(slot);
    node->view.migrating_to.erase(slot);
    node->view.importing_from.erase(slot);
  }
  state.Log("unassign " + SlotText(slot));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status AssignSlot(ClusterState& state, Slot slot, NodeIndex owner) {
  if (absl::Status fits = ExpectPrimary(state, owner, "assign"); !fits.ok()) return fits;
  for (const auto& node : state.nodes) {
    if (node->member && node->view.Owner(slot)) {
      return Refused("assign", SlotText(slot) + " has an owner for " + LogName(node->index));
    }
  }
  for (auto& node : state.nodes) {
    if (node->view.FindPeer(owner) != nullptr) node->view.SetOwner(slot, owner);
  }
  ++state.node(owner).view.version;
  state.Log("assign " + SlotText(slot) + " to " + LogName(owner));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status SetIsolated(ClusterState& state, NodeIndex node, bool isolated) {
  if (absl::Status alive = ExpectAlive(state, node, "isolate"); !alive.ok()) return alive;
  if (isolated) AbortAtomicMigrationsOf(state, state.node(node));
  state.node(node).isolated = isolated;
  // What was missed in between is made up for by copying everything.
  for (auto& replica : state.nodes) {
    if (isolated || (replica->index != node && replica->view.me().primary != node)) continue;
    replica->link.primary_serial.reset();
  }
  state.Log(std::string(isolated ? "isolate " : "reconnect ") + LogName(node));
  if (!isolated) Rejoin(state, state.node(node));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status SetDeaf(ClusterState& state, NodeIndex node, bool deaf) {
  if (absl::Status alive = ExpectAlive(state, node, "deaf"); !alive.ok()) return alive;
  state.node(node).deaf = deaf;
  state.Log(std::string(deaf ? "deafen " : "hearing again ") + LogName(node));
  if (!deaf) Rejoin(state, state.node(node));
  AfterEvent(state);
  return absl::OkStatus();
}

absl::Status Configure(ClusterState& state, NodeIndex index, const NodeSettings& settings) {
  Node& node = state.node(index);
  if (!node.member) return Refused("configure", LogName(index) + " left the cluster");
  node.settings = settings;
  state.Log("configure " + LogName(index));
  return absl::OkStatus();
}

absl::Status SetHung(ClusterState& state, NodeIndex index, bool hung) {
  if (absl::Status alive = ExpectAlive(state, index, "hang"); !alive.ok()) return alive;
  Node& node = state.node(index);
  node.hung = hung;
  state.Log(std::string(hung ? "hang " : "resume ") + LogName(index));
  if (!hung && !node.link.paused) DrainBacklog(state, node);
  EndHandovers(state);
  AfterEvent(state);
  return absl::OkStatus();
}

void EndMisbehaviour(ClusterState& state) {
  const NodeSettings usual{.allow_reads_when_down = state.options.allow_reads_when_down};
  for (const auto& node : state.nodes) {
    node->settings = usual;
    node->reply_delay_ms = 0;
    if (node->process == nullptr) continue;
    node->process->busy_until_ms = 0;
    node->process->client_pause = {};
    FinishReload(*node->process);
    if (node->hung) SetHung(state, node->index, false).IgnoreError();
    if (node->deaf) SetDeaf(state, node->index, false).IgnoreError();
    if (node->isolated) SetIsolated(state, node->index, false).IgnoreError();
  }
}

absl::Status Pause(ClusterState& state, NodeIndex node, int64_t duration_ms) {
  return BeginFor(state, node, "pause", duration_ms, &Process::busy_until_ms);
}

absl::Status SetReplyDelay(ClusterState& state, NodeIndex node, int64_t delay_ms) {
  if (absl::Status alive = ExpectAlive(state, node, "delay"); !alive.ok()) return alive;
  state.node(node).reply_delay_ms = delay_ms;
  state.Log("delay " + LogName(node) + " by " + std::to_string(delay_ms) + " ms");
  return absl::OkStatus();
}

absl::Status SetLoading(ClusterState& state, NodeIndex node, int64_t duration_ms) {
  Process* process = state.node(node).process.get();
  if (process != nullptr) FinishReload(*process);
  return BeginFor(state, node, "loading", duration_ms, &Process::loading_until_ms);
}

absl::Status SetClusterDown(ClusterState& state, NodeIndex node, int64_t duration_ms) {
  return BeginFor(state, node, "cluster-down", duration_ms, &Process::down_until_ms);
}

absl::Status SetReplicationPaused(ClusterState& state, NodeIndex index, bool paused) {
  if (absl::Status alive = ExpectAlive(state, index, "replication"); !alive.ok()) return alive;
  Node& replica = state.node(index);
  if (!replica.view.IsReplica()) return Refused("replication", LogName(index) + " is a primary");
  replica.link.paused = paused;
  if (!paused) DrainBacklog(state, replica);
  state.Log(std::string(paused ? "pause" : "resume") + " replication to " + LogName(index));
  return absl::OkStatus();
}

absl::Status ForceResize(ClusterState& state, NodeIndex index, ResizeDirection direction) {
  // Four times or a quarter: large enough that one step visits several buckets.
  constexpr int kLog2Change = 2;
  if (absl::Status alive = ExpectAlive(state, index, "resize"); !alive.ok()) return alive;
  const bool grow = direction == ResizeDirection::kGrow;
  Keyspace& keyspace = *state.node(index).process->keyspace;
  if (keyspace.ForceResize(grow ? kLog2Change : -kLog2Change) == 0) {
    return Refused("resize", LogName(index) + " has no table to resize");
  }
  state.Log(std::string("resize ") + (grow ? "up " : "down ") + LogName(index));
  return absl::OkStatus();
}

void AdvanceTime(ClusterState& state, int64_t duration_ms) {
  // A server's cron runs every 100 ms; a few runs finish whatever is pending.
  constexpr int64_t kCronIntervalMs = 100;
  constexpr int64_t kCronRunsMax = 10;
  const int64_t crons_before = state.now_ms / kCronIntervalMs;
  state.now_ms += duration_ms;
  for (auto& node : state.nodes) {
    Process* process = node->process.get();
    if (process != nullptr && state.now_ms >= process->loading_until_ms) FinishReload(*process);
  }
  LetNodesAct(state);
  EndHandovers(state);
  RemoveExpired(state);
  const int64_t runs = std::min(state.now_ms / kCronIntervalMs - crons_before, kCronRunsMax);
  for (auto& node : state.nodes) {
    for (int64_t run = 0; run < runs && node->process != nullptr; ++run) {
      node->process->keyspace->Cron();
    }
  }
}

}  // namespace mockcluster::inline v0
