#include "mockcluster/tcp/client_stream.h"

#include <asio/write.hpp>
#include <utility>

namespace mockcluster::inline v0 {

ClientStream::ClientStream(asio::ip::tcp::socket socket) : stream_(std::move(socket)) {}

ClientStream::ClientStream(asio::ip::tcp::socket socket, asio::ssl::context& context)
    : stream_(std::in_place_type<Tls>, std::move(socket), context) {}

void ClientStream::Handshake(std::function<void(std::error_code)> done) {
  Tls* tls = std::get_if<Tls>(&stream_);
  if (tls == nullptr) return done({});
  tls->async_handshake(asio::ssl::stream_base::server, std::move(done));
}

void ClientStream::Read(asio::mutable_buffer buffer, Done done) {
  std::visit([&](auto& stream) { stream.async_read_some(buffer, std::move(done)); }, stream_);
}

void ClientStream::Write(asio::const_buffer buffer, Done done) {
  std::visit([&](auto& stream) { asio::async_write(stream, buffer, std::move(done)); }, stream_);
}

void ClientStream::Close() {
  std::error_code ignored;  // the peer may be gone already
  std::visit(
      [&ignored](auto& stream) {
        auto& socket = stream.lowest_layer();
        socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
        socket.close(ignored);
      },
      stream_);
}

}  // namespace mockcluster::inline v0
