#include "apps/ateapi/http_endpoint.h"

#include <CivetServer.h>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/listen_address.h"
#include "core/topology.h"

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
  Impl(const std::string& listen_address, const Endpoint& listen, std::vector<HttpRoute> routes)
      : server_({"listening_ports", ListeningPort(listen), "num_threads", kThreads,
                 "request_timeout_ms", kRequestTimeoutMs}) {
    for (HttpRoute& route : routes) {
      handlers_.push_back(std::make_unique<RouteHandler>(std::move(route.answer)));
      server_.addHandler(route.path + "$", *handlers_.back());
    }
    address_ = WithPort(listen_address, server_.getListeningPorts().at(0));
  }
  ~Impl() { server_.close(); }

  const std::string& address() const { return address_; }

 private:
  std::vector<std::unique_ptr<RouteHandler>> handlers_;
  CivetServer server_;
  std::string address_;
};

HttpEndpoint::HttpEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpEndpoint::~HttpEndpoint() = default;

const std::string& HttpEndpoint::address() const { return impl_->address(); }

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(const std::string& listen_address,
                                                                  std::vector<HttpRoute> routes) {
  const absl::StatusOr<Endpoint> listen = ParseListenEndpoint(listen_address);
  if (!listen.ok()) return listen.status();
  try {
    auto impl = std::make_unique<Impl>(listen_address, *listen, std::move(routes));
    return std::unique_ptr<HttpEndpoint>(new HttpEndpoint(std::move(impl)));
  } catch (const CivetException&) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", ToString(*listen), " for HTTP: is it in use?"));
  }
}

}  // namespace atestore
