#pragma once

#include "mockcluster/node/cluster_state.h"

// Predicates on what the failover of a primary would do to open slots.
namespace mockcluster::inline v0 {

// True if the failover of `primary` loses marks, as on Redis 7.0. A source without marks answers
// nil for keys that have moved.
bool LosesMarks(const ClusterState& state, const Node& primary);

// True if a slot is moving to `primary` key by key. Its failover causes a redirect loop for
// clients: until the source learns of it, or for ever on Redis 7.0.
bool IsDestination(const ClusterState& state, const Node& primary);

// True if the failover of `primary` loses nothing and causes no redirect loop.
bool CanFailOverSafely(const ClusterState& state, const Node& primary);

// True if `replica` has all data of its primary, the primary owns slots, and both are reachable.
bool CanTakeOver(const ClusterState& state, const Node& replica);

}  // namespace mockcluster::inline v0
