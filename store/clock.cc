#include "store/clock.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace atestore {

absl::Time SystemClock::Now() { return absl::Now(); }

void SystemClock::WaitUntil(absl::Time wake, const std::function<bool()>& cancelled) {
  for (absl::Time now = absl::Now(); now < wake; now = absl::Now()) {
    if (cancelled && cancelled()) return;
    absl::SleepFor(cancelled ? std::min(wake - now, kCancelPollInterval) : wake - now);
  }
}

}  // namespace atestore
