#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// A process that reads its data set again, as DEBUG RELOAD does: it goes on as the same process,
// and has only part of its keys meanwhile.
namespace mockcluster {

absl::Status Reload(ClusterState& state, NodeIndex node, int64_t duration_ms);

// All keys that the process has, also those that it has not loaded yet.
Keyspace& WholeData(Process& process);
// Loads the rest at once: its time has come, or its data are about to change.
void FinishReload(Process& process);

}  // namespace mockcluster
