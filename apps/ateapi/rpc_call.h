#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/byte_budget.h"
#include "store/call_options.h"

namespace atestore {

// The time that a peer gets.
struct PeerPatience {
  absl::Duration request = absl::Seconds(10);  // to send the request of a call
  absl::Duration answer = absl::Seconds(30);   // to take one message of the answer
};

// Wants to know of an answer that its peer does not take.
inline constexpr absl::Duration kSlowAfter = absl::Seconds(1);

class RpcCalls;

// One call, from its headers to its status: it reads the request and sends what it is told to.
// No thread is held while the peer is waited for, and no peer is waited for without end.
// Thread-safe where nothing else is said; the functions that are handed to it run on threads of
// gRPC and must not block.
class RpcCall final : public grpc::ServerGenericBidiReactor,
                      public std::enable_shared_from_this<RpcCall> {
 public:
  // Called once when the request is there.
  using OnRequest = std::function<void(const std::shared_ptr<RpcCall>& call)>;

  // A call that lives until its peer has its status. `calls` must outlive it.
  static std::shared_ptr<RpcCall> Start(grpc::GenericCallbackServerContext* context,
                                        RpcCalls& calls, OnRequest on_request);

  // Of the method: "/ateapi.Control/ListActors".
  std::string_view path() const { return path_; }
  grpc::ByteBuffer& request() { return request_; }
  // Valid until Finish() or Answer().
  grpc::GenericCallbackServerContext& context() { return *context_; }
  // The caller's identity where limits are counted by peer: that of its certificate, else its
  // address without the port.
  const std::string& peer() const { return peer_; }
  // The other end of the connection, as gRPC writes it.
  const std::string& address() const { return address_; }
  // With the caller's deadline and its cancellation.
  CallOptions options();
  bool is_cancelled() const { return cancelled_; }

  // What follows is for one thread at a time. One of Answer() and Finish() ends the call; after it
  // nothing else may be called.

  // Sends one message of several; `then` is told whether the peer took it. `on_slow` (may be empty)
  // is called when that takes longer than kSlowAfter.
  void Write(std::string message, std::function<void(bool taken)> then,
             std::function<void()> on_slow);
  // The only message, and OK.
  void Answer(std::string message);
  void Finish(const absl::Status& status);

  // Ends the call by force when its peer has used up the patience at `now`.
  void CheckPeer(absl::Time now);
  // When an answer was begun that has not been taken; nullopt when there is none.
  std::optional<absl::Time> WaitsSince() const;
  int64_t unsent_bytes() const { return unsent_bytes_; }
  // Takes the call away from a peer that does not take its answer.
  void Drop();

 private:
  enum class Phase { kReading, kWorking, kWriting, kFinishing, kDone };

  RpcCall(grpc::GenericCallbackServerContext* context, RpcCalls& calls, OnRequest on_request);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override;

  bool Enter(Phase phase);
  void FinishOverdue();
  void HoldBytes(std::string message);
  void GiveBytes();

  grpc::GenericCallbackServerContext* const context_;
  RpcCalls& calls_;
  const std::string path_;
  const std::string address_;
  const std::string peer_;
  const OnRequest on_request_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  std::atomic<int64_t> unsent_bytes_{0};
  std::atomic<bool> cancelled_{false};

  mutable std::mutex mutex_;  // guards what follows; OnDone() takes it before the context goes
  Phase phase_ = Phase::kReading;
  absl::Time phase_since_;
  std::function<void(bool)> then_;
  std::function<void()> on_slow_;
  std::shared_ptr<RpcCall> self_;  // until OnDone()
};

// The identity of the client: of its verified certificate (SAN, else CN), else its
// address without the port, which the calls of one machine share.
std::string PeerOf(const grpc::ServerContextBase& context, const std::string& address);

}  // namespace atestore
