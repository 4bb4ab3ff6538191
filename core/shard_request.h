#pragma once

#include <string>

#include "core/endpoint.h"
#include "core/resp.h"

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

}  // namespace atestore::inline v0
