#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// Makes a process reload its data set, as DEBUG RELOAD does: it stays the same process, and holds
// only part of its keys meanwhile. Contract as Cluster::Reload().
namespace mockcluster::inline v0 {

absl::Status Reload(ClusterState& state, NodeIndex node, int64_t duration_ms);

// All keys of the process, including those that it has not loaded yet.
Keyspace& WholeData(Process& process);
// Loads the rest at once, because the time is over or the data are about to change.
void FinishReload(Process& process);

}  // namespace mockcluster::inline v0
