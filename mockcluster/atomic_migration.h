#pragma once

#include "mockcluster/cluster_state.h"

namespace mockcluster {

// Throws away the hidden copies of all atomic migrations from or to this node: they do not survive
// the end of either process or role. Copies whose slot was taken over are not hidden any more.
void AbortAtomicMigrationsOf(ClusterState& state, Node& node);

// A source holds writes back from the takeover until it has heard of it; here it hears at once when
// a write comes.
void LearnTakeovers(ClusterState& state, Node& source);

}  // namespace mockcluster
