#include "mockcluster/node/client_pause.h"

#include <algorithm>
#include <utility>

#include "mockcluster/node/gossip.h"

namespace mockcluster::inline v0 {
namespace {

// CLUSTER_MF_TIMEOUT: after it a primary gives a manual failover up, and pauses nothing any more.
constexpr int64_t kHandoverMs = 5000;

void HearOfSuccessor(ClusterState& state, Node& node) {
  const bool deaf = std::exchange(node.deaf, false);
  HearAll(state, node);
  node.deaf = deaf;
}

}  // namespace

bool IsPaused(const ClusterState& state, const Node& node, PauseOf commands) {
  if (node.process == nullptr) return false;
  const ClientPause& pause = node.process->client_pause;
  if (state.now_ms < pause.until_ms && (pause.everything || commands == PauseOf::kWrites)) {
    return true;
  }
  return commands == PauseOf::kWrites && node.process->hands_over_until_ms.has_value();
}

void PauseClients(ClusterState& state, Node& node, PauseOf commands, int64_t until_ms) {
  ClientPause& pause = node.process->client_pause;
  if (state.now_ms >= pause.until_ms) pause = {};
  pause.until_ms = std::max(pause.until_ms, until_ms);
  pause.everything |= commands == PauseOf::kEverything;
}

void BeginHandover(ClusterState& state, Node& primary, const Node& heir) {
  primary.process->hands_over_until_ms = state.now_ms + kHandoverMs;
  primary.process->hands_over_to = heir.index;
}

void EndHandovers(ClusterState& state) {
  bool heard = false;
  for (const auto& node : state.nodes) {
    if (node->process == nullptr || !InTouch(*node)) continue;
    const std::optional<int64_t> until_ms = node->process->hands_over_until_ms;
    if (!until_ms || state.now_ms < *until_ms) continue;
    HearOfSuccessor(state, *node);
    const bool heir_is_gone = state.node(node->process->hands_over_to).process == nullptr;
    if (heir_is_gone) node->process->hands_over_until_ms.reset();
    heard = true;
  }
  if (heard) AfterEvent(state);
}

}  // namespace mockcluster::inline v0
