#include "apps/ateapi/http_endpoint.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/listen_address.h"
#include "apps/ateapi/listen_socket.h"

namespace atestore {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::chrono::seconds kTimeout{kHttpTimeoutSeconds};
constexpr std::chrono::milliseconds kAcceptPause{50};

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

Response Text(const Request& request, http::status code, std::string text) {
  Response response(code, request.version());
  response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  response.keep_alive(request.keep_alive() && code == http::status::ok);
  response.body() = std::move(text);
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

Response AnswerTo(const Request& request, const std::vector<HttpRoute>& routes) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return Text(request, http::status::method_not_allowed, "only GET\n");
  }
  const std::string target(request.target());
  const std::string path = target.substr(0, target.find('?'));
  for (const HttpRoute& route : routes) {
    if (route.path != path) continue;
    HttpAnswer answer = route.answer();
    return Text(request, static_cast<http::status>(answer.code), std::move(answer.text));
  }
  return Text(request, http::status::not_found, "no such path\n");
}

// One connection. Lives as long as something is under way on it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const std::vector<HttpRoute>& routes)
      : stream_(std::move(socket)), routes_(routes) {}

  void Read() {
    parser_.emplace();
    parser_->header_limit(kHttpHeaderBytesMax);
    parser_->body_limit(0);
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->Write();
                     });
  }

  void Close() { stream_.close(); }

 private:
  void Write() {
    response_ = AnswerTo(parser_->get(), routes_);
    stream_.expires_after(kTimeout);
    http::async_write(stream_, *response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return;
                        if (self->response_->keep_alive()) return self->Read();
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  beast::tcp_stream stream_;
  const std::vector<HttpRoute>& routes_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<Response> response_;
};

}  // namespace

class HttpEndpoint::Impl {
 public:
  explicit Impl(std::unique_ptr<ListenSocket> listening) : listening_(std::move(listening)) {}
  ~Impl() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void Serve(std::vector<HttpRoute> routes) {
    routes_ = std::move(routes);
    for (const int descriptor : listening_->descriptors()) {
      // Of either family: what matters is the descriptor, which asio closes too, hence a copy.
      acceptors_.emplace_back(context_, tcp::v6(), dup(descriptor));
      Accept(acceptors_.back());
    }
    thread_ = std::thread([this] { context_.run(); });
  }
  const std::string& address() const { return listening_->address(); }

 private:
  void Accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](beast::error_code error, tcp::socket socket) {
      if (!error) {
        Admit(std::move(socket));
        return Accept(acceptor);
      }
      // For example, descriptors have run out: try again later.
      auto pause = std::make_shared<asio::steady_timer>(context_, kAcceptPause);
      pause->async_wait([this, &acceptor, pause](beast::error_code) { Accept(acceptor); });
    });
  }

  void Admit(tcp::socket socket) {
    sessions_.remove_if([](const std::weak_ptr<Session>& session) { return session.expired(); });
    if (sessions_.size() >= kHttpConnectionsMax) {
      if (const std::shared_ptr<Session> oldest = sessions_.front().lock()) oldest->Close();
      sessions_.pop_front();
    }
    const auto session = std::make_shared<Session>(std::move(socket), routes_);
    sessions_.push_back(session);
    session->Read();
  }

  const std::unique_ptr<ListenSocket> listening_;
  std::vector<HttpRoute> routes_;
  asio::io_context context_{1};
  std::list<tcp::acceptor> acceptors_;
  std::list<std::weak_ptr<Session>> sessions_;
  std::thread thread_;
};

HttpEndpoint::HttpEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpEndpoint::~HttpEndpoint() = default;

const std::string& HttpEndpoint::address() const { return impl_->address(); }

void HttpEndpoint::Serve(std::vector<HttpRoute> routes) { impl_->Serve(std::move(routes)); }

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Listen(
    const std::string& listen_address) {
  if (IsUnixSocket(listen_address)) {
    return absl::InvalidArgumentError(absl::StrCat(listen_address, ": probes need host:port"));
  }
  absl::StatusOr<std::unique_ptr<ListenSocket>> listening = ListenSocket::Open(listen_address);
  if (!listening.ok()) return listening.status();
  return std::unique_ptr<HttpEndpoint>(
      new HttpEndpoint(std::make_unique<Impl>(*std::move(listening))));
}

}  // namespace atestore
