#pragma once

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

namespace mockcluster {

// CauseFault() (faults.h) for the faults for which IsMisbehaviour() is true.
absl::Status CauseMisbehaviour(ClusterState& state, Random& random, Fault fault);

}  // namespace mockcluster
