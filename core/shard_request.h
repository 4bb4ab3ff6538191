#pragma once

#include "core/resp.h"
#include "core/topology.h"

namespace atestore {

// Commands for one node, sent back to back on one connection: nothing of anybody else comes
// between them, so MULTI … EXEC and ASKING + command are safe inside one request.
struct ShardRequest {
  Endpoint endpoint;
  Pipeline pipeline;
};

}  // namespace atestore
