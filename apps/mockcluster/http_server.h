#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/endpoint.h"

namespace mockcluster {

struct HttpRequest {
  std::string method;  // "GET", "POST" …
  std::string path;    // without the query
  std::string body;
};

struct HttpReply {
  int code = 200;
  std::string json;
};

// Answers one request by calling `reply` once, now or later, on any thread.
using HttpHandler =
    std::function<void(const HttpRequest& request, std::function<void(HttpReply)> reply)>;

// A small HTTP/1.1 server on a thread of its own, for tests: no TLS, no authentication, bodies of
// at most 64 KiB. Serves until it is destroyed; replies that come later are dropped.
class HttpServer {
 public:
  // `address`: its host must be an IP address. INVALID_ARGUMENT when it is not, UNAVAILABLE when
  // listening fails.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Listen(const atestore::Endpoint& address,
                                                            HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // With the actual port instead of 0.
  atestore::Endpoint address() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mockcluster
