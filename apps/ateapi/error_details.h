#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace atestore {

// Converts `status`, a failure of the store, into what the caller gets. If Redis refuses this
// service (its password, permissions or certificates), the caller cannot fix that and gets
// UNAVAILABLE with a reason that says so. Every other status stays unchanged.
absl::Status ForCaller(const absl::Status& status);

// A longer message is truncated. It may quote the request, and travels in trailers, twice more in
// the details; with more than 8 KiB of them a client drops the answer and takes it for overload.
inline constexpr size_t kMessageBytesMax = 1024;

// The message of `status` for callers and the log: Printable(), and at most kMessageBytesMax bytes.
std::string MessageOf(const absl::Status& status);

// How long a caller should wait before it retries after `status`; zero when waiting does not help.
absl::Duration RetryDelay(const absl::Status& status);

// The value of the trailer grpc-status-details-bin for `status`, not OK: a serialized
// google.rpc.Status with an ErrorInfo (always), a BadRequest (when the status names a request
// field) and a RetryInfo (when RetryDelay() is not zero).
std::string SerializedErrorDetails(const absl::Status& status);

// The ErrorInfo reason of `status`, not OK: the attached reason, else the name of its code.
std::string ErrorReason(const absl::Status& status);

}  // namespace atestore
