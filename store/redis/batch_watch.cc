#include "store/redis/batch_watch.h"

#include <algorithm>

#include "core/status.h"

namespace atestore::inline v0 {

void BatchWatch::Add(const std::shared_ptr<Batch>& batch, std::optional<SteadyTime> deadline) {
  batches_.emplace(deadline.value_or(SteadyTime::max()), batch);
  if (!armed_ || batches_.begin()->first < *armed_) Arm();
}

void BatchWatch::Arm() {
  armed_ =
      std::min(batches_.begin()->first, loop_.Now() + absl::ToChronoMilliseconds(kAbandonPoll));
  timer_->Arm(*armed_, [this] { OnTimer(); });
}

void BatchWatch::OnTimer() {
  armed_.reset();
  const SteadyTime now = loop_.Now();
  for (const auto& [deadline, watched] : batches_) {
    const std::shared_ptr<Batch> batch = watched.lock();
    if (!batch) continue;
    if (deadline <= now) {
      batch->FailAll(DeadlineExceededError("no reply before the deadline"));
    } else {
      batch->MayAbandon();
    }
  }
  // Batches that have ended are forgotten here, all at once, which is cheaper than each at its end.
  std::erase_if(batches_, [](const auto& entry) {
    const std::shared_ptr<Batch> batch = entry.second.lock();
    return !batch || !batch->has_open();
  });
  if (!batches_.empty()) Arm();
}

}  // namespace atestore::inline v0
