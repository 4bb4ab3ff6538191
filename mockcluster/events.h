#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mockcluster/cluster_state.h"

// What can happen to a cluster. Contracts as the functions of the same name in cluster.h: each logs
// its line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster {

// migration.cc
absl::Status BeginMigration(ClusterState& state, Slot slot, NodeIndex destination);
absl::StatusOr<size_t> MigrateKeys(ClusterState& state, Slot slot, size_t keys_max);
absl::Status FinishMigration(ClusterState& state, Slot slot);
absl::Status AbortMigration(ClusterState& state, Slot slot, AbortMode mode);
std::vector<Slot> FindOpenSlots(const ClusterState& state);

// atomic_migration.cc
absl::Status BeginAtomicMigration(ClusterState& state, Slot slot, NodeIndex destination);
absl::Status FinishAtomicMigration(ClusterState& state, Slot slot);
absl::Status AbortAtomicMigration(ClusterState& state, Slot slot);
std::vector<Slot> FindImportingSlots(const ClusterState& state);

// failover.cc
absl::Status Failover(ClusterState& state, NodeIndex replica, FailoverKind kind);
// How a replica comes by the epoch of its new role.
enum class Promotion {
  kElection,  // a new greatest epoch
  kTakeover,  // a new epoch only when it has not the greatest one
};
// The replica takes its primary's role and slots in its own view; everybody else hears of it.
void Promote(ClusterState& state, Node& replica, Promotion promotion);

// lifecycle.cc
absl::Status Kill(ClusterState& state, NodeIndex node);
absl::Status Restart(ClusterState& state, NodeIndex node, RestartMode mode);
absl::Status RestartAs(ClusterState& state, NodeIndex node, Flavor flavor);
absl::Status Save(ClusterState& state, NodeIndex node);
absl::StatusOr<NodeIndex> AddNode(ClusterState& state, std::optional<NodeIndex> primary);
absl::Status RemoveNode(ClusterState& state, NodeIndex node);
absl::StatusOr<NodeIndex> ReplaceAtAddress(ClusterState& state, NodeIndex dead);
enum class ResetMode { kSoft, kHard };
// CLUSTER RESET: the node forgets all others, its slots and, as a replica, its data. After kHard
// its process goes on as another node, with a new id, at the same address.
void ResetNode(ClusterState& state, NodeIndex node, ResetMode mode);
// A node that knows only itself, with an empty process.
Node& CreateNode(ClusterState& state, const atestore::Endpoint& endpoint);

// interventions.cc
absl::Status UnassignSlot(ClusterState& state, Slot slot);
absl::Status AssignSlot(ClusterState& state, Slot slot, NodeIndex node);
absl::Status SetIsolated(ClusterState& state, NodeIndex node, bool isolated);
absl::Status SetDeaf(ClusterState& state, NodeIndex node, bool deaf);
absl::Status Configure(ClusterState& state, NodeIndex node, const NodeSettings& settings);
absl::Status SetHung(ClusterState& state, NodeIndex node, bool hung);
void EndMisbehaviour(ClusterState& state);
absl::Status SetLoading(ClusterState& state, NodeIndex node, int64_t duration_ms);
absl::Status SetClusterDown(ClusterState& state, NodeIndex node, int64_t duration_ms);
absl::Status SetReplicationPaused(ClusterState& state, NodeIndex replica, bool paused);
absl::Status ForceResize(ClusterState& state, NodeIndex node, ResizeDirection direction);
void AdvanceTime(ClusterState& state, int64_t duration_ms);

// ground_truth.cc
std::optional<NodeIndex> FindOwner(const ClusterState& state, Slot slot);
// The living primary that serves (reading or creating) `key` to a client that follows redirects.
Node* FindServing(ClusterState& state, const KeyRef& key);

// Common preconditions, FAILED_PRECONDITION otherwise.
absl::Status Refused(std::string_view event, std::string_view why);
absl::Status ExpectAlive(const ClusterState& state, NodeIndex node, std::string_view event);
absl::Status ExpectPrimary(const ClusterState& state, NodeIndex node, std::string_view event);

}  // namespace mockcluster
