#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "mockcluster/node/cluster_state.h"

// Common preconditions of events. They return FAILED_PRECONDITION when the condition does not hold.
namespace mockcluster::inline v0 {

absl::Status Refused(std::string_view event, std::string_view why);
absl::Status ExpectAlive(const ClusterState& state, NodeIndex node, std::string_view event);
absl::Status ExpectPrimary(const ClusterState& state, NodeIndex node, std::string_view event);

}  // namespace mockcluster::inline v0
