#pragma once

#include <optional>

#include "mockcluster/node/cluster_state.h"

// Who really serves a slot, whatever the views of single nodes say.
namespace mockcluster {

bool IsLivingPrimary(const Node& node);
// The living primary that owns `slot` in its own view; the one with the greatest epoch, if several.
std::optional<NodeIndex> FindOwner(const ClusterState& state, Slot slot);
// Where the owner of an open slot sends clients for keys that it does not have. nullptr: nowhere.
Node* AskTarget(const ClusterState& state, const Node& owner, Slot slot);
// The living primary that serves (reading or creating) `key` to a client that follows redirects.
Node* FindServing(ClusterState& state, const KeyRef& key);

}  // namespace mockcluster
