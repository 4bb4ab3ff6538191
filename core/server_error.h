#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/slot.h"
#include "core/topology.h"

namespace atestore {

// What an error reply of a Redis Cluster node asks its client to do.
enum class ServerErrorKind {
  kMoved,        // another node owns the slot, for good
  kAsk,          // the slot is in migration and the key is not (or no longer) here
  kTryAgain,     // several keys of a slot in migration, not all of them here
  kClusterDown,  // the slot has no owner, or the node is cut off from the cluster
  kLoading,      // the node loads its data set
  kMasterDown,   // a replica without its primary
  kReadOnly,     // a write on a replica
  kBusy,         // a script runs
  kExecAbort,    // EXEC after an error while queueing: the cause came earlier
  kWrongType,    // the key holds another type
  kNoAuth,       // NOAUTH, WRONGPASS
  kNoPermission,
  kNotCluster,  // cluster support is disabled
  kOther,
};

// What is kept of an error's text: it goes into messages for people.
inline constexpr size_t kServerErrorTextMax = 512;

struct ServerError {
  ServerErrorKind kind = ServerErrorKind::kOther;
  Slot slot = 0;      // kMoved and kAsk
  Endpoint endpoint;  // kMoved and kAsk: where to go
  std::string text;   // as the server sent it, at most kServerErrorTextMax bytes
};

// Reads the text of an error reply (without its leading '-') that came from `asked`, whose host
// stands in where a redirect names none. A malformed redirect is kOther.
ServerError ParseServerError(std::string_view text, const Endpoint& asked);

// True when the same command may succeed later or elsewhere, so that it is worth a retry.
bool IsTransient(ServerErrorKind kind);

// UNAVAILABLE when transient, UNAUTHENTICATED, PERMISSION_DENIED, FAILED_PRECONDITION (not a
// cluster) or INTERNAL otherwise; the message names the node and quotes the error.
absl::Status ToStatus(const ServerError& error, const Endpoint& asked);

}  // namespace atestore
