#include "core/shard_request.h"

namespace atestore::inline v0 {
namespace {

// No node has this id, so any node that answers is refused.
constexpr char kNoNode[] = "none";

}  // namespace

void DemandMember(const Topology& topology, ShardRequest& request) {
  if (const std::string* id = topology.IdAt(request.endpoint)) {
    request.node_id = *id;
  } else if (topology.IsStranger(request.endpoint)) {
    request.node_id = kNoNode;
  }
}

}  // namespace atestore::inline v0
