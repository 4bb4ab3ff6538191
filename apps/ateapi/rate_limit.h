#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace atestore {

// Allows a limited number of events per second and counts the refused ones. Thread-safe.
class RateLimit {
 public:
  explicit RateLimit(int per_second) : per_second_(per_second) {}

  bool Allows() {
    const absl::Time now = absl::Now();
    const std::lock_guard lock(mutex_);
    if (now - second_began_ >= absl::Seconds(1)) {
      second_began_ = now;
      allowed_ = 0;
    }
    if (allowed_ < per_second_) {
      ++allowed_;
      return true;
    }
    ++refused_;
    return false;
  }

  // How many were refused since the last call.
  int64_t TakeRefused() {
    const std::lock_guard lock(mutex_);
    return std::exchange(refused_, 0);
  }

 private:
  const int per_second_;
  std::mutex mutex_;
  absl::Time second_began_ = absl::InfinitePast();
  int allowed_ = 0;
  int64_t refused_ = 0;
};

}  // namespace atestore
