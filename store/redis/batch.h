#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "core/resp.h"
#include "store/shard_transport.h"
#include "store/transport/request_queue.h"

namespace atestore::inline v0 {

// One call of ShardTransport::Execute(): hands replies to its observer and wakes the caller when
// every request has ended. The caller constructs it and waits; every other member belongs to the
// transport's thread. Connections may hold it longer than the call lasts: it then drops what comes.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  // Sends a request of the batch, or fails it.
  using SendRequest = std::function<void(const std::shared_ptr<Batch>&, size_t request)>;

  // `requests` and `observer` are used until Wait() returns, not later; `send` for what the
  // observer adds.
  Batch(std::span<const ShardRequest> requests, ReplyObserver& observer, SendRequest send);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Blocks until every request has ended.
  void Wait();

  size_t size() const { return requests_.size(); }
  const ShardRequest& request(size_t index) const { return requests_[index]; }
  // Neither answered nor failed yet.
  bool is_open(size_t request) const { return left_[request] > 0; }
  bool has_open() const { return open_ > 0; }

  // Sends every open request.
  void Start();
  // The next reply to a request; the last one ends it. Ignored when the request has ended.
  void Deliver(size_t request, const ReplyView& reply);
  // From now on a server may have executed the request.
  void MarkSent(size_t request) { sent_[request] = true; }
  // Ends a request that has not ended yet; marks the failure when it was not sent (WasNotSent()).
  void Fail(size_t request, const absl::Status& status);
  void FailAll(const absl::Status& status);
  // Fails every request when the observer wants that.
  void MayAbandon();

 private:
  void Open(size_t first);
  void SendFrom(size_t first);
  void SendMore();
  void End();

  RequestQueue requests_;
  ReplyObserver& observer_;
  const SendRequest send_;
  std::vector<size_t> left_;  // replies that each request still waits for; 0: ended
  std::vector<bool> sent_;
  size_t open_ = 0;  // requests that have not ended

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

}  // namespace atestore::inline v0
