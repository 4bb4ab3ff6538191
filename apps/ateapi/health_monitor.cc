#include "apps/ateapi/health_monitor.h"

#include <utility>

namespace atestore {

HealthMonitor::HealthMonitor(std::function<absl::Status()> check, absl::Duration interval,
                             std::function<void(const absl::Status&)> on_change)
    : check_(std::move(check)),
      on_change_(std::move(on_change)),
      asking_([this] { Ask(); }, interval) {}

absl::Status HealthMonitor::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void HealthMonitor::Ask() {
  const absl::Status status = check_();
  if (was_ok_ != status.ok()) on_change_(status);
  was_ok_ = status.ok();
  const std::lock_guard lock(mutex_);
  last_ = status;
}

}  // namespace atestore
