#pragma once

#include <functional>

#include "absl/time/time.h"

namespace atestore::inline v0 {

// Time as the store sees it, so that tests can let it pass without waiting. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() = 0;
  // Returns once `wake` has come, or soon after `cancelled` (may be empty) turned true.
  virtual void WaitUntil(absl::Time wake, const std::function<bool()>& cancelled) = 0;
};

// The machine's time that never steps, SteadyNow(). `cancelled` is asked every kCancelPollInterval.
class SystemClock final : public Clock {
 public:
  absl::Time Now() override;
  void WaitUntil(absl::Time wake, const std::function<bool()>& cancelled) override;
};
inline constexpr absl::Duration kCancelPollInterval = absl::Milliseconds(5);

}  // namespace atestore::inline v0
