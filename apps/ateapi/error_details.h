#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace atestore {

// What a caller is told of `status`, a failure of the store. That Redis refuses this service (its
// password, its permissions, its certificates) is not the caller's to mend: UNAVAILABLE, with a
// reason that says so. Everything else stays as it is.
absl::Status ForCaller(const absl::Status& status);

// How long a caller should wait before it tries again what `status` refused; zero when waiting
// does not help.
absl::Duration RetryDelay(const absl::Status& status);

// The value of the trailer grpc-status-details-bin for `status`, not OK: a serialized
// google.rpc.Status with an ErrorInfo (always), a BadRequest (when the status names a request
// field) and a RetryInfo (when RetryDelay() is not zero).
std::string SerializedErrorDetails(const absl::Status& status);

// The ErrorInfo reason of `status`, not OK: the one attached to it, else the name of its code.
std::string ErrorReason(const absl::Status& status);

}  // namespace atestore
