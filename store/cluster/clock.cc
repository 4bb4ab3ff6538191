#include "store/cluster/clock.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "store/options.h"

namespace atestore::inline v0 {

absl::Time SystemClock::Now() { return SteadyNow(); }

void SystemClock::WaitUntil(absl::Time wake, const std::function<bool()>& cancelled) {
  for (absl::Time now = Now(); now < wake; now = Now()) {
    if (cancelled && cancelled()) return;
    absl::SleepFor(cancelled ? std::min(wake - now, kCancelPollInterval) : wake - now);
  }
}

}  // namespace atestore::inline v0
