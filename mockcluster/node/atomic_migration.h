#pragma once

#include <vector>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// Moves a slot in one step. Contracts as the functions of the same name in cluster.h: each logs its
// line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster::inline v0 {

absl::Status BeginAtomicMigration(ClusterState& state, Slot slot, NodeIndex destination);
absl::Status FinishAtomicMigration(ClusterState& state, Slot slot);
absl::Status AbortAtomicMigration(ClusterState& state, Slot slot);
std::vector<Slot> FindImportingSlots(const ClusterState& state);

// Deletes the hidden copies of all atomic migrations from or to this node: they do not survive the
// end of either process or role. Copies whose slot was taken over are no longer hidden.
void AbortAtomicMigrationsOf(ClusterState& state, Node& node);

// Real sources hold writes back from the takeover until they learn of it. Here a source learns of
// it when a write arrives.
void LearnTakeovers(ClusterState& state, Node& source);

}  // namespace mockcluster::inline v0
