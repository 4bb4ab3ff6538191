#pragma once

#include <cstddef>
#include <optional>

#include "absl/status/status.h"

namespace atestore {

// A server closes a connection when a reply outgrows its client-output-buffer-limit, before or in
// the middle of the reply. To ask for the same again then never ends: ask for less. A server that
// died, or a network that broke, looks the same, and asking for less does no harm.

// `failure` marked: the server ended the connection when this request's reply was the next one, of
// which `bytes` had come.
absl::Status MarkLostReply(absl::Status failure, size_t bytes);

// The bytes, when MarkLostReply() made `failure`.
std::optional<size_t> LostReplyBytes(const absl::Status& failure);

}  // namespace atestore
