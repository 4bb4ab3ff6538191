#include "store/cluster/retry_pacer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

absl::Status DeadlinePassed(const absl::Status& failure) {
  std::string message = "the deadline of the call has passed";
  if (!failure.ok()) absl::StrAppend(&message, "; last failure: ", failure.message());
  return WithErrorInfo(DeadlineExceededError(message), {.reason = "DEADLINE_EXCEEDED"});
}

}  // namespace

RetryPacer::RetryPacer(Clock& clock, const CallOptions& call, RetryOptions options)
    : clock_(clock), call_(call), options_(options), random_(options.seed) {
  OnProgress();
}

absl::Status RetryPacer::CheckCall() const {
  if (call_.cancelled && call_.cancelled()) {
    return WithErrorInfo(CancelledError("the caller cancelled the call"), {.reason = "CANCELLED"});
  }
  if (clock_.Now() >= call_.deadline) return DeadlinePassed(absl::OkStatus());
  return absl::OkStatus();
}

absl::Time RetryPacer::AttemptDeadline() const {
  return std::min(call_.deadline, clock_.Now() + options_.attempt_max);
}

absl::Status RetryPacer::WaitAfter(const absl::Status& failure) {
  if (absl::Status status = CheckCall(); !status.ok()) {
    return absl::IsDeadlineExceeded(status) ? DeadlinePassed(failure) : status;
  }
  absl::Time now = clock_.Now();
  if (now >= give_up_) {
    return WithErrorInfo(UnavailableError(ToStd(failure.message())),
                         {.reason = "STORE_UNAVAILABLE"});
  }
  // Jitter, so that many callers that failed together do not come back together.
  constexpr uint64_t kSteps = 1024;
  double part = 0.5 + 0.5 * static_cast<double>(NextRandom() % kSteps) / kSteps;
  absl::Time wake = std::min(now + next_wait_ * part, give_up_);
  next_wait_ = std::min(next_wait_ * 2, options_.wait_max);
  if (wake >= call_.deadline) return DeadlinePassed(failure);
  if (options_.on_wait) options_.on_wait();
  clock_.WaitUntil(wake, call_.cancelled);
  return CheckCall();
}

void RetryPacer::OnProgress() {
  give_up_ = clock_.Now() + options_.budget;
  next_wait_ = options_.first_wait;
}

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
uint64_t RetryPacer::NextRandom() {
  uint64_t z = (random_ += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace atestore::inline v0
