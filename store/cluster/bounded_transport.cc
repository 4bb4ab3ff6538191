#include "store/cluster/bounded_transport.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/options.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// The requests of one Execute(): those that wait, and those that the inner transport has.
class BoundedTransport::Round final : public ReplyObserver {
 public:
  Round(BoundedTransport& owner, ReplyObserver& next) : owner_(owner), next_(next) {}

  void Add(std::vector<ShardRequest> requests) {
    for (ShardRequest& request : requests) {
      Node& node = owner_.Find(request.endpoint);
      waiting_.push_back({.number = added_++, .node = &node, .request = std::move(request)});
    }
  }
  bool waits() const { return !waiting_.empty(); }

  // What may be sent now: something, unless the time is up or the caller has gone.
  std::vector<ShardRequest> WaitForPlaces(absl::Time deadline) {
    sent_.clear();
    std::unique_lock lock(owner_.mutex_);
    std::vector<ShardRequest> admitted = AdmitLocked();
    if (!admitted.empty()) return admitted;
    Node& node = *waiting_.front().node;
    node.line.push_back(this);
    while (admitted.empty()) {
      lock.unlock();
      const absl::Duration left = deadline - SteadyNow();
      const bool over = left <= absl::ZeroDuration() || next_.Abandon();
      lock.lock();
      if (over) break;
      admitted = AdmitLocked();
      if (!admitted.empty()) break;
      changed_.wait_for(lock, absl::ToChronoNanoseconds(std::min(left, kAbandonPoll)));
    }
    std::erase(node.line, this);
    WakeFirstOf(node);
    return admitted;
  }

  void FailWaiting() {
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      next_.OnFailure(waiting.number, MarkNotSent(DeadlineExceededError(absl::StrCat(
                                          "node ", ToString(waiting.request.endpoint),
                                          ": is still busy with requests of other listings"))));
    }
  }

  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    Sent& sent = sent_[request];
    if (command + 1 == sent.commands) Leave(sent);
    next_.OnReply(sent.number, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    Leave(sent_[request]);
    next_.OnFailure(sent_[request].number, status);
  }
  std::vector<ShardRequest> More() override {
    Add(next_.More());
    if (waiting_.empty()) return {};
    std::lock_guard lock(owner_.mutex_);
    return AdmitLocked();
  }
  bool Abandon() override { return next_.Abandon(); }

 private:
  struct Waiting {
    size_t number = 0;  // for the caller
    Node* node = nullptr;
    ShardRequest request;
  };
  struct Sent {
    size_t number = 0;
    size_t commands = 0;
    Node* node = nullptr;  // nullptr: has left
  };

  // Takes from those that wait. The requests to one node keep their order; nobody overtakes a
  // round that stands in the node's line.
  std::vector<ShardRequest> AdmitLocked() {
    std::vector<ShardRequest> admitted;
    std::vector<Waiting> stay;
    std::vector<const Node*> closed;
    for (Waiting& waiting : waiting_) {
      Node& node = *waiting.node;
      const bool may = node.in_flight < owner_.requests_per_node_max_ &&
                       (node.line.empty() || node.line.front() == this) &&
                       std::ranges::find(closed, &node) == closed.end();
      if (!may) {
        closed.push_back(&node);
        stay.push_back(std::move(waiting));
        continue;
      }
      ++node.in_flight;
      sent_.push_back(
          {.number = waiting.number, .commands = waiting.request.pipeline.size(), .node = &node});
      admitted.push_back(std::move(waiting.request));
    }
    waiting_ = std::move(stay);
    return admitted;
  }

  void Leave(Sent& sent) {
    Node* node = std::exchange(sent.node, nullptr);
    if (node == nullptr) return;
    std::lock_guard lock(owner_.mutex_);
    --node->in_flight;
    WakeFirstOf(*node);
  }

  static void WakeFirstOf(const Node& node) {
    if (!node.line.empty()) node.line.front()->changed_.notify_one();
  }

  BoundedTransport& owner_;
  ReplyObserver& next_;
  size_t added_ = 0;
  std::vector<Waiting> waiting_;
  std::vector<Sent> sent_;  // by the inner transport's number
  std::condition_variable changed_;
};

BoundedTransport::~BoundedTransport() = default;

BoundedTransport::Node& BoundedTransport::Find(const Endpoint& endpoint) {
  std::lock_guard lock(mutex_);
  return nodes_[endpoint];
}

void BoundedTransport::Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                               ReplyObserver& observer) {
  Round round(*this, observer);
  round.Add({requests.begin(), requests.end()});
  while (round.waits()) {
    const std::vector<ShardRequest> admitted = round.WaitForPlaces(deadline);
    if (admitted.empty()) return round.FailWaiting();
    inner_.Execute(admitted, deadline, round);
  }
}

}  // namespace atestore::inline v0
