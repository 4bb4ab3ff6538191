#include "mockcluster/node/failover.h"

#include <algorithm>
#include <string>

#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/lifecycle.h"
#include "mockcluster/node/preconditions.h"

namespace mockcluster::inline v0 {

void Promote(ClusterState& state, Node& replica, Promotion promotion) {
  ClusterView& view = replica.view;
  const NodeIndex old_primary = *view.me().primary;
  view.peer(replica.index).primary.reset();
  view.peer(replica.index).config_epoch = 0;
  if (promotion == Promotion::kElection) {
    // A majority votes, so that no other election has this epoch.
    for (const auto& node : state.nodes) {
      view.current_epoch = std::max(view.current_epoch, node->view.GreatestConfigEpoch());
    }
    ++view.current_epoch;
    view.peer(replica.index).config_epoch = view.current_epoch;
  } else {
    view.BumpConfigEpoch();
  }
  if (ReplicatesMarks(state.node(old_primary), replica)) {
    CopyMarks(state.node(old_primary).view, view);
  }
  view.owners.Replace(old_primary, replica.index);
  std::erase_if(view.importing_from,
                [&view](const auto& mark) { return view.Owner(mark.first) == view.self; });
  ++view.version;
  replica.link = {};
}

absl::Status Failover(ClusterState& state, NodeIndex replica_index, FailoverKind kind) {
  constexpr std::string_view kEvent = "failover";
  if (absl::Status alive = ExpectAlive(state, replica_index, kEvent); !alive.ok()) return alive;
  Node& replica = state.node(replica_index);
  if (!CanBeElected(state, replica)) {
    return Refused(kEvent, LogName(replica_index) +
                               " does not hear the others, or they it, or it loads its data");
  }
  // Primaries vote only for a replica that knows the present owners of the slots it claims.
  HearAll(state, replica);
  if (!replica.view.IsReplica()) return Refused(kEvent, LogName(replica_index) + " is a primary");
  Node& primary = state.node(*replica.view.me().primary);
  const bool forced = kind == FailoverKind::kForced;
  const bool partition = kind == FailoverKind::kPartition;
  const bool negotiated = !forced && !partition;
  if (negotiated) HearAll(state, primary);
  // What they heard may have given the replica another primary, whose data it needs first.
  SyncReplicas(state);
  if (replica.view.CountSlots(primary.index) == 0) {
    return Refused(kEvent, LogName(primary.index) + " has no slots");
  }
  if (primary.view.IsReplica() || !replica.link.primary_serial ||
      (primary.process != nullptr && replica.link.primary_serial != primary.process->serial)) {
    return Refused(kEvent, LogName(replica_index) + " has not synchronised");
  }
  if (partition != primary.isolated) {
    return Refused(kEvent, LogName(primary.index) + (partition ? " is in reach" : " is isolated"));
  }
  if (negotiated && !CanNegotiate(primary)) {
    return Refused(kEvent, LogName(primary.index) + " is not in reach");
  }
  if (!forced) {
    if (replica.link.paused) DrainBacklog(state, replica);
  } else if (primary.process != nullptr) {
    if (absl::Status killed = Kill(state, primary.index); !killed.ok()) return killed;
  }
  if (partition) NoticeFailures(state);
  Promote(state, replica, Promotion::kElection);
  constexpr std::string_view kHow[] = {"graceful ", "forced ", "by partition ", "unheard "};
  state.Log("failover " + std::string(kHow[static_cast<size_t>(kind)]) + LogName(primary.index) +
            " to " + LogName(replica_index));
  if (kind == FailoverKind::kGraceful) {
    // The old primary holds its clients back until it has turned replica; it has all the data.
    DeliverNews(state, replica, primary);
    if (primary.view.IsReplica()) primary.link.primary_serial = replica.process->serial;
  }
  if (kind == FailoverKind::kUnheard) {
    AbortAtomicMigrationsOf(state, primary);
    BeginHandover(state, primary, replica);
  }
  AfterEvent(state);
  return absl::OkStatus();
}

}  // namespace mockcluster::inline v0
