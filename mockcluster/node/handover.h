#pragma once

#include "mockcluster/node/cluster_state.h"

// What the failover of a primary would do to open slots.
namespace mockcluster {

// Marks of a node are lost with its role on Redis 7.0: a source that loses them says nil to what
// has moved.
bool LosesMarks(const ClusterState& state, const Node& primary);

// A slot moves to it key by key. Its failover sends clients in a circle: until the source hears of
// it, or for good on Redis 7.0.
bool IsDestination(const ClusterState& state, const Node& primary);

// Its failover loses nothing, and no client is sent in a circle by it.
bool MayHandOver(const ClusterState& state, const Node& primary);

// A replica that has all data of its primary, which owns slots; both are in reach.
bool IsHeir(const ClusterState& state, const Node& replica);

}  // namespace mockcluster
