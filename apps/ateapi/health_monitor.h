#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/periodic.h"

namespace atestore {

// Calls `check` periodically on its own thread and keeps the last result. Thread-safe.
class HealthMonitor {
 public:
  // `on_change` is called on that thread for the first result, and when the result changes from OK
  // to an error or back.
  HealthMonitor(std::function<absl::Status()> check, absl::Duration interval,
                std::function<void(const absl::Status&)> on_change);

  // UNAVAILABLE until the first result.
  absl::Status last() const;

 private:
  void Ask();

  const std::function<absl::Status()> check_;
  const std::function<void(const absl::Status&)> on_change_;
  std::optional<bool> was_ok_;  // used only by the thread
  mutable std::mutex mutex_;
  absl::Status last_ = absl::UnavailableError("the store has not been asked yet");
  Periodic asking_;  // last: it uses all of the above
};

}  // namespace atestore
