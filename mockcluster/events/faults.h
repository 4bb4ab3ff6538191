#pragma once

#include <optional>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

namespace mockcluster::inline v0 {

// Causes one fault at a place drawn from `random`. FAILED_PRECONDITION, with nothing changed, when
// it cannot happen in this state. Connection faults need `client`.
absl::Status CauseFault(ClusterState& state, Random& random, Fault fault,
                        std::optional<ClientId> client);

// Starts a plan, which may cause a fault before each command of a client. Replaces an earlier plan.
void BeginFaultPlan(ClusterState& state, const FaultPlan& plan);

}  // namespace mockcluster::inline v0
