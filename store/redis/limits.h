#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace atestore::inline v0 {

// Limits of one transport. A request over one of them fails with UNAVAILABLE; nothing was sent.
inline constexpr size_t kPendingCommandsMax = size_t{1} << 20;  // unanswered, on a connection
inline constexpr size_t kPendingBytesMax = size_t{64} << 20;    // unsent, on a connection
inline constexpr size_t kConnectionsMax = 1024;                 // open, in all
inline constexpr size_t kIdleExclusiveMax = 16;                 // kept for reuse, to one node
// A connection that nobody used for so long is closed.
inline constexpr absl::Duration kIdleTime = absl::Minutes(5);
// After a failed connect the node is not tried again for about this long, doubling up to the
// longer one; requests to it fail at once meanwhile.
inline constexpr absl::Duration kBackOffMin = absl::Milliseconds(20);
inline constexpr absl::Duration kBackOffMax = absl::Milliseconds(500);

}  // namespace atestore::inline v0
