#include "mockcluster/node/preconditions.h"

#include <string>

namespace mockcluster::inline v0 {

absl::Status Refused(std::string_view event, std::string_view why) {
  std::string message(event);
  message += ": ";
  message += why;
  return absl::FailedPreconditionError(message);
}

absl::Status ExpectAlive(const ClusterState& state, NodeIndex node, std::string_view event) {
  if (Position(node) >= state.nodes.size()) return Refused(event, "no such node");
  if (state.node(node).process == nullptr) return Refused(event, LogName(node) + " is dead");
  return absl::OkStatus();
}

absl::Status ExpectPrimary(const ClusterState& state, NodeIndex node, std::string_view event) {
  if (absl::Status alive = ExpectAlive(state, node, event); !alive.ok()) return alive;
  if (state.node(node).view.IsReplica()) return Refused(event, LogName(node) + " is a replica");
  return absl::OkStatus();
}

}  // namespace mockcluster::inline v0
