#pragma once

#include "absl/status/statusor.h"
#include "core/page_token.h"
#include "store/options.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// What Open() of ActorStore and KeyListing checks: INVALID_ARGUMENT (INVALID_OPTION, with the
// field) where `transport` is null or `options` are not as store/options.h says. The result
// makes and reads page tokens with the keys in `options`.
absl::StatusOr<PageTokenCodec> CheckStore(const ShardTransport* transport,
                                          const StoreOptions& options);

}  // namespace atestore::inline v0
