#include "apps/ate-bench/node_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

absl::Status SystemError(std::string_view what) { return absl::ErrnoToStatus(errno, ToAbsl(what)); }

}  // namespace

NodeSocket::NodeSocket(int descriptor) : descriptor_(descriptor), buffer_(new char[kBufferBytes]) {}

NodeSocket::NodeSocket(NodeSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)),
      start_(other.start_),
      end_(other.end_) {}

NodeSocket::~NodeSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<NodeSocket> NodeSocket::Connect(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::string port = absl::StrCat(endpoint.port);
  if (getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return UnavailableError(absl::StrCat("cannot resolve ", ToString(endpoint)));
  }
  NodeSocket node(socket(found->ai_family, SOCK_STREAM, 0));
  int result = connect(node.descriptor_, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (result != 0) return SystemError(absl::StrCat("cannot connect to ", ToString(endpoint)));
  int on = 1;
  setsockopt(node.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return node;
}

absl::Status NodeSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return SystemError("send");
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::Status NodeSocket::Fill() {
  if (start_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + start_, end_ - start_);
    end_ -= start_;
    start_ = 0;
  }
  if (end_ == kBufferBytes) return absl::InternalError("a reply is longer than the buffer");
  ssize_t got = recv(descriptor_, buffer_.get() + end_, kBufferBytes - end_, 0);
  if (got <= 0) return SystemError("receive");
  end_ += static_cast<size_t>(got);
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> NodeSocket::ReadLine() {
  for (;;) {
    const char* begin = buffer_.get() + start_;
    const void* found = std::memchr(begin, '\n', end_ - start_);
    if (found != nullptr) {
      size_t length = static_cast<size_t>(static_cast<const char*>(found) - begin);
      start_ += length + 1;
      return std::string_view(begin, length - 1);
    }
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
}

absl::StatusOr<int64_t> NodeSocket::ReadHeader(char marker) {
  absl::StatusOr<std::string_view> line = ReadLine();
  if (!line.ok()) return line.status();
  int64_t number = 0;
  auto [end, error] = std::from_chars(line->data() + 1, line->data() + line->size(), number);
  if (line->front() != marker || error != std::errc()) {
    return absl::InternalError(absl::StrCat("unexpected reply: ", ToAbsl(*line)));
  }
  return number;
}

absl::StatusOr<std::string_view> NodeSocket::ReadBulk() {
  absl::StatusOr<int64_t> length = ReadHeader('$');
  if (!length.ok()) return length.status();
  size_t bytes = static_cast<size_t>(*length);
  while (end_ - start_ < bytes + 2) {
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
  std::string_view text(buffer_.get() + start_, bytes);
  start_ += bytes + 2;
  return text;
}

absl::Status NodeSocket::ReadScan(std::string* cursor, std::string* gets, size_t* keys) {
  if (absl::StatusOr<int64_t> two = ReadHeader('*'); !two.ok()) return two.status();
  absl::StatusOr<std::string_view> next = ReadBulk();
  if (!next.ok()) return next.status();
  cursor->assign(*next);
  absl::StatusOr<int64_t> count = ReadHeader('*');
  if (!count.ok()) return count.status();
  *keys = static_cast<size_t>(*count);
  for (int64_t i = 0; i < *count; ++i) {
    absl::StatusOr<std::string_view> key = ReadBulk();
    if (!key.ok()) return key.status();
    AppendCommand(gets, {"GET", *key});
  }
  return absl::OkStatus();
}

absl::Status NodeSocket::SkipGetReplies(size_t count, int64_t* strings) {
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<int64_t> length = ReadHeader('$');
    if (!length.ok()) return length.status();
    if (*length < 0) continue;
    ++*strings;
    size_t bytes = static_cast<size_t>(*length) + 2;
    while (end_ - start_ < bytes) {
      if (absl::Status status = Fill(); !status.ok()) return status;
    }
    start_ += bytes;
  }
  return absl::OkStatus();
}

void AppendCommand(std::string* bytes, std::initializer_list<std::string_view> arguments) {
  char number[24];
  auto append_header = [&](char marker, size_t value) {
    auto [end, error] = std::to_chars(number, number + sizeof number, value);
    bytes->push_back(marker);
    bytes->append(number, end);
    bytes->append("\r\n");
  };
  append_header('*', arguments.size());
  for (std::string_view argument : arguments) {
    append_header('$', argument.size());
    bytes->append(argument);
    bytes->append("\r\n");
  }
}

}  // namespace atestore
