#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/resp.h"
#include "core/shard_request.h"

namespace atestore::inline v0 {

// Receives the replies to a batch of requests. Called by one thread at a time, in command order
// within a request; requests to different nodes interleave.
class ReplyObserver {
 public:
  virtual ~ReplyObserver() = default;
  // The reply (an error reply too) to command `command` of request `request`, as soon as it is
  // complete. The view is valid only during this call.
  virtual void OnReply(size_t request, size_t command, const ReplyView& reply) = 0;
  // No (further) reply of request `request` will come, at most once for each: UNAVAILABLE (cannot
  // connect, connection lost, not a Redis server, LOADING during the handshake), DEADLINE_EXCEEDED,
  // UNAUTHENTICATED or PERMISSION_DENIED (AUTH refused), FAILED_PRECONDITION (TLS refused),
  // DATA_LOSS (not RESP). Its commands may or may not have been executed, unless WasNotSent()
  // says that they were not.
  virtual void OnFailure(size_t request, const absl::Status& status) = 0;
  // What else to send before Execute() returns: asked after the last reply to a request, where
  // replies come one by one also after the first, and not after a failure. These requests are
  // numbered on from the last one and share its deadline.
  virtual std::vector<ShardRequest> More() { return {}; }
  // True when the caller no longer waits: every request that has not ended fails at once, with
  // DEADLINE_EXCEEDED, and Execute() returns. What comes later is dropped; the commands may be
  // executed all the same, unless WasNotSent() says otherwise. Asked after the last reply to a
  // request and, while nothing comes, every kAbandonPoll; must be quick.
  virtual bool Abandon() { return false; }
};
// How long Execute() goes on at most after Abandon() has become true.
inline constexpr absl::Duration kAbandonPoll = absl::Milliseconds(20);

// The only way out of the store: carries commands to the nodes of a cluster and the replies back.
// It knows connections (their opening, TLS, authentication, pipelining, time limits, reopening),
// not slots, redirects or retries of commands: those belong to the layers above, so that the
// emulator proves them. Thread-safe.
class ShardTransport {
 public:
  virtual ~ShardTransport() = default;

  // `deadline` is a point of SteadyNow() (store/options.h).
  // Sends every request, all at once, then what the observer adds, and returns when each has all
  // its replies or has failed.
  // `observer` is called from any thread, never after Execute() returned. Requests to the same
  // endpoint keep their order. Execute() must not be called from inside `observer`.
  virtual void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                       ReplyObserver& observer) = 0;

  // A transport to the same cluster whose connections nobody else uses until it is destroyed (for
  // WATCH … MULTI … EXEC over several round trips). It never continues silently on another
  // connection to a node: when one was lost, even while nobody waited for a reply, at least one
  // request to that node fails with UNAVAILABLE, so that no WATCH is lost unnoticed. The original
  // must outlive it.
  virtual std::unique_ptr<ShardTransport> Exclusive() = 0;
};

// Tells a failed request that never left this process from one that a server may have executed.
// A transport marks the former; everything unmarked has an unknown outcome. A server that replied
// with an error is neither: it refused the command and did not execute it.

// `failure` marked: no byte of the request reached a server.
absl::Status MarkNotSent(absl::Status failure);

// True when MarkNotSent() made `failure`, also after its code or message was rewritten with the
// payloads kept.
bool WasNotSent(const absl::Status& failure);

}  // namespace atestore::inline v0
