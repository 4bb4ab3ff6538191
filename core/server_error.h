#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/refusal_table.h"
#include "core/slot.h"
#include "core/topology.h"

namespace atestore::inline v0 {

// How much of an error's text is kept, in bytes: it goes into messages for people.
inline constexpr size_t kServerErrorTextMax = 512;

struct ServerError {
  ServerErrorKind kind = ServerErrorKind::kOther;
  Slot slot = 0;      // kMoved and kAsk
  Endpoint endpoint;  // kMoved and kAsk: where to go
  std::string text;   // as the server sent it, at most kServerErrorTextMax bytes
};

// Parses the text of an error reply (without its leading '-') from node `asked`. A redirect without
// a host means the host of `asked`. A redirect that cannot be parsed is kUnknown.
ServerError ParseServerError(std::string_view text, const Endpoint& asked);

// The row of the table for this error.
const Refusal& RefusalFor(const ServerError& error);

// True when the same command may succeed later or elsewhere, so that it is worth a retry.
bool IsTransient(ServerErrorKind kind);

// A status with the code of the error's row: UNAVAILABLE if and only if the error is transient, and
// never INTERNAL. The message names the node and quotes the error.
absl::Status ToStatus(const ServerError& error, const Endpoint& asked);

}  // namespace atestore::inline v0
