#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/redis/event_loop.h"

namespace atestore {

class FakeLoop;

// A stream whose other end is the test.
class FakeStream final : public ByteStream {
 public:
  explicit FakeStream(FakeLoop& loop);
  ~FakeStream() override;
  void Connect(const Endpoint& endpoint, std::function<void(absl::Status)> done) override;
  void Read(std::span<char> buffer, std::function<void(absl::StatusOr<size_t>)> done) override;
  void Write(std::string_view bytes, std::function<void(absl::Status)> done) override;
  void Close() override;

  const Endpoint& endpoint() const { return endpoint_; }
  bool is_closed() const { return is_closed_; }
  void Accept() { Refuse(absl::OkStatus()); }
  void Refuse(const absl::Status& status);
  // What the client wrote and the test did not take yet. Taking completes the write.
  std::string TakeWritten();
  // Sends bytes in the largest pieces that the client's buffer takes.
  void Receive(std::string_view bytes);
  void Break();

 private:
  FakeLoop& loop_;
  Endpoint endpoint_;
  bool is_closed_ = false;
  std::function<void(absl::Status)> on_connect_;
  std::span<char> buffer_;
  std::function<void(absl::StatusOr<size_t>)> on_read_;
  std::string written_;
  std::function<void(absl::Status)> on_write_;
};

// A loop without a thread, a clock or sockets: the test moves time and plays the servers.
class FakeLoop final : public EventLoop {
 public:
  void Post(std::function<void()> task) override { task(); }
  void Stop() override {}
  SteadyTime Now() override { return now_; }
  std::unique_ptr<ByteStream> NewStream() override { return std::make_unique<FakeStream>(*this); }
  std::unique_ptr<LoopTimer> NewTimer() override;

  // Runs the timers that come due, in order.
  void Advance(absl::Duration time);
  // The streams that exist, oldest first.
  const std::vector<FakeStream*>& streams() const { return streams_; }
  // The timers that are armed.
  size_t timers() const { return timers_.size(); }
  bool Has(const FakeStream* stream) const;

 private:
  friend class FakeStream;
  friend class FakeTimer;
  struct Armed {
    SteadyTime when;
    std::function<void()> callback;
  };

  SteadyTime now_{std::chrono::hours(1)};
  std::vector<FakeStream*> streams_;
  std::map<const LoopTimer*, Armed> timers_;
};

}  // namespace atestore
