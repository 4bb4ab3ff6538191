#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/topology.h"

namespace atestore {

// Who belongs to the cluster, as one node knows it: the text of CLUSTER NODES. CLUSTER SLOTS leaves
// out primaries without slots, which a slot may be migrating to.
struct ClusterMembers {
  std::string myself;              // the id of the node that was asked
  std::vector<ClusterNode> nodes;  // a node with a host name is here twice, by its address too

  // `asked` stands in for a host that the text leaves open. Nodes that have no address or are still
  // shaking hands are left out. DATA_LOSS when the text has no own line or names too many nodes.
  static absl::StatusOr<ClusterMembers> FromClusterNodes(std::string_view text,
                                                         const Endpoint& asked);
};

}  // namespace atestore
