#pragma once

#include "mockcluster/node/cluster_state.h"

// What nodes do as time passes, without any operator (ClusterOptions::node_timeout_ms,
// gossip_delay_ms).
namespace mockcluster::inline v0 {

// Delivers gossip that is due, notices nodes that are out of reach for too long, and lets replicas
// take over from primaries that failed. To be called when time has advanced.
void LetNodesAct(ClusterState& state);

}  // namespace mockcluster::inline v0
