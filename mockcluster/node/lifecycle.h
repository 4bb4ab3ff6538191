#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mockcluster/node/cluster_state.h"

// Starts and ends processes; adds and removes nodes. Contracts as the functions of the same name in
// cluster.h: each logs its line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster::inline v0 {

absl::Status Kill(ClusterState& state, NodeIndex node);
absl::Status Restart(ClusterState& state, NodeIndex node, RestartMode mode);
absl::Status RestartAs(ClusterState& state, NodeIndex node, Flavor flavor);
absl::Status Save(ClusterState& state, NodeIndex node);
absl::StatusOr<NodeIndex> AddNode(ClusterState& state, std::optional<NodeIndex> primary);
absl::Status RemoveNode(ClusterState& state, NodeIndex node);
absl::StatusOr<NodeIndex> ReplaceAtAddress(ClusterState& state, NodeIndex dead);
enum class ResetMode { kSoft, kHard };
// CLUSTER RESET: the node forgets all others, its slots and, as a replica, its data. After kHard
// its process continues as another node, with a new id, at the same address.
void ResetNode(ClusterState& state, NodeIndex node, ResetMode mode);
// A node that knows only itself, with an empty process.
Node& CreateNode(ClusterState& state, const atestore::Endpoint& endpoint);

}  // namespace mockcluster::inline v0
