#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/server_error.h"
#include "core/shard_request.h"

namespace atestore {

// Why a read could not be completed, and what that says about where to go.
struct ReadError {
  ServerErrorKind kind = ServerErrorKind::kOther;
  Slot slot = 0;          // kMoved and kAsk
  Endpoint asked;         // the node that answered, or did not
  Endpoint redirect;      // kMoved and kAsk
  absl::Status status;    // for the caller, when nothing helps
  bool transient = true;  // may be gone when tried again
  bool at_once = false;   // … without waiting: the answer tells where to go
  bool lost = false;      // the connection, perhaps because the replies were too large for it

  static ReadError FromError(const ServerError& error, const Endpoint& asked);
  static ReadError FromFailure(const absl::Status& status, const Endpoint& asked);
  // The cluster changed while it was being read; nobody is to blame.
  static ReadError Reread(const Endpoint& asked, std::string_view what);
  // Nobody is known to be the stable owner of `slot`, so nothing can be said about its keys until
  // something changes: wait, then ask again.
  static ReadError NoStableOwner(const Endpoint& asked, Slot slot, std::string_view why);
};

// What the reply to CLUSTER INFO says against reading from this node; nothing: the node is in a
// cluster that is ok.
std::optional<ReadError> ReadErrorOfClusterInfo(const ReplyView& reply, const Endpoint& asked);

// One part of a listing: rounds of requests, whose replies are fed back in any interleaving. A
// round is over when each of its requests has all its replies or failed, and More() was empty.
class ListingStep {
 public:
  virtual ~ListingStep() = default;
  // The requests of the next round, numbered from 0, to be sent all at once; empty: the step is
  // done.
  virtual std::vector<ShardRequest> NextRound() = 0;
  // Further requests of this round; their numbers continue. To be called after replies, and when
  // nothing is in flight.
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

  // Takes the reply to command `command`, counted from MULTI. The results, one for each queued
  // command, when it was EXEC and the transaction ran; valid as long as `reply`.
  std::optional<ReplyView> OnReply(size_t command, const ReplyView& reply, const Endpoint& asked);

  // The first error that says why the transaction did not run.
  const std::optional<ServerError>& error() const { return error_; }

 private:
  size_t queued_;
  std::optional<ServerError> error_;
};

}  // namespace atestore
