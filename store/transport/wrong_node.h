#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "core/shard_request.h"

namespace atestore::inline v0 {

// UNAVAILABLE: the node with the id `found` answers at the endpoint of `request`, which is for
// another one. Names the address and both ids.
absl::Status WrongNodeError(const ShardRequest& request, std::string_view found);

}  // namespace atestore::inline v0
