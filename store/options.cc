#include "store/options.h"

#include <chrono>

#include "absl/time/clock.h"
#include "store/transport/steady_timeline.h"

namespace atestore::inline v0 {
namespace {

absl::Duration Steady() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

const SteadyTimeline& Timeline() {
  static const SteadyTimeline timeline(absl::Now(), Steady());
  return timeline;
}

}  // namespace

absl::Time SteadyNow() { return Timeline().At(Steady()); }

absl::Time FromTimeOfDay(absl::Time time_of_day) {
  return Timeline().FromTimeOfDay(time_of_day, absl::Now(), Steady());
}

}  // namespace atestore::inline v0
