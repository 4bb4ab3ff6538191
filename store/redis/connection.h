#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/endpoint.h"
#include "store/redis/batch.h"
#include "store/redis/connection_state.h"
#include "store/redis/event_loop.h"
#include "store/redis/redis_transport.h"

namespace atestore::inline v0 {

// One connection to one node, from its opening to its end; it is never opened again. Belongs to
// the loop's thread. Kept alive by its own pending operations: Close() before letting go.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // How a connection ended by itself. `was_useful`: the server had answered something.
  using OnEnd =
      std::function<void(Connection* connection, const absl::Status& status, bool was_useful)>;

  // `loop` and `options` must outlive this. `on_end` is called once, unless Close() came first,
  // after every unanswered request has failed.
  static std::shared_ptr<Connection> Open(EventLoop& loop, const RedisOptions& options,
                                          const Endpoint& endpoint, OnEnd on_end);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends a request, now or when the connection is open. Fails it when a limit is reached.
  void Send(const std::shared_ptr<Batch>& batch, size_t request);
  // Makes it as good as new for another user; calls `done` with whether that worked, unless the
  // connection ends before.
  void Reset(std::function<void(bool)> done);
  // Fails what is unanswered; quiet.
  void Close(const absl::Status& status);

  bool is_idle() const { return state_.is_idle(); }
  bool is_closed() const { return phase_ == Phase::kClosed; }
  // Closed, and a caller learnt it by a failed request.
  bool loss_was_told() const { return loss_was_told_; }

 private:
  enum class Phase { kConnecting, kOpen, kClosed };

  Connection(EventLoop& loop, const RedisOptions& options, const Endpoint& endpoint, OnEnd on_end);
  void Connect();
  void OnConnected(const absl::Status& status);
  void Read();
  void OnRead(const absl::StatusOr<size_t>& bytes);
  void Flush();
  void OnWritten(const absl::Status& status);
  void ArmTimer();
  void OnTimer();
  // Ends by itself: closes, fails what is unanswered, tells the owner.
  void End(const absl::Status& status);

  EventLoop& loop_;
  const Endpoint endpoint_;
  const RedisOptions& options_;
  const SteadyTime connect_until_;
  OnEnd on_end_;
  std::function<void(bool)> on_reset_;
  Phase phase_ = Phase::kConnecting;
  bool loss_was_told_ = false;
  absl::Status why_closed_;  // not OK when it is
  ConnectionState state_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<LoopTimer> timer_;
  std::string writing_;  // being sent; empty: nothing is
};

}  // namespace atestore::inline v0
