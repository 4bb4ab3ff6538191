#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

struct HttpAnswer {
  int code = 200;
  std::string text;
};

// GET on one path. Called from any thread.
struct HttpRoute {
  std::string path;
  std::function<HttpAnswer()> answer;
};

// A small plain-text HTTP server for probes and metrics. Serves until it is destroyed.
class HttpEndpoint {
 public:
  // `listen_address`: "host:port"; port 0 lets the system choose one. INVALID_ARGUMENT when it is
  // none, UNAVAILABLE when it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(const std::string& listen_address,
                                                             std::vector<HttpRoute> routes);
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
