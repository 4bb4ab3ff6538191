#pragma once

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <functional>
#include <system_error>
#include <variant>

namespace mockcluster::inline v0 {

// A client's socket, plain or with TLS around it. One read and one write may be pending; both end
// with an error when the stream is closed. A resource.
class ClientStream {
 public:
  using Done = std::function<void(std::error_code, size_t bytes)>;

  explicit ClientStream(asio::ip::tcp::socket socket);
  // `context` must outlive the stream.
  ClientStream(asio::ip::tcp::socket socket, asio::ssl::context& context);

  // To be called first, once. A plain stream is ready at once.
  void Handshake(std::function<void(std::error_code)> done);
  // Some bytes, at least one.
  void Read(asio::mutable_buffer buffer, Done done);
  // All of them.
  void Write(asio::const_buffer buffer, Done done);
  void Close();

 private:
  using Plain = asio::ip::tcp::socket;
  using Tls = asio::ssl::stream<asio::ip::tcp::socket>;

  std::variant<Plain, Tls> stream_;
};

}  // namespace mockcluster::inline v0
