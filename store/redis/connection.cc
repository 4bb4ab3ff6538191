#include "store/redis/connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/redis/limits.h"

namespace atestore::inline v0 {

std::shared_ptr<Connection> Connection::Open(EventLoop& loop, const RedisOptions& options,
                                             const Endpoint& endpoint, OnEnd on_end) {
  std::shared_ptr<Connection> connection(
      new Connection(loop, options, endpoint, std::move(on_end)));
  connection->Connect();
  return connection;
}

Connection::Connection(EventLoop& loop, const RedisOptions& options, const Endpoint& endpoint,
                       OnEnd on_end)
    : loop_(loop),
      endpoint_(endpoint),
      options_(options),
      connect_until_(loop.Now() + absl::ToChronoMicroseconds(options.connect_timeout)),
      on_end_(std::move(on_end)),
      state_(options),
      stream_(loop.NewStream()),
      timer_(loop.NewTimer()) {}

void Connection::Connect() {
  ArmTimer();
  stream_->Connect(endpoint_, [self = shared_from_this()](const absl::Status& status) {
    self->OnConnected(status);
  });
}

void Connection::OnConnected(const absl::Status& status) {
  if (phase_ == Phase::kClosed) return;
  if (!status.ok()) return End(status);
  phase_ = Phase::kOpen;
  state_.OnOpened(loop_.Now());
  ArmTimer();
  Read();
  Flush();
}

void Connection::Read() {
  stream_->Read(
      state_.PrepareRead(),
      [self = shared_from_this()](const absl::StatusOr<size_t>& bytes) { self->OnRead(bytes); });
}

void Connection::OnRead(const absl::StatusOr<size_t>& bytes) {
  if (phase_ == Phase::kClosed) return;
  if (!bytes.ok()) {
    state_.OnLost();
    return End(bytes.status());
  }
  absl::Status status = state_.OnRead(*bytes, loop_.Now());
  if (!status.ok()) return End(status);
  if (on_reset_ && state_.is_idle()) std::exchange(on_reset_, {})(state_.reset_done());
  if (phase_ == Phase::kClosed) return;
  // What waited for the handshake.
  Flush();
  Read();
}

void Connection::Send(const std::shared_ptr<Batch>& batch, size_t request) {
  // What ended it tells more than that it has ended: a lookup may fail at once.
  if (phase_ == Phase::kClosed) return batch->Fail(request, why_closed_);
  absl::Status added = state_.Add(batch, request, loop_.Now());
  if (!added.ok()) {
    std::string node = ToString(endpoint_);
    return batch->Fail(request, UnavailableError(absl::StrCat(node, ": ", added.message())));
  }
  Flush();
}

void Connection::Reset(std::function<void(bool)> done) {
  if (phase_ == Phase::kClosed) return;
  on_reset_ = std::move(done);
  state_.AddReset(loop_.Now());
  Flush();
}

void Connection::Flush() {
  if (phase_ != Phase::kOpen || !writing_.empty()) return;
  // What is added while these bytes are being written goes out together, in the next write.
  state_.TakeOutput(writing_);
  if (writing_.empty()) return;
  stream_->Write(writing_, [self = shared_from_this()](const absl::Status& status) {
    self->OnWritten(status);
  });
}

void Connection::OnWritten(const absl::Status& status) {
  if (phase_ == Phase::kClosed) return;
  if (!status.ok()) return End(status);
  writing_.clear();
  Flush();
}

void Connection::ArmTimer() {
  SteadyTime when = connect_until_;
  if (phase_ == Phase::kOpen) {
    // Re-armed only when it fires, so that requests do not pay for it.
    when = state_.overdue_at().value_or(SteadyTime::max());
    when = std::min(when, loop_.Now() + absl::ToChronoMicroseconds(options_.request_timeout));
  }
  timer_->Arm(when, [weak = weak_from_this()] {
    if (std::shared_ptr<Connection> self = weak.lock()) self->OnTimer();
  });
}

void Connection::OnTimer() {
  if (phase_ == Phase::kClosed) return;
  SteadyTime now = loop_.Now();
  if (phase_ == Phase::kConnecting) return End(UnavailableError("connecting takes too long"));
  std::optional<SteadyTime> overdue_at = state_.overdue_at();
  if (overdue_at && *overdue_at <= now) {
    return End(UnavailableError("no reply within the request timeout"));
  }
  if (!overdue_at && now - state_.last_used() > absl::ToChronoMicroseconds(kIdleTime)) {
    return End(UnavailableError("unused"));
  }
  ArmTimer();
}

void Connection::End(const absl::Status& status) {
  OnEnd on_end = std::move(on_end_);
  std::string message = absl::StrCat(ToString(endpoint_), ": ", status.message());
  absl::Status with_node(status.code(), message);
  Close(with_node);
  if (on_end) on_end(this, with_node, state_.has_answered());
}

void Connection::Close(const absl::Status& status) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  why_closed_ = status;
  on_end_ = {};
  on_reset_ = {};
  timer_->Cancel();
  stream_->Close();
  loss_was_told_ = state_.Fail(status);
}

}  // namespace atestore::inline v0
