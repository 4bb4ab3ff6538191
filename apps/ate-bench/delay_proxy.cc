#include "apps/ate-bench/delay_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/options.h"

namespace atestore {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
// A rate is kept chunk by chunk: 1.6 ms at 10 MB/s.
constexpr size_t kRatedChunkBytes = size_t{16} << 10;
// Bytes that may be in flight in one direction; beyond that the sender waits, as on a real
// connection.
constexpr size_t kWayBytesMax = size_t{32} << 20;

absl::StatusOr<sockaddr_in> AddressOf(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr) != 1) {
    return InvalidArgumentError(absl::StrCat("no IPv4 address: ", endpoint.host));
  }
  return address;
}

void Prepare(int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// What happens to chunks that come now.
struct Traffic {
  absl::Duration delay;
  int64_t bytes_per_second = 0;  // 0: no limit
};

// One direction of a connection.
struct Way {
  struct Chunk {
    absl::Time due;
    std::string bytes;
  };

  int from = -1;
  int to = -1;
  absl::Time* line_free = nullptr;  // of the line that it shares
  std::deque<Chunk> chunks;
  size_t bytes = 0;
  size_t written = 0;  // of the first chunk
  bool blocked = false;

  // False: the connection is over.
  bool Read(const Traffic& traffic) {
    std::string chunk(traffic.bytes_per_second > 0 ? kRatedChunkBytes : kChunkBytes, '\0');
    const ssize_t count = read(from, chunk.data(), chunk.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    chunk.resize(static_cast<size_t>(count));
    bytes += chunk.size();
    absl::Time due = SteadyNow();
    if (traffic.bytes_per_second > 0) {
      due = std::max(due, *line_free) +
            absl::Seconds(1) *
                (static_cast<double>(chunk.size()) / static_cast<double>(traffic.bytes_per_second));
      *line_free = due;
    }
    chunks.push_back({due + traffic.delay, std::move(chunk)});
    return true;
  }
  bool WriteDue() {
    blocked = false;
    while (!chunks.empty() && chunks.front().due <= SteadyNow()) {
      const std::string& chunk = chunks.front().bytes;
      const ssize_t count = send(to, chunk.data() + written, chunk.size() - written, MSG_NOSIGNAL);
      if (count < 0) {
        blocked = errno == EAGAIN || errno == EINTR;
        return blocked;
      }
      written += static_cast<size_t>(count);
      if (written < chunk.size()) continue;
      bytes -= chunk.size();
      written = 0;
      chunks.pop_front();
    }
    return true;
  }
};

}  // namespace

struct DelayProxy::Link {
  ~Link() {
    close(to_node.from);
    close(to_node.to);
  }
  Way to_node;
  Way to_client;
};

absl::StatusOr<std::unique_ptr<DelayProxy>> DelayProxy::Start(const std::vector<Endpoint>& nodes) {
  std::unique_ptr<DelayProxy> proxy(new DelayProxy);
  proxy->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  for (const Endpoint& node : nodes) {
    if (absl::Status status = proxy->Open(node); !status.ok()) return status;
  }
  proxy->thread_ = std::thread([&proxy = *proxy] { proxy.Run(); });
  return proxy;
}

DelayProxy::~DelayProxy() {
  stop_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t count = write(wake_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  for (const Door& door : doors_) close(door.listener);
  close(wake_);
}

absl::Status DelayProxy::Open(const Endpoint& node) {
  if (absl::StatusOr<sockaddr_in> address = AddressOf(node); !address.ok()) {
    return address.status();
  }
  sockaddr_in address = *AddressOf({.host = "127.0.0.1", .port = 0});
  socklen_t length = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener, SOMAXCONN) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    close(listener);
    return UnavailableError("no port for a proxy");
  }
  doors_.push_back({.node = node, .listener = listener, .port = ntohs(address.sin_port)});
  return absl::OkStatus();
}

Endpoint DelayProxy::For(const Endpoint& node) const {
  for (const Door& door : doors_) {
    if (door.node == node) return {.host = "127.0.0.1", .port = door.port};
  }
  return node;
}

void DelayProxy::Accept(Door& door) {
  const int client = accept4(door.listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int node = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = *AddressOf(door.node);
  if (connect(node, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(node);
    close(client);
    return;
  }
  Prepare(client);
  Prepare(node);
  auto link = std::make_unique<Link>();
  link->to_node.from = link->to_client.to = client;
  link->to_node.to = link->to_client.from = node;
  link->to_node.line_free = &door.to_node.free;
  link->to_client.line_free = &door.to_client.free;
  links_.push_back(std::move(link));
}

void DelayProxy::Run() {
  prctl(PR_SET_TIMERSLACK, 1000);  // one microsecond, so that short delays are what they are
  while (!stop_) {
    std::vector<pollfd> polled{{.fd = wake_, .events = POLLIN, .revents = 0}};
    for (const Door& door : doors_) polled.push_back({door.listener, POLLIN, 0});
    absl::Time next = absl::InfiniteFuture();
    for (const std::unique_ptr<Link>& link : links_) {
      for (Way* way : {&link->to_node, &link->to_client}) {
        const bool may_read = way->bytes < kWayBytesMax;
        polled.push_back({way->from, static_cast<short>(may_read ? POLLIN : 0), 0});
        polled.push_back({way->to, static_cast<short>(way->blocked ? POLLOUT : 0), 0});
        if (!way->chunks.empty() && !way->blocked) next = std::min(next, way->chunks.front().due);
      }
    }
    const timespec wait =
        absl::ToTimespec(std::clamp(next - SteadyNow(), absl::ZeroDuration(), absl::Seconds(1)));
    ppoll(polled.data(), polled.size(), &wait, nullptr);
    const Traffic traffic{.delay = absl::Nanoseconds(delay_ns_.load()),
                          .bytes_per_second = bytes_per_second_.load()};
    size_t index = 1 + doors_.size();
    std::erase_if(links_, [&](const std::unique_ptr<Link>& link) {
      bool open = true;
      for (Way* way : {&link->to_node, &link->to_client}) {
        const bool readable = (polled[index].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
        index += 2;
        if (readable) open = way->Read(traffic) && open;
        open = way->WriteDue() && open;
      }
      return !open;
    });
    for (size_t door = 0; door < doors_.size(); ++door) {
      if (polled[1 + door].revents != 0) Accept(doors_[door]);
    }
  }
  links_.clear();
}

}  // namespace atestore
