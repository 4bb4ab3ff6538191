#pragma once

#include <vector>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// Moves a slot in one step. Contracts as the functions of the same name in cluster.h: each logs its
// line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster {

absl::Status BeginAtomicMigration(ClusterState& state, Slot slot, NodeIndex destination);
absl::Status FinishAtomicMigration(ClusterState& state, Slot slot);
absl::Status AbortAtomicMigration(ClusterState& state, Slot slot);
std::vector<Slot> FindImportingSlots(const ClusterState& state);

// Throws away the hidden copies of all atomic migrations from or to this node: they do not survive
// the end of either process or role. Copies whose slot was taken over are not hidden any more.
void AbortAtomicMigrationsOf(ClusterState& state, Node& node);

// A source holds writes back from the takeover until it has heard of it; here it hears at once when
// a write comes.
void LearnTakeovers(ClusterState& state, Node& source);

}  // namespace mockcluster
