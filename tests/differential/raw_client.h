#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/endpoint.h"
#include "core/resp.h"

namespace atestore {

// A blocking connection to a real server that keeps the bytes of replies as they came. Not
// thread-safe.
class RawClient {
 public:
  // UNAVAILABLE when nobody listens. Every reply must come within ten seconds.
  static absl::StatusOr<RawClient> Connect(const Endpoint& endpoint);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&& other) = delete;
  ~RawClient();

  // Sends a command and returns its reply in wire form. UNAVAILABLE when the connection breaks.
  absl::StatusOr<std::string> Execute(const std::vector<std::string>& command);
  // The two halves of it.
  absl::Status Send(const std::vector<std::string>& command);
  absl::StatusOr<std::string> Receive();
  // Whether bytes have arrived, or the connection is closed, so that Receive() may be called.
  bool HasReply() const;

 private:
  explicit RawClient(int socket);

  int socket_;
  std::unique_ptr<RespReader> reader_;  // finds where a reply ends
};

}  // namespace atestore
