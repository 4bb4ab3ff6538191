#pragma once

#include "absl/time/time.h"

namespace atestore::inline v0 {

// What SteadyNow() is made of, so that a test can let the time of day step.
class SteadyTimeline {
 public:
  // `time_of_day` and `steady` at the same moment.
  SteadyTimeline(absl::Time time_of_day, absl::Duration steady) : start_(time_of_day - steady) {}
  absl::Time At(absl::Duration steady) const { return start_ + steady; }
  absl::Time FromTimeOfDay(absl::Time wanted, absl::Time time_of_day, absl::Duration steady) const {
    return At(steady) + (wanted - time_of_day);
  }

 private:
  const absl::Time start_;
};

}  // namespace atestore::inline v0
