#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "store/cluster/clock.h"
#include "store/options.h"

namespace atestore::inline v0 {

// Keeps what is taken under a rate: each record has its time, and what was taken too early is made
// up for before the next ones. Time that was not used is lost. Not thread-safe; the clock must
// outlive it.
class RatePacer {
 public:
  // 0: no limit.
  RatePacer(Clock& clock, int64_t records_per_second_max)
      : clock_(clock), rate_(records_per_second_max), due_(clock.Now()) {}

  // Returns once more may be taken; sooner when the call is over.
  void Wait(const CallOptions& call) {
    const absl::Time wake = std::min(due_, call.deadline);
    if (rate_ > 0 && wake > clock_.Now()) clock_.WaitUntil(wake, call.cancelled);
  }
  void OnTaken(size_t records) {
    if (rate_ == 0) return;
    due_ = std::max(due_, clock_.Now()) +
           absl::Seconds(1) * static_cast<double>(records) / static_cast<double>(rate_);
  }

 private:
  Clock& clock_;
  const int64_t rate_;
  absl::Time due_;
};

}  // namespace atestore::inline v0
