#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "store/actor_store.h"
#include "store/cluster/cluster_client.h"

namespace atestore::inline v0 {

// Into how many parts a listing is cut for a caller who asks for `partition_count`: as many as the
// cluster has primaries for 0, at most kPartitionsMax. INVALID_ARGUMENT; UNAVAILABLE when no node
// tells the number of primaries.
absl::StatusOr<size_t> PartitionCountOf(int32_t partition_count, ClusterClient& client,
                                        const CallOptions& call);

// How many parts a wide read has in hand at a time. UNAVAILABLE as above.
absl::StatusOr<size_t> WidthOf(const WideRead& wide, ClusterClient& client,
                               const CallOptions& call);

// The size of the pages of a wide read: less than was asked for where all that is read ahead of the
// caller would be more than his rate allows in about a second. INVALID_ARGUMENT for a negative
// rate.
absl::StatusOr<size_t> WidePageSize(const WideRead& wide, size_t width, size_t page_size);

// Into how many parts each of so many tokens is cut, so that there are enough for the width.
inline size_t CutsOf(size_t tokens, size_t width) { return (width + tokens - 1) / tokens; }

}  // namespace atestore::inline v0
