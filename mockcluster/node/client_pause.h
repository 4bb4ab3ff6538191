#pragma once

#include <cstdint>

#include "mockcluster/node/cluster_state.h"

// When a node lets the commands of its clients wait (pauseActions and its callers): after CLIENT
// PAUSE, and as a primary that hands over to its replica.
namespace mockcluster::inline v0 {

enum class PauseOf { kWrites, kEverything };

// Whether the node lets all commands wait, or those that may change data on replicas.
bool IsPaused(const ClusterState& state, const Node& node, PauseOf commands);

// CLIENT PAUSE. Of a pause that runs, the later end and the stricter kind stay.
void PauseClients(ClusterState& state, Node& node, PauseOf commands, int64_t until_ms);

// `primary` lets writes wait because its replica `heir` has been elected, until it learns of that.
void BeginHandover(ClusterState& state, Node& primary, const Node& heir);
// Tells the nodes about their successors whose time to wait is over; one whose successor has died
// executes writes again. Servers do so whether they have heard or not.
void EndHandovers(ClusterState& state);

}  // namespace mockcluster::inline v0
