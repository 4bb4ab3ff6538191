#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/interruption.h"

namespace atestore::cli {

// The time limit of an attempt whose response does not grow with the cluster.
inline constexpr absl::Duration kAttemptTime = absl::Seconds(30);

// Retries calls after a transient failure: the service restarts, its cluster fails over, it is
// busy, or it closes the connection (CANCELLED without a local cancellation). Remembers whether the
// service was ever reached: until then, a connection failure means a wrong address rather than a
// restart, and the retrier gives up quickly. Not thread-safe.
class Retrier {
 public:
  // No call begins after `deadline` or takes longer than `attempt_time`. `on_wait` is called once
  // when a series of failures lasts for more than a second.
  Retrier(Interruption& interruption, absl::Time deadline, absl::Duration attempt_time,
          std::function<void(const absl::Status&)> on_wait)
      : interruption_(interruption),
        deadline_(deadline),
        attempt_time_(attempt_time),
        on_wait_(std::move(on_wait)) {}

  // Calls `attempt` with the deadline of the attempt until it returns OK or a permanent error, its
  // patience or the time runs out, or the user interrupts. Returns the last status.
  absl::Status Run(const std::function<absl::Status(absl::Time)>& attempt);

  // Whether the service has ever answered this retrier, or another one that reported it.
  bool reached() const { return reached_; }
  void set_reached(bool reached) { reached_ = reached; }

 private:
  Interruption& interruption_;
  const absl::Time deadline_;
  const absl::Duration attempt_time_;
  const std::function<void(const absl::Status&)> on_wait_;
  bool reached_ = false;
};

}  // namespace atestore::cli
