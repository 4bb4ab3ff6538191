#include "mockcluster/node/gossip.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

// cluster_state as clusterUpdateState decides it: every slot served by a node that has not failed,
// and a majority of the primaries with slots in reach.
bool StateIsOk(const ClusterState& state, const Node& node) {
  const ClusterView& view = node.view;
  std::vector<bool> has_slots(state.nodes.size(), false);
  for (const SlotRun& run : view.owners.Runs()) {
    if (run.owner) {
      has_slots[Position(*run.owner)] = true;
    } else if (state.options.require_full_coverage) {
      return false;
    }
  }
  size_t primaries = 0;
  size_t reachable = 0;
  for (size_t position = 0; position < has_slots.size(); ++position) {
    if (!has_slots[position]) continue;
    const PeerView* peer = view.FindPeer(static_cast<NodeIndex>(position));
    ++primaries;
    if (peer != nullptr && !peer->failed) {
      ++reachable;
    } else if (state.options.require_full_coverage) {
      return false;
    }
  }
  return reachable >= primaries / 2 + 1;
}

// Whether a node that this one knows answers its pings.
bool IsAnswered(const ClusterState& state, const Node& node) {
  if (!InTouch(node)) return false;
  return std::any_of(state.nodes.begin(), state.nodes.end(), [&](const auto& other) {
    const PeerView* peer = node.view.FindPeer(other->index);
    return other.get() != &node && peer != nullptr && peer->known && InTouch(*other);
  });
}

void LoseSlots(ClusterState& state, Node& node, const std::vector<Slot>& slots) {
  for (Slot slot : slots) {
    // The hidden copy at the destination is the data now: do not mirror the removal.
    node.exporting.erase(slot);
    if (node.traits().is_valkey) node.view.migrating_to.erase(slot);
    RemoveSlot(state, node, slot);
  }
}

// A replica whose primary turned replica follows that one's primary: there are no chains.
void FollowPrimaryOfPrimary(ClusterState& state, Node& node) {
  if (!node.view.IsReplica()) return;
  const PeerView* primary = node.view.FindPeer(*node.view.me().primary);
  if (primary == nullptr || !primary->primary || primary->primary == node.index) return;
  BecomeReplica(state, node, *primary->primary, /*has_its_data=*/false);
}

}  // namespace

bool InTouch(const Node& node) {
  return node.member && node.process && !node.isolated && !node.hung;
}

bool CanNegotiate(const Node& node) { return InTouch(node) && !node.deaf; }

bool CanBeElected(const ClusterState& state, const Node& replica) {
  return CanNegotiate(replica) && state.now_ms >= replica.process->loading_until_ms;
}

void RefreshStates(ClusterState& state) {
  SyncReplicas(state);
  for (auto& node : state.nodes) {
    if (node->process == nullptr) continue;
    node->state_ok = StateIsOk(state, *node);
    bool& was_answered = node->process->was_answered;
    was_answered = was_answered || IsAnswered(state, *node);
  }
}

bool HasNews(const Node& from, const Node& to) {
  if (&from == &to || !InTouch(from) || !InTouch(to) || to.deaf) return false;
  if (Position(from.index) >= to.view.peers.size()) return true;
  const PeerView& peer = to.view.peers[Position(from.index)];
  return !peer.forgotten && (!peer.known || peer.heard < from.view.version);
}

void DeliverNews(ClusterState& state, Node& from, Node& to) {
  const Claim claim{.sender = from.index,
                    .primary = from.view.me().primary,
                    .shard = from.view.me().shard,
                    .config_epoch = from.view.me().config_epoch,
                    .current_epoch = from.view.current_epoch,
                    .version = from.view.version,
                    .owners = &from.view.owners};
  const ClaimRules rules{.replica_migration = state.options.replica_migration,
                         .marks_follow_failover = to.traits().marks_follow_failover};
  ClaimEffects effects = ApplyClaim(to.view, claim, from.id > to.id, rules);
  if (effects.new_primary) {
    BecomeReplica(state, to, *effects.new_primary, /*has_its_data=*/false);
  } else if (!effects.lost_slots.empty()) {
    LoseSlots(state, to, effects.lost_slots);
  }
  FollowPrimaryOfPrimary(state, to);
}

void HearAll(ClusterState& state, Node& node) {
  for (;;) {
    // The greatest epoch first, so that a primary which was replaced while it was away gives way
    // before it quarrels about epochs.
    Node* next = nullptr;
    for (auto& from : state.nodes) {
      if (!HasNews(*from, node)) continue;
      if (next == nullptr || from->view.me().config_epoch > next->view.me().config_epoch) {
        next = from.get();
      }
    }
    if (next == nullptr) return;
    DeliverNews(state, *next, node);
  }
}

bool GossipOnce(ClusterState& state) {
  std::vector<std::pair<Node*, Node*>> pending;
  for (auto& from : state.nodes) {
    for (auto& to : state.nodes) {
      if (HasNews(*from, *to)) pending.emplace_back(from.get(), to.get());
    }
  }
  if (pending.empty()) return false;
  auto [from, to] = pending[state.random.Below(pending.size())];
  DeliverNews(state, *from, *to);
  state.Log("gossip " + LogName(from->index) + " to " + LogName(to->index));
  RefreshStates(state);
  return true;
}

void NoticeFailures(ClusterState& state, int64_t timeout_ms) {
  std::vector<bool> lost(state.nodes.size());
  for (auto& node : state.nodes) {
    std::optional<int64_t>& since_ms = node->out_of_touch_since_ms;
    since_ms = InTouch(*node) ? std::nullopt : std::optional(since_ms.value_or(state.now_ms));
    lost[Position(node->index)] = since_ms && state.now_ms - *since_ms >= timeout_ms;
  }
  for (auto& observer : state.nodes) {
    if (observer->process == nullptr) continue;
    const bool lost_all = observer->isolated && lost[Position(observer->index)];
    for (auto& peer : state.nodes) {
      if (peer == observer || observer->view.FindPeer(peer->index) == nullptr) continue;
      bool& failed = observer->view.peer(peer->index).failed;
      // Without its answers, a deaf node does not learn that a peer is back.
      failed = lost_all || lost[Position(peer->index)] || (observer->deaf && failed);
    }
  }
}

void DeliverAllNews(ClusterState& state) {
  auto anybody_has_news = [&state](const std::unique_ptr<Node>& to) {
    return std::any_of(state.nodes.begin(), state.nodes.end(),
                       [&](const auto& from) { return HasNews(*from, *to); });
  };
  while (std::any_of(state.nodes.begin(), state.nodes.end(), anybody_has_news)) {
    for (auto& node : state.nodes) HearAll(state, *node);
  }
}

void SettleViews(ClusterState& state) {
  DeliverAllNews(state);
  NoticeFailures(state);
  RefreshStates(state);
}

void AfterEvent(ClusterState& state) {
  const ClusterOptions& options = state.options;
  if (options.gossip == GossipMode::kImmediate) {
    if (options.gossip_delay_ms == 0) {
      DeliverAllNews(state);
    } else if (!state.gossip_due_ms) {
      state.gossip_due_ms = state.now_ms + options.gossip_delay_ms;
    }
    NoticeFailures(state, options.node_timeout_ms);
  }
  RefreshStates(state);
}

void BecomeReplica(ClusterState& state, Node& node, NodeIndex primary, bool has_its_data) {
  AbortAtomicMigrationsOf(state, node);
  node.view.migrating_to.clear();
  node.view.importing_from.clear();
  if (node.process != nullptr) node.process->hands_over_until_ms.reset();
  node.view.peer(node.index).primary = primary;
  node.view.peer(node.index).shard = state.node(primary).view.me().shard;
  // Slots that it still believed in are somebody else's: it listens again to who claims them.
  if (node.view.CountSlots(node.index) > 0) {
    node.view.owners.Replace(node.index, std::nullopt);
    node.view.HearAgain(node.index);
  }
  ++node.view.version;
  const Process* source = state.node(primary).process.get();
  node.link = {};
  if (has_its_data && source != nullptr) node.link.primary_serial = source->serial;
}

}  // namespace mockcluster::inline v0
