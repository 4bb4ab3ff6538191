#pragma once

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// A replica takes the role of its primary. Contracts as the functions of the same name in
// cluster.h: each logs its line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster {

absl::Status Failover(ClusterState& state, NodeIndex replica, FailoverKind kind);
// How a replica comes by the epoch of its new role.
enum class Promotion {
  kElection,  // a new greatest epoch
  kTakeover,  // a new epoch only when it has not the greatest one
};
// The replica takes its primary's role and slots in its own view; everybody else hears of it.
void Promote(ClusterState& state, Node& replica, Promotion promotion);

}  // namespace mockcluster
