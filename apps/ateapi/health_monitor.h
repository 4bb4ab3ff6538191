#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace atestore {

// Asks `check` again and again on a thread of its own and keeps what it last said. Thread-safe.
class HealthMonitor {
 public:
  // `on_change` is called on that thread when the answer turns from OK to an error or back, and
  // for the first answer.
  HealthMonitor(std::function<absl::Status()> check, absl::Duration interval,
                std::function<void(const absl::Status&)> on_change);
  ~HealthMonitor();
  HealthMonitor(const HealthMonitor&) = delete;
  HealthMonitor& operator=(const HealthMonitor&) = delete;

  // UNAVAILABLE until the first answer.
  absl::Status last() const;

 private:
  void Run();

  const std::function<absl::Status()> check_;
  const absl::Duration interval_;
  const std::function<void(const absl::Status&)> on_change_;
  mutable std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;
  absl::Status last_ = absl::UnavailableError("the store has not been asked yet");
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace atestore
