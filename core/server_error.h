#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/refusal_table.h"
#include "core/slot.h"
#include "core/topology.h"

namespace atestore {

// What is kept of an error's text: it goes into messages for people.
inline constexpr size_t kServerErrorTextMax = 512;

struct ServerError {
  ServerErrorKind kind = ServerErrorKind::kOther;
  Slot slot = 0;      // kMoved and kAsk
  Endpoint endpoint;  // kMoved and kAsk: where to go
  std::string text;   // as the server sent it, at most kServerErrorTextMax bytes
};

// Reads the text of an error reply (without its leading '-') that came from `asked`, whose host
// stands in where a redirect names none. A redirect that leads nowhere is kUnknown.
ServerError ParseServerError(std::string_view text, const Endpoint& asked);

// The row of the table for this error.
const Refusal& RefusalFor(const ServerError& error);

// True when the same command may succeed later or elsewhere, so that it is worth a retry.
bool IsTransient(ServerErrorKind kind);

// The code of the error's row, UNAVAILABLE exactly when it is transient, never INTERNAL; the
// message names the node and quotes the error.
absl::Status ToStatus(const ServerError& error, const Endpoint& asked);

}  // namespace atestore
