#include "apps/kubectl-ate/retry.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/time/clock.h"
#include "apps/kubectl-ate/control_api.h"

namespace atestore::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr absl::Duration kPatienceUnreached = absl::Seconds(1);
constexpr absl::Duration kSilence = absl::Seconds(1);
constexpr absl::Duration kWaitMin = absl::Milliseconds(50);
constexpr absl::Duration kWaitMax = absl::Seconds(1);

bool Passes(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsCancelled(status);
}

}  // namespace

absl::Status Retrier::Run(const std::function<absl::Status(absl::Time)>& attempt) {
  const absl::Time start = absl::Now();
  absl::BitGen random;
  absl::Duration wait = kWaitMin;
  bool said = false;
  for (;;) {
    absl::Status status = attempt(std::min(deadline_, absl::Now() + attempt_time_));
    if (!IsConnectionFailure(status)) reached_ = true;
    if (status.ok() || interruption_.interrupted() || !Passes(status)) return status;
    const absl::Time now = absl::Now();
    const absl::Duration patience = reached_ ? kPatience : kPatienceUnreached;
    if (now - start >= patience || now + wait >= deadline_) return status;
    if (reached_ && !said && now - start >= kSilence) {
      on_wait_(status);
      said = true;
    }
    if (interruption_.WaitFor(wait * absl::Uniform(random, 0.5, 1.0))) return status;
    wait = std::min(wait * 2, kWaitMax);
  }
}

}  // namespace atestore::cli
