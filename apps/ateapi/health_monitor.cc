#include "apps/ateapi/health_monitor.h"

#include <optional>
#include <utility>

namespace atestore {

HealthMonitor::HealthMonitor(std::function<absl::Status()> check, absl::Duration interval,
                             std::function<void(const absl::Status&)> on_change)
    : check_(std::move(check)),
      interval_(interval),
      on_change_(std::move(on_change)),
      thread_([this] { Run(); }) {}

HealthMonitor::~HealthMonitor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  thread_.join();
}

absl::Status HealthMonitor::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void HealthMonitor::Run() {
  std::optional<bool> was_ok;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::Status status = check_();
    if (was_ok != status.ok()) on_change_(status);
    was_ok = status.ok();
    lock.lock();
    last_ = status;
    stop_signal_.wait_for(lock, absl::ToChronoMilliseconds(interval_),
                          [this] { return stopping_; });
  }
}

}  // namespace atestore
