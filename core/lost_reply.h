#pragma once

#include <cstddef>
#include <optional>

#include "absl/status/status.h"

namespace atestore::inline v0 {

// A server closes a connection, before or in the middle of a reply, when the reply exceeds its
// client-output-buffer-limit. Repeating the same request would fail for ever, so request less. A
// crashed server or a broken network looks the same; requesting less does no harm then.

// Returns `failure` with a mark: the server closed the connection while the reply to this request
// was due, after `bytes` bytes of it.
absl::Status MarkLostReply(absl::Status failure, size_t bytes);

// The `bytes` given to MarkLostReply(); nullopt when `failure` does not carry the mark.
std::optional<size_t> LostReplyBytes(const absl::Status& failure);

}  // namespace atestore::inline v0
