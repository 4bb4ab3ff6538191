#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace atestore {

// What an error reply of a Redis Cluster node asks its client to do.
enum class ServerErrorKind : uint8_t {
  kMoved,           // another node owns the slot, for good
  kAsk,             // the slot is in migration and the key is not (or no longer) here
  kTryAgain,        // several keys of a slot in migration, not all of them here
  kClusterDown,     // the slot has no owner, or the node is cut off from the cluster
  kLoading,         // the node loads its data set
  kMasterDown,      // a replica without its primary
  kReadOnly,        // a write on a replica
  kBusy,            // a script runs
  kExecAbort,       // EXEC after an error while queueing: the cause came earlier
  kTooManyClients,  // maxclients; the server closes the connection
  kDenied,          // protected mode; the server closes the connection
  kWritesRefused,   // NOREPLICAS, MISCONF: no writes for now
  kOutOfMemory,     // maxmemory is reached; Redis 7.0 then refuses every command inside MULTI
  kWrongType,       // the key holds another type
  kNoAuth,          // NOAUTH, WRONGPASS
  kNoPermission,
  kNotCluster,  // cluster support is disabled
  kOther,       // refused for good, for a reason that only the text tells
  kUnknown,     // a code or a redirect that this build does not understand
};

// What to do about a refusal.
enum class RefusalMeaning : uint8_t {
  kElsewhere,  // ask the node that it names
  kWait,       // the same may succeed later
  kForGood,    // the same will not succeed until somebody changes something
};

// What became of the refused command.
enum class RefusalOutcome : uint8_t { kNotExecuted, kUnknown };

// One row of the table of everything that a server may answer instead of a result.
struct Refusal {
  std::string_view prefix;  // of the text, without '-'; whole words, or anything after a "*" at
                            // its end; empty: everything else
  ServerErrorKind kind;
  RefusalMeaning meaning;
  RefusalOutcome outcome;
  absl::StatusCode code;
  std::string_view reason;  // of the ErrorInfo
  std::string_view advice;  // for the operator; may be empty
};

// All rows; the first one that fits counts. docs/operations.md shows them.
std::span<const Refusal> Refusals();

// The row of an error reply's text. Never fails: the last row fits everything.
const Refusal& FindRefusal(std::string_view text);

// A row of this kind: the first one.
const Refusal& RefusalOf(ServerErrorKind kind);

// The row as docs/operations.md has it.
std::string ToTableLine(const Refusal& row);

}  // namespace atestore
