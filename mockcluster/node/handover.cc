#include "mockcluster/node/handover.h"

#include <algorithm>

#include "mockcluster/node/data.h"
#include "mockcluster/node/gossip.h"

namespace mockcluster::inline v0 {
namespace {

// Marks of every node follow the failovers of others.
bool AllFollow(const ClusterState& state) {
  return std::all_of(state.nodes.begin(), state.nodes.end(), [](const auto& node) {
    return node->traits().marks_follow_failover && !node->deaf;
  });
}

}  // namespace

bool LosesMarks(const ClusterState& state, const Node& primary) {
  return !primary.view.migrating_to.empty() &&
         std::any_of(primary.replicas.begin(), primary.replicas.end(), [&](NodeIndex replica) {
           return !ReplicatesMarks(primary, state.node(replica));
         });
}

bool IsDestination(const ClusterState& state, const Node& primary) {
  if (!primary.view.importing_from.empty()) return true;
  return std::any_of(state.nodes.begin(), state.nodes.end(), [&primary](const auto& source) {
    const auto& marks = source->view.migrating_to;
    return std::any_of(marks.begin(), marks.end(),
                       [&primary](const auto& mark) { return mark.second == primary.index; });
  });
}

bool CanFailOverSafely(const ClusterState& state, const Node& primary) {
  if (LosesMarks(state, primary)) return false;
  const bool heard_at_once = state.options.gossip == GossipMode::kImmediate && AllFollow(state);
  return heard_at_once || !IsDestination(state, primary);
}

bool CanTakeOver(const ClusterState& state, const Node& replica) {
  if (!replica.view.IsReplica() || !CanBeElected(state, replica)) return false;
  if (!replica.link.backlog.empty() || replica.link.paused) return false;
  const Node& primary = state.node(*replica.view.me().primary);
  return primary.process != nullptr && !primary.isolated && !primary.view.IsReplica() &&
         replica.link.primary_serial == primary.process->serial &&
         primary.view.CountSlots(primary.index) > 0;
}

}  // namespace mockcluster::inline v0
