#pragma once

#include "absl/status/status.h"

namespace atestore::inline v0 {

// Tells a failed request that never left this process from one that a server may have executed.
// A transport marks the former; everything unmarked has an unknown outcome. A server that replied
// with an error is neither: it refused the command and did not execute it.

// `failure` marked: no byte of the request reached a server.
absl::Status MarkNotSent(absl::Status failure);

// True when MarkNotSent() made `failure`, also after its code or message was rewritten with the
// payloads kept.
bool WasNotSent(const absl::Status& failure);

}  // namespace atestore::inline v0
