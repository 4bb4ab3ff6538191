#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/resp.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// Sends `request` and collects its replies (error replies too), one for each command. Otherwise the
// failure as ReplyObserver::OnFailure() has it, with the name of the node; the commands may or may
// not have been executed then.
absl::StatusOr<std::vector<Reply>> ExecuteAt(ShardTransport& transport, const ShardRequest& request,
                                             absl::Time deadline);

}  // namespace atestore::inline v0
