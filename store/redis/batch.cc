#include "store/redis/batch.h"

namespace atestore {

Batch::Batch(std::span<const ShardRequest> requests, ReplyObserver& observer)
    : requests_(requests), observer_(observer) {
  left_.reserve(requests.size());
  for (const ShardRequest& request : requests) {
    left_.push_back(request.pipeline.size());
    if (left_.back() > 0) ++open_;
  }
  ended_ = open_ == 0;
}

void Batch::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

void Batch::Deliver(size_t request, const ReplyView& reply) {
  if (!is_open(request)) return;
  observer_.OnReply(request, requests_[request].pipeline.size() - left_[request], reply);
  if (--left_[request] == 0) End();
}

void Batch::Fail(size_t request, const absl::Status& status) {
  if (!is_open(request)) return;
  left_[request] = 0;
  // A copy that shares nothing: the thread sanitizer cannot see the count in a shared status, for
  // the library that keeps it is not instrumented.
  observer_.OnFailure(request, absl::Status(status.code(), status.message()));
  End();
}

void Batch::FailAll(const absl::Status& status) {
  for (size_t request = 0; request < left_.size(); ++request) Fail(request, status);
}

void Batch::End() {
  if (--open_ > 0) return;
  // Under the lock: the caller may destroy what this object refers to as soon as it wakes.
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

}  // namespace atestore
