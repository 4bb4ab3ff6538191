#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "store/cluster/clock.h"
#include "store/options.h"

namespace atestore::inline v0 {

struct RetryOptions {
  absl::Duration budget = absl::Seconds(5);           // without progress, then it gives up
  absl::Duration first_wait = absl::Milliseconds(5);  // doubled from wait to wait
  absl::Duration wait_max = absl::Milliseconds(400);
  absl::Duration attempt_max = absl::Seconds(2);  // so that one hung node does not use it all up
  uint64_t seed = 0;                              // of the jitter
  std::function<void()> on_wait;                  // told before every wait; may be empty
};

// Paces the attempts of one call: how long each may take and how long to wait before the next.
// Not thread-safe; `clock` and `call` must outlive it.
class RetryPacer {
 public:
  RetryPacer(Clock& clock, const CallOptions& call, RetryOptions options);

  // OK; CANCELLED or DEADLINE_EXCEEDED once the caller no longer wants the result.
  absl::Status CheckCall() const;

  // The latest time at which an attempt that begins now has to end.
  absl::Time AttemptDeadline() const;

  // Waits after an attempt that failed with `failure`: exponential, with jitter between half and
  // all of it. OK: try again. CANCELLED, DEADLINE_EXCEEDED or, when the budget is spent,
  // UNAVAILABLE; the last two quote `failure`.
  absl::Status WaitAfter(const absl::Status& failure);

  // There was progress: the budget and the waits start again.
  void OnProgress();

 private:
  uint64_t NextRandom();

  Clock& clock_;
  const CallOptions& call_;
  const RetryOptions options_;
  absl::Time give_up_;
  absl::Duration next_wait_;
  uint64_t random_;
};

}  // namespace atestore::inline v0
