#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// Connections to the HTTP endpoint; one more takes the place of the oldest.
inline constexpr int kHttpConnectionsMax = 64;
// For a request to come, and for an answer to be taken.
inline constexpr int kHttpTimeoutSeconds = 5;
inline constexpr int kHttpHeaderBytesMax = 8 << 10;

struct HttpAnswer {
  int code = 200;
  std::string text;
};

// GET on one path. Called from any thread.
struct HttpRoute {
  std::string path;
  std::function<HttpAnswer()> answer;
};

// A small plain-text HTTP/1.1 server for probes and metrics, on a thread of its own: a connection
// that says or takes nothing holds up nobody. Serves until it is destroyed.
class HttpEndpoint {
 public:
  // `listen_address`: "host:port", also of IPv6; port 0 lets the system choose one.
  // INVALID_ARGUMENT when it is none, UNAVAILABLE when it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Listen(const std::string& listen_address);
  // Answers from now on; once.
  void Serve(std::vector<HttpRoute> routes);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  // Where it listens, with the port that was chosen for 0.
  const std::string& address() const;

 private:
  class Impl;
  explicit HttpEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
