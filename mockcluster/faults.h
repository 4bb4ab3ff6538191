#pragma once

#include <optional>

#include "absl/status/status.h"
#include "mockcluster/cluster_state.h"

namespace mockcluster {

// Causes one fault at a place drawn from `random`. FAILED_PRECONDITION, and nothing changed, when
// it cannot happen in this state. Faults of a connection need `client`.
absl::Status CauseFault(ClusterState& state, Random& random, Fault fault,
                        std::optional<ClientId> client);

// Throws the dice of the running plan before a command of `client`.
void RunFaultPlan(ClusterState& state, ClientId client);

}  // namespace mockcluster
