#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/topology.h"

namespace atestore::inline v0 {

// The members of the cluster as one node sees them, from the text of CLUSTER NODES. CLUSTER SLOTS
// omits primaries without slots, but a slot may be migrating to one.
struct ClusterMembers {
  std::string myself;              // the id of the node that was asked
  std::vector<ClusterNode> nodes;  // a node with a host name appears twice: by name and by address

  // Where the text has no host, the host of `asked` is used. Omits nodes that have no address or
  // are in handshake. DATA_LOSS when the text has no `myself` line or too many nodes.
  static absl::StatusOr<ClusterMembers> FromClusterNodes(std::string_view text,
                                                         const Endpoint& asked);
};

}  // namespace atestore::inline v0
