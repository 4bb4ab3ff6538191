#pragma once

#include <string>

#include "core/resp.h"
#include "core/topology.h"

namespace atestore::inline v0 {

// Commands for one node, sent back to back on one connection. No other request's commands come
// between them, so MULTI … EXEC and ASKING + command are safe inside one request.
struct ShardRequest {
  Endpoint endpoint;
  Pipeline pipeline;
  // The id (CLUSTER MYID) of the node that must answer, because an address may pass to a node of
  // another cluster. Empty: any node that listens at `endpoint`. A transport fails the request with
  // UNAVAILABLE when the connection leads to another node.
  std::string node_id = {};
};

// Sets `request.node_id` to the id of the node that the topology has at the request's endpoint, or
// to an id that no node has if the topology has none there: the address may have passed to a node
// of another cluster. Call this before any request whose reply is taken as a fact about keys. A
// topology that does not know all members leaves requests to unknown nodes unchanged.
void DemandMember(const Topology& topology, ShardRequest& request);

}  // namespace atestore::inline v0
