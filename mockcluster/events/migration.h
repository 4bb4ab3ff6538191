#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mockcluster/node/cluster_state.h"

// Moves a slot key by key. Contracts as the functions of the same name in cluster.h: each logs its
// line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster::inline v0 {

absl::Status BeginMigration(ClusterState& state, Slot slot, NodeIndex destination);
absl::StatusOr<size_t> MigrateKeys(ClusterState& state, Slot slot, size_t keys_max);
absl::Status FinishMigration(ClusterState& state, Slot slot);
absl::Status AbortMigration(ClusterState& state, Slot slot, AbortMode mode);
std::vector<Slot> FindOpenSlots(const ClusterState& state);

}  // namespace mockcluster::inline v0
