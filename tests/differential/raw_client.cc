#include "tests/differential/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <utility>

#include "core/status.h"

namespace atestore {
namespace {

constexpr timeval kReplyTimeout{.tv_sec = 10, .tv_usec = 0};

}  // namespace

RawClient::RawClient(int socket) : socket_(socket), reader_(std::make_unique<RespReader>()) {}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), reader_(std::move(other.reader_)) {}

RawClient::~RawClient() {
  if (socket_ >= 0) close(socket_);
}

absl::StatusOr<RawClient> RawClient::Connect(const Endpoint& endpoint) {
  int handle = socket(AF_INET, SOCK_STREAM, 0);
  if (handle < 0) return UnavailableError("no socket");
  RawClient client(handle);
  setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &kReplyTimeout, sizeof kReplyTimeout);
  int no_delay = 1;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  if (connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return UnavailableError("cannot connect to " + ToString(endpoint));
  }
  return client;
}

absl::StatusOr<std::string> RawClient::Execute(const std::vector<std::string>& command) {
  if (absl::Status sent = Send(command); !sent.ok()) return sent;
  return Receive();
}

absl::Status RawClient::Send(const std::vector<std::string>& command) {
  Pipeline pipeline;
  std::vector<std::string_view> arguments(command.begin(), command.end());
  pipeline.Add(arguments);
  const std::string& request = pipeline.bytes();
  if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return UnavailableError("the connection is closed");
  }
  return absl::OkStatus();
}

bool RawClient::HasReply() const {
  pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
  return poll(&readable, 1, 0) == 1;
}

absl::StatusOr<std::string> RawClient::Receive() {
  std::string reply;
  char chunk[65536];
  for (;;) {
    ssize_t count = recv(socket_, chunk, sizeof chunk, 0);
    if (count <= 0) return UnavailableError("the connection is closed");
    std::string_view bytes(chunk, static_cast<size_t>(count));
    reply.append(bytes);
    reader_->Feed(bytes);
    absl::StatusOr<std::optional<ReplyView>> next = reader_->Next();
    if (!next.ok()) return next.status();
    if (next->has_value()) return reply;
  }
}

}  // namespace atestore
