#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// The most connections to the HTTP endpoint; a further one replaces the oldest.
inline constexpr int kHttpConnectionsMax = 64;
// The time limit for receiving a request, and for sending an answer.
inline constexpr int kHttpTimeoutSeconds = 5;
inline constexpr int kHttpHeaderBytesMax = 8 << 10;

struct HttpAnswer {
  int code = 200;
  std::string text;
};

// The handler of GET on one path. It may be called on any thread.
struct HttpRoute {
  std::string path;
  std::function<HttpAnswer()> answer;
};

// A small plain-text HTTP/1.1 server for probes and metrics, on its own thread. An idle or slow
// connection does not delay others. Serves until it is destroyed.
class HttpEndpoint {
 public:
  // `listen_address`: "host:port", IPv4 or IPv6; port 0 lets the system choose a port.
  // INVALID_ARGUMENT when it is not an address, UNAVAILABLE when listening on it fails.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Listen(const std::string& listen_address);
  // Starts answering. Call it once.
  void Serve(std::vector<HttpRoute> routes);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  // The address that it listens on, with the actual port instead of 0.
  const std::string& address() const;

 private:
  class Impl;
  explicit HttpEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
