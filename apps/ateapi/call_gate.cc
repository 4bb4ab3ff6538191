#include "apps/ateapi/call_gate.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace atestore {

bool CallGate::Enter() {
  const std::lock_guard lock(mutex_);
  last_noise_ = absl::Now();
  if (closed_) return false;
  ++running_;
  return true;
}

void CallGate::Leave() {
  const std::lock_guard lock(mutex_);
  last_noise_ = absl::Now();
  if (--running_ == 0) changed_.notify_all();
}

void CallGate::Close() {
  const std::lock_guard lock(mutex_);
  last_noise_ = absl::Now();
  closed_ = true;
}

bool CallGate::is_closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool CallGate::WaitUntilEmpty(absl::Time deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, absl::ToChronoTime(deadline), [this] { return running_ == 0; });
}

void CallGate::WaitUntilQuiet(absl::Duration quiet, absl::Time deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const absl::Time until = std::min(last_noise_ + quiet, deadline);
    if (absl::Now() >= until) return;
    // Later noise moves the time, which is seen when the earlier one has come.
    changed_.wait_until(lock, absl::ToChronoTime(until));
  }
}

}  // namespace atestore
