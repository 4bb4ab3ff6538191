#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// What operators or failures do to single slots and nodes. Contracts as the functions of the
// same name in cluster.h: each logs its line and, where it may have changed a view, calls
// AfterEvent().
namespace mockcluster::inline v0 {

absl::Status UnassignSlot(ClusterState& state, Slot slot);
absl::Status AssignSlot(ClusterState& state, Slot slot, NodeIndex node);
absl::Status SetIsolated(ClusterState& state, NodeIndex node, bool isolated);
absl::Status SetDeaf(ClusterState& state, NodeIndex node, bool deaf);
absl::Status Configure(ClusterState& state, NodeIndex node, const NodeSettings& settings);
absl::Status SetHung(ClusterState& state, NodeIndex node, bool hung);
void EndMisbehaviour(ClusterState& state);
absl::Status Pause(ClusterState& state, NodeIndex node, int64_t duration_ms);
absl::Status SetReplyDelay(ClusterState& state, NodeIndex node, int64_t delay_ms);
absl::Status SetLoading(ClusterState& state, NodeIndex node, int64_t duration_ms);
absl::Status SetClusterDown(ClusterState& state, NodeIndex node, int64_t duration_ms);
absl::Status SetReplicationPaused(ClusterState& state, NodeIndex replica, bool paused);
absl::Status ForceResize(ClusterState& state, NodeIndex node, ResizeDirection direction);
void AdvanceTime(ClusterState& state, int64_t duration_ms);

}  // namespace mockcluster::inline v0
