#include "store/redis/batch.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "core/status.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {
namespace {

// A copy that shares nothing: the thread sanitizer cannot see the count in a shared status, for the
// library that keeps it is not instrumented.
absl::Status Unshared(const absl::Status& status) {
  absl::Status copy(status.code(), status.message());
  status.ForEachPayload([&copy](absl::string_view url, const absl::Cord& payload) {
    copy.SetPayload(url, absl::Cord(std::string(payload)));
  });
  return copy;
}

}  // namespace

Batch::Batch(std::span<const ShardRequest> requests, ReplyObserver& observer, SendRequest send)
    : requests_(requests), observer_(observer), send_(std::move(send)) {
  Open(0);
  ended_ = open_ == 0;
}

void Batch::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

void Batch::Open(size_t first) {
  for (size_t request = first; request < requests_.size(); ++request) {
    left_.push_back(requests_[request].pipeline.size());
    sent_.push_back(false);
    if (left_.back() > 0) ++open_;
  }
}

void Batch::Start() { SendFrom(0); }

void Batch::SendFrom(size_t first) {
  const std::shared_ptr<Batch> self = shared_from_this();
  const size_t end = requests_.size();
  for (size_t request = first; request < end; ++request) {
    if (is_open(request)) send_(self, request);
  }
}

void Batch::Deliver(size_t request, const ReplyView& reply) {
  if (!is_open(request)) return;
  const size_t commands = requests_[request].pipeline.size();
  const bool is_first = left_[request] == commands;
  observer_.OnReply(request, commands - left_[request], reply);
  // Before the request ends: the batch must not end in between.
  if (is_first || left_[request] == 1) SendMore();
  if (--left_[request] > 0) return;
  const bool is_last = open_ == 1;
  End();
  if (!is_last) MayAbandon();
}

void Batch::MayAbandon() {
  if (has_open() && observer_.Abandon()) {
    FailAll(DeadlineExceededError("the caller waits no longer for a reply"));
  }
}

void Batch::SendMore() {
  const size_t first = requests_.size();
  requests_.Append(observer_.More());
  Open(first);
  SendFrom(first);
}

void Batch::Fail(size_t request, const absl::Status& status) {
  if (!is_open(request)) return;
  left_[request] = 0;
  const absl::Status copy = Unshared(status);
  observer_.OnFailure(request, sent_[request] ? copy : MarkNotSent(copy));
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

}  // namespace atestore::inline v0
