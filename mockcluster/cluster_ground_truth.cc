#include <algorithm>

#include "mockcluster/cluster.h"
#include "mockcluster/commands/command_table.h"
#include "mockcluster/commands/routing.h"
#include "mockcluster/node/cluster_state.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/ownership.h"
#include "mockcluster/node/reload.h"

// The true state of the cluster, whatever the views of its nodes say.
namespace mockcluster::inline v0 {

KeyState Cluster::StateOf(std::string_view text) const {
  // More than any chain of redirects that ends has.
  constexpr int kHopsMax = 16;
  const KeyRef key(text);
  const Command& get = *FindCommand("GET");
  const std::string_view arguments[] = {"GET", text};
  std::optional<NodeIndex> at = FindOwner(*state_, key.slot);
  Client client;
  for (int hop = 0; hop < kHopsMax && at; ++hop) {
    auto& node = state_->node(*at);
    if (node.process == nullptr || node.hung) break;
    if (state_->now_ms < node.process->loading_until_ms) break;
    const Route route = RouteCommand(*state_, node, client, get, arguments);
    if (route.kind == Route::Kind::kServe) {
      if (!ExistsLive(*state_, node, key)) return {.truth = KeyTruth::kAbsent};
      return {.truth = KeyTruth::kReadable, .value = node.process->keyspace->Find(key)->value};
    }
    if (route.kind != Route::Kind::kMoved && route.kind != Route::Kind::kAsk) break;
    client.asking = route.kind == Route::Kind::kAsk;
    at = FindNode(state_->node(*route.node).endpoint);  // dead: perhaps somebody else's by now
  }
  return {};
}

std::vector<ReachableKey> Cluster::ReachableKeys() const {
  // By slot, each found when its first key is met.
  std::vector<std::optional<std::optional<NodeIndex>>> owners(atestore::kSlotCount);
  std::vector<ReachableKey> keys;
  for (const auto& node : state_->nodes) {
    if (!IsLivingPrimary(*node)) continue;
    WholeData(*node->process).ForEach(Keyspace::Hidden::kInclude, [&](const Entry& entry) {
      auto& known = owners[entry.slot()];
      if (!known) known = FindOwner(*state_, entry.slot());
      if (entry.ExpiredAt(state_->now_ms) || !*known) return;
      auto& owner = state_->node(**known);
      const bool served =
          &owner == node.get() || (AskTarget(*state_, owner, entry.slot()) == node.get() &&
                                   !ExistsLive(*state_, owner, KeyRef(entry.key(), entry.slot())));
      if (served) keys.push_back({entry.key(), entry.value});
    });
  }
  std::sort(keys.begin(), keys.end(),
            [](const ReachableKey& a, const ReachableKey& b) { return a.key < b.key; });
  return keys;
}

std::optional<std::string> Cluster::ReachableValue(std::string_view text) const {
  const KeyRef key(text);
  auto* node = FindServing(*state_, key);
  if (node == nullptr || !ExistsLive(*state_, *node, key)) return std::nullopt;
  return node->process->keyspace->Find(key)->value;
}

}  // namespace mockcluster::inline v0
