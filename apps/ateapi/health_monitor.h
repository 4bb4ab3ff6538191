#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/periodic.h"

namespace atestore {

// Asks `check` again and again on a thread of its own and keeps what it last said. Thread-safe.
class HealthMonitor {
 public:
  // `on_change` is called on that thread when the answer turns from OK to an error or back, and
  // for the first answer.
  HealthMonitor(std::function<absl::Status()> check, absl::Duration interval,
                std::function<void(const absl::Status&)> on_change);

  // UNAVAILABLE until the first answer.
  absl::Status last() const;

 private:
  void Ask();

  const std::function<absl::Status()> check_;
  const std::function<void(const absl::Status&)> on_change_;
  std::optional<bool> was_ok_;  // of the thread alone
  mutable std::mutex mutex_;
  absl::Status last_ = absl::UnavailableError("the store has not been asked yet");
  Periodic asking_;  // last: it uses all of the above
};

}  // namespace atestore
