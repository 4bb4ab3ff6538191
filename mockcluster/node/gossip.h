#pragma once

#include "mockcluster/node/cluster_state.h"

// How news spread: claims of one node, delivered to another one, change its view.
namespace mockcluster {

// Whether `to` has not heard the last claim of `from` and can hear it.
bool HasNews(const Node& from, const Node& to);
// Delivers it, with all that follows: slots change hands in the receiver's view, keys of lost slots
// are deleted, a primary that lost its last slot turns replica.
void DeliverNews(ClusterState& state, Node& from, Node& to);
// Delivers to `node` everything that others have to tell.
void HearAll(ClusterState& state, Node& node);
// Delivers one piece of news drawn from the seed. False: there is none.
bool GossipOnce(ClusterState& state);
// Every node marks those that are dead or cut off from it as failed.
void NoticeFailures(ClusterState& state);
// Delivers everything until no view changes, and marks dead and cut-off nodes as failed.
void SettleViews(ClusterState& state);

// To be called at the end of every event: what follows from the views (cluster state, replicas in
// touch), and with immediate gossip all news.
void AfterEvent(ClusterState& state);

// The node forgets its marks and follows `primary`. Keeps its data when `has_its_data`.
void BecomeReplica(ClusterState& state, Node& node, NodeIndex primary, bool has_its_data);

}  // namespace mockcluster
