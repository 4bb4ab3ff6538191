#include "mockcluster/node/takeover.h"

#include <algorithm>

#include "mockcluster/node/failover.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/preconditions.h"

namespace mockcluster::inline v0 {
namespace {

// A replica waits so long before it asks for votes (clusterHandleSlaveFailover: 500 ms, and up to
// 500 more by chance).
constexpr int64_t kElectionDelayMs = 500;

bool HasSlots(const Node& node) { return node.view.CountSlots(node.index) > 0; }

bool MajorityCanVote(const ClusterState& state) {
  size_t primaries = 0;
  size_t reachable = 0;
  for (const auto& node : state.nodes) {
    if (!node->member || node->view.IsReplica() || !HasSlots(*node)) continue;
    ++primaries;
    reachable += InTouch(*node);
  }
  return reachable >= primaries / 2 + 1;
}

// The primary that this replica replaces now, if any.
const Node* FailedPrimaryOf(const ClusterState& state, const Node& replica) {
  if (!CanBeElected(state, replica) || !replica.view.IsReplica()) return nullptr;
  const Node& primary = state.node(*replica.view.me().primary);
  const bool synchronised = replica.link.primary_serial.has_value();
  if (!synchronised || !primary.out_of_touch_since_ms) return nullptr;
  const int64_t due_ms =
      *primary.out_of_touch_since_ms + state.options.node_timeout_ms + kElectionDelayMs;
  if (state.now_ms < due_ms || replica.view.CountSlots(primary.index) == 0) return nullptr;
  return &primary;
}

void TakeOver(ClusterState& state) {
  for (const auto& replica : state.nodes) {
    // Primaries vote only for a replica that knows the present owners of the slots it claims.
    const Node* primary = FailedPrimaryOf(state, *replica);
    if (primary == nullptr || !MajorityCanVote(state)) continue;
    HearAll(state, *replica);
    if (FailedPrimaryOf(state, *replica) != primary) continue;
    Promote(state, *replica, Promotion::kElection);
    state.Log("takeover " + LogName(primary->index) + " by " + LogName(replica->index));
    AfterEvent(state);
  }
}

}  // namespace

void LetNodesAct(ClusterState& state) {
  if (state.gossip_due_ms && *state.gossip_due_ms <= state.now_ms) {
    state.gossip_due_ms.reset();
    DeliverAllNews(state);
    RefreshStates(state);
  }
  if (state.options.node_timeout_ms == 0) return;
  const bool all_in_touch = std::none_of(state.nodes.begin(), state.nodes.end(), [](auto& node) {
    return node->member && node->out_of_touch_since_ms;
  });
  if (all_in_touch) return;
  NoticeFailures(state, state.options.node_timeout_ms);
  RefreshStates(state);
  TakeOver(state);
}

}  // namespace mockcluster::inline v0
