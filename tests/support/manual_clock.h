#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "store/cluster/clock.h"

namespace atestore {

// Time that passes only by waiting for it. For one thread.
class ManualClock final : public Clock {
 public:
  // `on_wait` hears of each wait, so that an emulator's time can pass with it.
  explicit ManualClock(std::function<void(absl::Duration)> on_wait = {})
      : on_wait_(std::move(on_wait)) {}

  absl::Time Now() override { return now_; }
  void WaitUntil(absl::Time wake, const std::function<bool()>& /*cancelled*/) override {
    absl::Duration waited = wake - now_;
    waits_.push_back(waited);
    now_ = wake;
    if (on_wait_) on_wait_(waited);
  }

  void Advance(absl::Duration duration) { now_ += duration; }
  const std::vector<absl::Duration>& waits() const { return waits_; }

 private:
  const std::function<void(absl::Duration)> on_wait_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<absl::Duration> waits_;
};

}  // namespace atestore
