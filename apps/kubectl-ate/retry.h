#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/interruption.h"

namespace atestore::cli {

// For calls whose answer does not grow with the cluster.
inline constexpr absl::Duration kAttemptTime = absl::Seconds(30);

// Repeats calls that failed for a reason that passes: the service restarts, its cluster fails over,
// it is busy, it closes the connection (CANCELLED that nobody here asked for). Remembers whether
// the service was ever reached: until then, a connection that cannot be made is a wrong address
// rather than a restart, and is given up quickly. Not thread-safe.
class Retrier {
 public:
  // No call is begun after `deadline`, and none takes longer than `attempt_time`. `on_wait` is told
  // once for a series of failures that goes on for more than a second.
  Retrier(Interruption& interruption, absl::Time deadline, absl::Duration attempt_time,
          std::function<void(const absl::Status&)> on_wait)
      : interruption_(interruption),
        deadline_(deadline),
        attempt_time_(attempt_time),
        on_wait_(std::move(on_wait)) {}

  // Calls `attempt` with the deadline of the attempt until it returns OK or an error that does not
  // pass, patience or time runs out, or the user interrupts. The last status.
  absl::Status Run(const std::function<absl::Status(absl::Time)>& attempt);

  // Whether the service ever answered this retrier, or another one that says so.
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
