#pragma once

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// A replica takes the role of its primary. Contracts as the functions of the same name in
// cluster.h: each logs its line and, where it may have changed a view, calls AfterEvent().
namespace mockcluster::inline v0 {

absl::Status Failover(ClusterState& state, NodeIndex replica, FailoverKind kind);
// How a promoted replica gets its config epoch.
enum class Promotion {
  kElection,  // a new greatest epoch
  kTakeover,  // a new epoch only if it does not have the greatest one already
};
// The replica takes its primary's role and slots in its own view; other nodes learn of it by
// gossip.
void Promote(ClusterState& state, Node& replica, Promotion promotion);

}  // namespace mockcluster::inline v0
