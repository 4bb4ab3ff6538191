#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/cluster/cluster_client.h"

namespace atestore::inline v0 {

struct ShardHealth;

// Asks every primary, each by itself, as CheckCluster() does. An error when no view of the cluster
// can be read, or slots have no owner. A topology that cannot be refreshed in time is used as it
// was.
absl::StatusOr<std::vector<ShardHealth>> CheckShards(ClusterClient& client, absl::Time deadline);

// OK when every slot has an owner that answers and lets this store read and list all that it needs:
// the contract of ActorStore::CheckHealth(). Changes no data, so whether it may write is not known.
absl::Status CheckCluster(ClusterClient& client, absl::Time deadline);

}  // namespace atestore::inline v0
