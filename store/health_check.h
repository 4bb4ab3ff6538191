#pragma once

#include "absl/status/status.h"
#include "store/cluster_client.h"

namespace atestore {

// OK when every slot has an owner that answers and lets this store read and list all that it needs:
// the contract of ActorStore::CheckHealth(). Changes no data, so whether it may write is not known.
absl::Status CheckCluster(ClusterClient& client, absl::Time deadline);

}  // namespace atestore
