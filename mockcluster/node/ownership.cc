#include "mockcluster/node/ownership.h"

#include "mockcluster/node/reload.h"

namespace mockcluster::inline v0 {

bool IsLivingPrimary(const Node& node) {
  return node.member && node.process != nullptr && !node.view.IsReplica();
}

// Where an owner sends clients for keys that it does not have.
Node* AskTarget(const ClusterState& state, const Node& owner, Slot slot) {
  std::optional<NodeIndex> target = owner.view.MigratingTo(slot);
  if (!target) return nullptr;
  Node* node = state.nodes[Position(*target)].get();
  return IsLivingPrimary(*node) && node->view.ImportingFrom(slot) ? node : nullptr;
}

std::optional<NodeIndex> FindOwner(const ClusterState& state, Slot slot) {
  const Node* best = nullptr;
  for (const auto& node : state.nodes) {
    if (!IsLivingPrimary(*node) || node->view.Owner(slot) != node->index) continue;
    if (best == nullptr || node->view.me().config_epoch > best->view.me().config_epoch) {
      best = node.get();
    }
  }
  if (best == nullptr) return std::nullopt;
  return best->index;
}

Node* FindServing(ClusterState& state, const KeyRef& key) {
  std::optional<NodeIndex> owner = FindOwner(state, key.slot);
  if (!owner) return nullptr;
  Node& node = state.node(*owner);
  const Entry* entry = WholeData(*node.process).Find(key);
  if (entry != nullptr && !entry->ExpiredAt(state.now_ms)) return &node;
  // Behind a loop of redirects nobody serves it.
  if (node.view.MigratingTo(key.slot)) return AskTarget(state, node, key.slot);
  return &node;
}

}  // namespace mockcluster::inline v0
