#include "apps/ateapi/http_endpoint.h"

#include <CivetServer.h>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

constexpr const char* kThreads = "2";
constexpr const char* kRequestTimeoutMs = "10000";

class RouteHandler final : public CivetHandler {
 public:
  explicit RouteHandler(std::function<HttpAnswer()> answer) : answer_(std::move(answer)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    const HttpAnswer answer = answer_();
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
              "Content-Length: %zu\r\nConnection: close\r\n\r\n",
              answer.code, mg_get_response_code_text(connection, answer.code), answer.text.size());
    mg_write(connection, answer.text.data(), answer.text.size());
    return true;
  }

 private:
  const std::function<HttpAnswer()> answer_;
};

// IPv6 needs brackets in civetweb's notation.
std::string ListeningPort(const Endpoint& listen) {
  if (listen.host.find(':') == std::string::npos) {
    return absl::StrCat(listen.host == "localhost" ? "127.0.0.1" : listen.host, ":", listen.port);
  }
  return absl::StrCat("[", listen.host, "]:", listen.port);
}

}  // namespace

class HttpEndpoint::Impl {
 public:
  Impl(const Endpoint& listen, std::vector<HttpRoute> routes)
      : server_({"listening_ports", ListeningPort(listen), "num_threads", kThreads,
                 "request_timeout_ms", kRequestTimeoutMs}) {
    for (HttpRoute& route : routes) {
      handlers_.push_back(std::make_unique<RouteHandler>(std::move(route.answer)));
      server_.addHandler(route.path + "$", *handlers_.back());
    }
  }
  ~Impl() { server_.close(); }

 private:
  std::vector<std::unique_ptr<RouteHandler>> handlers_;
  CivetServer server_;
};

HttpEndpoint::HttpEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpEndpoint::~HttpEndpoint() = default;

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(const Endpoint& listen,
                                                                  std::vector<HttpRoute> routes) {
  try {
    auto impl = std::make_unique<Impl>(listen, std::move(routes));
    return std::unique_ptr<HttpEndpoint>(new HttpEndpoint(std::move(impl)));
  } catch (const CivetException&) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", ToString(listen), " for HTTP: is it in use?"));
  }
}

}  // namespace atestore
