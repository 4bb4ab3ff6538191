#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace atestore::inline v0 {

// What an error reply of a Redis Cluster node asks its client to do.
enum class ServerErrorKind : uint8_t {
  kMoved,           // another node owns the slot, for good
  kAsk,             // the slot is in migration and the key is not (or no longer) here
  kTryAgain,        // a command with several keys of a slot in migration, not all of them here
  kClusterDown,     // the slot has no owner, or the node is cut off from the cluster
  kLoading,         // the node is loading its data set
  kMasterDown,      // a replica without its primary
  kReadOnly,        // a write on a replica
  kBusy,            // a script is running
  kExecAbort,       // EXEC after an error while queueing: the cause came earlier
  kTooManyClients,  // maxclients; the server closes the connection
  kDenied,          // protected mode; the server closes the connection
  kWritesRefused,   // NOREPLICAS, MISCONF: no writes for now
  kOutOfMemory,     // maxmemory is reached; Redis 7.0 then refuses every command inside MULTI
  kWrongType,       // the key holds another type
  kNoAuth,          // NOAUTH, WRONGPASS
  kNoPermission,
  kNotCluster,  // cluster support is disabled
  kOther,       // refused permanently, for a reason that only the text tells
  kUnknown,     // a code or a redirect that this build does not understand
};

// What to do about a refusal.
enum class RefusalMeaning : uint8_t {
  kElsewhere,  // send it to the node that the reply names
  kWait,       // the same command may succeed later
  kForGood,    // the same command fails until somebody changes something
};

// Whether the refused command was executed.
enum class RefusalOutcome : uint8_t { kNotExecuted, kUnknown };

// One row of the table of everything that a server may answer instead of a result.
struct Refusal {
  std::string_view prefix;  // of the text, without '-'. Compared as whole words, unless it ends in
                            // "*". Empty: matches every text
  ServerErrorKind kind;
  RefusalMeaning meaning;
  RefusalOutcome outcome;
  absl::StatusCode code;
  std::string_view reason;  // for the ErrorInfo
  std::string_view advice;  // for the operator; may be empty
};

// All rows; the first one that matches applies. docs/operations.md shows them.
std::span<const Refusal> Refusals();

// The row for the text of an error reply. Never fails: the last row matches everything.
const Refusal& FindRefusal(std::string_view text);

// The first row of this kind.
const Refusal& RefusalOf(ServerErrorKind kind);

// The row as a line of the table in docs/operations.md.
std::string ToTableLine(const Refusal& row);

}  // namespace atestore::inline v0
