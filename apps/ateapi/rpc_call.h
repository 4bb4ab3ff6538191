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
#include "store/options.h"

namespace atestore {

// Time limits for a peer.
struct PeerPatience {
  absl::Duration request = absl::Seconds(10);  // to send the request of a call
  absl::Duration answer = absl::Seconds(30);   // to take one message of the answer
};

// An answer is slow when its peer has not taken it after this time.
inline constexpr absl::Duration kSlowAfter = absl::Seconds(1);

class RpcCalls;

// One call, from its headers to its status: reads the request and sends the answers. It holds no
// thread while it waits for the peer, and every wait has a limit. Thread-safe unless stated
// otherwise; the functions passed to it run on threads of gRPC and must not block.
class RpcCall final : public grpc::ServerGenericBidiReactor,
                      public std::enable_shared_from_this<RpcCall> {
 public:
  // Called once, when the request has arrived.
  using OnRequest = std::function<void(const std::shared_ptr<RpcCall>& call)>;

  // A call that lives until its peer has received the status. `calls` must outlive it.
  static std::shared_ptr<RpcCall> Start(grpc::GenericCallbackServerContext* context,
                                        RpcCalls& calls, OnRequest on_request);

  // The path of the method: "/ateapi.Control/ListActors".
  std::string_view path() const { return path_; }
  grpc::ByteBuffer& request() { return request_; }
  // Valid until Finish() or Answer().
  grpc::GenericCallbackServerContext& context() { return *context_; }
  // The caller's identity for limits per peer: that of its certificate, else its address without
  // the port.
  const std::string& peer() const { return peer_; }
  // The other end of the connection, in gRPC's notation.
  const std::string& address() const { return address_; }
  // With the caller's deadline and its cancellation.
  CallOptions options();
  bool is_cancelled() const { return cancelled_; }

  // Only one thread at a time may call the functions below. Either Answer() or Finish() ends the
  // call; afterwards nothing else may be called.

  // Sends one of several messages; `then` gets whether the peer took it. `on_slow` (may be empty)
  // is called if that takes longer than kSlowAfter.
  void Write(std::string message, std::function<void(bool taken)> then,
             std::function<void()> on_slow);
  // Sends the only message, with status OK.
  void Answer(std::string message);
  void Finish(const absl::Status& status);

  // Aborts the call if its peer has exceeded a time limit at `now`.
  void CheckPeer(absl::Time now);
  // When the answer that the peer has not taken yet was begun. nullopt: there is none.
  std::optional<absl::Time> WaitsSince() const;
  int64_t unsent_bytes() const { return unsent_bytes_; }
  // Aborts the call because its peer does not take the answer.
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

  mutable std::mutex mutex_;  // guards the members below; OnDone() locks it before the context ends
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
