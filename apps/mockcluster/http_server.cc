#include "apps/mockcluster/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "core/status.h"

namespace mockcluster {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::chrono::seconds kTimeout{30};
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr size_t kBodyBytesMax = size_t{64} << 10;
constexpr uint32_t kHeaderBytesMax = 8 << 10;

class Session;
using Sessions = std::set<std::shared_ptr<Session>>;

// One connection. Lives as long as the network has something to do on it, or it waits for a reply.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // `waiting` holds those that wait, so that a reply which never comes does not.
  Session(tcp::socket socket, const HttpHandler& handler, Sessions& waiting)
      : stream_(std::move(socket)), handler_(handler), waiting_(waiting) {}

  void Read() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(kBodyBytesMax);
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->Handle();
                     });
  }

 private:
  void Handle() {
    const auto& message = parser_->get();
    const std::string target(message.target());
    const HttpRequest request{.method = std::string(message.method_string()),
                              .path = target.substr(0, target.find('?')),
                              .body = message.body()};
    stream_.expires_never();  // the time limits are the network's
    waiting_.insert(shared_from_this());
    handler_(request, [waiting = weak_from_this()](HttpReply reply) {
      const std::shared_ptr<Session> self = waiting.lock();
      if (self == nullptr) return;
      asio::post(self->stream_.get_executor(),
                 [self, reply = std::move(reply)]() mutable { self->Write(std::move(reply)); });
    });
  }

  void Write(HttpReply reply) {
    waiting_.erase(shared_from_this());
    response_.emplace(static_cast<http::status>(reply.code), parser_->get().version());
    response_->set(http::field::content_type, "application/json");
    response_->keep_alive(parser_->get().keep_alive());
    response_->body() = std::move(reply.json);
    response_->prepare_payload();
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
  const HttpHandler& handler_;
  Sessions& waiting_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
};

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(HttpHandler handler) : handler_(std::move(handler)), acceptor_(context_) {}
  ~Impl() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Listen(const atestore::Endpoint& address) {
    beast::error_code error;
    const auto ip = asio::ip::make_address(address.host, error);
    if (error) return atestore::InvalidArgumentError("not an IP address: " + address.host);
    const tcp::endpoint endpoint(ip, address.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return atestore::UnavailableError("cannot listen on " + ToString(address) + ": " +
                                        error.message());
    }
    Accept();
    thread_ = std::thread([this] { context_.run(); });
    return absl::OkStatus();
  }

  atestore::Endpoint address() const {
    const tcp::endpoint endpoint = acceptor_.local_endpoint();
    return {.host = endpoint.address().to_string(), .port = endpoint.port()};
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (!error) {
        std::make_shared<Session>(std::move(socket), handler_, waiting_)->Read();
        return Accept();
      }
      // For example, descriptors have run out: asking again at once would spin.
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([this](beast::error_code) { Accept(); });
    });
  }

  const HttpHandler handler_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_{context_};
  Sessions waiting_;
  std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

atestore::Endpoint HttpServer::address() const { return impl_->address(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(const atestore::Endpoint& address,
                                                               HttpHandler handler) {
  auto impl = std::make_unique<Impl>(std::move(handler));
  if (absl::Status listening = impl->Listen(address); !listening.ok()) return listening;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace mockcluster
