#pragma once

#include <string>

#include "core/resp.h"
#include "core/topology.h"

namespace atestore {

// Commands for one node, sent back to back on one connection: nothing of anybody else comes
// between them, so MULTI … EXEC and ASKING + command are safe inside one request.
struct ShardRequest {
  Endpoint endpoint;
  Pipeline pipeline;
  // The cluster's id of the node that must answer (CLUSTER MYID): an address may pass to a node of
  // another cluster. Empty: any node that listens at `endpoint`. A transport fails the request with
  // UNAVAILABLE when the connection leads to another node.
  std::string node_id = {};
};

// Demands that the node answers which the topology has at the request's endpoint, and that nobody
// does where it has none: the address may have passed to a node of another cluster since it was
// learnt. What an endpoint says of keys counts only behind this. (A topology that does not know all
// members demands nothing of those that it does not know.)
void DemandMember(const Topology& topology, ShardRequest& request);

}  // namespace atestore
