#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/server_error.h"
#include "core/shard_request.h"

namespace atestore::inline v0 {

// Why a read could not be completed, and what to do about it.
struct ReadError {
  ServerErrorKind kind = ServerErrorKind::kOther;
  Slot slot = 0;          // kMoved and kAsk
  Endpoint asked;         // the node that the request was sent to
  Endpoint redirect;      // kMoved and kAsk
  absl::Status status;    // for the caller, if retrying does not help
  bool transient = true;  // a retry may succeed
  bool at_once = false;   // retry without waiting: the reply tells where to go
  bool lost = false;      // the connection was lost, perhaps because the replies were too large

  static ReadError FromError(const ServerError& error, const Endpoint& asked);
  static ReadError FromFailure(const absl::Status& status, const Endpoint& asked);
  // The cluster changed during the read: read again.
  static ReadError Reread(const Endpoint& asked, std::string_view what);
  // No node is known to be the stable owner of `slot`, so its keys are unknown until the cluster
  // changes: wait, then retry.
  static ReadError NoStableOwner(const Endpoint& asked, Slot slot, std::string_view why);
};

// What each request that reads keys asks first: whether the node sees its cluster in order, and
// whether it takes writes. During a graceful failover (CLUSTER FAILOVER), a primary holds writes
// back until it knows its successor, but answers reads without what the successor has been given.
// PFCOUNT reads one key and is held back like a write (flag CMD_MAY_REPLICATE), so a primary that
// answers it has not been replaced that way, and one that was replaced answers MOVED.
class PrimaryCheck {
 public:
  static constexpr size_t kCommands = 2;
  // `key` decides the slot for which the node must be the owner. It need not exist.
  static void AddTo(Pipeline& pipeline, std::string_view key);
  // Why the reply to command `command` of AddTo() forbids reading. nullopt: it does not.
  static std::optional<ReadError> ErrorIn(size_t command, const ReplyView& reply,
                                          const Endpoint& asked);

  // The parts, for requests that need something between them.
  static std::optional<ReadError> ErrorInClusterInfo(const ReplyView& reply, const Endpoint& asked);
  static std::optional<ReadError> ErrorInPfcount(const ReplyView& reply, const Endpoint& asked);
};

// One part of a listing: rounds of requests. Replies to different requests may arrive interleaved
// in any way. A round is over when each request has all its replies or has failed, and More()
// returned nothing.
class ListingStep {
 public:
  virtual ~ListingStep() = default;
  // The requests of the next round, numbered from 0, to send all at once. Empty: the step is done.
  virtual std::vector<ShardRequest> NextRound() = 0;
  // Further requests of this round; their numbers continue. Call it after replies, and when nothing
  // is in flight.
  virtual std::vector<ShardRequest> More() { return {}; }
  virtual void OnReply(size_t request, size_t command, const ReplyView& reply) = 0;
  virtual void OnFailure(size_t request, const absl::Status& status) = 0;
};

// Follows the replies to MULTI, some queued commands, EXEC.
class TransactionReplies {
 public:
  // Adds MULTI … EXEC around commands: Open(), the commands, Close().
  static void Open(Pipeline& pipeline) { pipeline.Add({"MULTI"}); }
  static void Close(Pipeline& pipeline) { pipeline.Add({"EXEC"}); }

  explicit TransactionReplies(size_t queued_commands) : queued_(queued_commands) {}

  // Takes the reply to command `command`, counted from MULTI. If that was EXEC and the transaction
  // ran, returns the results, one for each queued command; valid as long as `reply`.
  std::optional<ReplyView> OnReply(size_t command, const ReplyView& reply, const Endpoint& asked);

  // The first error: why the transaction did not run.
  const std::optional<ServerError>& error() const { return error_; }

 private:
  size_t queued_;
  std::optional<ServerError> error_;
};

}  // namespace atestore::inline v0
