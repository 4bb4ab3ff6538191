#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/endpoint.h"
#include "store/redis/back_off.h"
#include "store/redis/redis_transport.h"

namespace atestore::inline v0 {

// A connection in bytes, plain or TLS. Belongs to its loop's thread, where callbacks come too, each
// at most once. The caller keeps the stream and the buffers alive until they came or the loop
// ended.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // UNAVAILABLE (name, connect), FAILED_PRECONDITION (TLS refused).
  virtual void Connect(const Endpoint& endpoint, std::function<void(absl::Status)> done) = 0;
  // At least one byte, at most the buffer. UNAVAILABLE (closed, lost), FAILED_PRECONDITION (TLS).
  virtual void Read(std::span<char> buffer, std::function<void(absl::StatusOr<size_t>)> done) = 0;
  // All of `bytes`.
  virtual void Write(std::string_view bytes, std::function<void(absl::Status)> done) = 0;
  // Ends all operations. No more calls after this one.
  virtual void Close() = 0;
};

// Calls back once at a time; arming again replaces what was armed. Belongs to its loop's thread.
// Never calls back after its destruction.
class LoopTimer {
 public:
  virtual ~LoopTimer() = default;
  virtual void Arm(SteadyTime when, std::function<void()> callback) = 0;
  virtual void Cancel() = 0;
};

// A thread that waits for sockets and timers.
class EventLoop {
 public:
  virtual ~EventLoop() = default;
  // Runs `task` on the loop's thread, in order. Thread-safe.
  virtual void Post(std::function<void()> task) = 0;
  // Runs what was posted before, then ends the thread; later posts are never run. Once, and not on
  // the loop's thread.
  virtual void Stop() = 0;
  // On the loop's thread only.
  virtual SteadyTime Now() = 0;
  virtual std::unique_ptr<ByteStream> NewStream() = 0;
  virtual std::unique_ptr<LoopTimer> NewTimer() = 0;
};

// With asio. Stop() before its destruction. `tls` unset: plain streams. FAILED_PRECONDITION names
// the file that cannot be used.
absl::StatusOr<std::unique_ptr<EventLoop>> MakeEventLoop(const std::optional<RedisTlsOptions>& tls);

}  // namespace atestore::inline v0
