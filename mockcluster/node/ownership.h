#pragma once

#include <optional>

#include "mockcluster/node/cluster_state.h"

// Which node really serves a slot, whatever the views of single nodes say.
namespace mockcluster::inline v0 {

bool IsLivingPrimary(const Node& node);
// The living primary that owns `slot` in its own view; if there are several, the one with the
// greatest epoch.
std::optional<NodeIndex> FindOwner(const ClusterState& state, Slot slot);
// The node to which the owner of an open slot redirects clients for keys that it does not have.
// nullptr: none.
Node* AskTarget(const ClusterState& state, const Node& owner, Slot slot);
// The living primary on which a client that follows redirects reads or creates `key`.
Node* FindServing(ClusterState& state, const KeyRef& key);

}  // namespace mockcluster::inline v0
