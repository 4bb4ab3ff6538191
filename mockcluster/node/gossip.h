#pragma once

#include "mockcluster/node/cluster_state.h"

// Gossip: a claim of one node, delivered to another node, changes that node's view.
namespace mockcluster::inline v0 {

// Whether `to` can receive the last claim of `from` and has not received it yet.
bool HasNews(const Node& from, const Node& to);
// Delivers that claim with all its consequences: slots change owner in the receiver's view, keys of
// lost slots are deleted, and a primary that lost its last slot becomes a replica.
void DeliverNews(ClusterState& state, Node& from, Node& to);
// Delivers all pending claims to `node`.
void HearAll(ClusterState& state, Node& node);
// Delivers one pending claim, drawn from the seed. False: there is none.
bool GossipOnce(ClusterState& state);
// Whether others can reach the node.
bool InTouch(const Node& node);
// Whether the node can win an election or hand over: it is in touch and hears the others' answers.
bool CanNegotiate(const Node& node);
// Whether the replica can ask for votes. A server that loads its data set does not: it runs no
// cluster cron, and answers LOADING to CLUSTER FAILOVER.
bool CanBeElected(const ClusterState& state, const Node& replica);

// Every node marks the nodes that are dead or cut off from it as failed, if they are for at least
// `timeout_ms`.
void NoticeFailures(ClusterState& state, int64_t timeout_ms = 0);
// Delivers all claims until no view changes.
void DeliverAllNews(ClusterState& state);
// What depends on the views: attached replicas, and cluster_state.
void RefreshStates(ClusterState& state);
// Delivers everything until no view changes, and marks dead and cut-off nodes as failed.
void SettleViews(ClusterState& state);

// Call this at the end of every event. Updates what depends on the views (cluster state, attached
// replicas) and, with GossipMode::kImmediate, delivers all claims, now or after the gossip delay.
void AfterEvent(ClusterState& state);

// The node drops its marks and follows `primary`. It keeps its own data if `has_its_data`.
void BecomeReplica(ClusterState& state, Node& node, NodeIndex primary, bool has_its_data);

}  // namespace mockcluster::inline v0
