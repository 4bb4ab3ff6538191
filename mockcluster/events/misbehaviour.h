#pragma once

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

namespace mockcluster::inline v0 {

// CauseFault() (faults.h) for the faults for which IsMisbehaviour() is true.
absl::Status CauseMisbehaviour(ClusterState& state, Random& random, Fault fault);

}  // namespace mockcluster::inline v0
