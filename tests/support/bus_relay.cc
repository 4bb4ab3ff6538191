#include "tests/support/bus_relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
// What a node that does not read leaves in the relay; the connection ends beyond it.
constexpr size_t kPendingBytesMax = size_t{4} << 20;
// struct clusterMsg: signature, length, version, port, type, count, three numbers, sender, …
constexpr size_t kLengthAt = 4;
constexpr size_t kTypeAt = 12;
constexpr size_t kSenderAt = 40;
constexpr size_t kIdLength = 40;
constexpr size_t kHeaderBytes = kSenderAt + kIdLength;
constexpr size_t kPrefixBytes = 16;  // up to the count, also of a message with a light header
constexpr uint32_t kPacketBytesMax = uint32_t{64} << 20;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void MakeNonBlocking(int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

uint32_t LengthOf(const std::string& packet) {
  uint32_t length = 0;
  std::memcpy(&length, packet.data() + kLengthAt, sizeof length);
  return ntohl(length);
}

short EventsFor(const std::string& pending) {
  return static_cast<short>(pending.empty() ? POLLIN : POLLIN | POLLOUT);
}

BusPacket TypeOf(const std::string& packet) {
  uint16_t type = 0;
  std::memcpy(&type, packet.data() + kTypeAt, sizeof type);
  return static_cast<BusPacket>(ntohs(type));
}

}  // namespace

// A connection that one node opened to another one, and the one that goes on from here.
struct BusRelay::Link {
  struct Way {
    int from = -1;
    int to = -1;
    std::string read;     // not yet a whole packet
    std::string pending;  // not yet taken by the receiver
  };

  ~Link() {
    close(to_node.from);
    close(to_node.to);
  }

  size_t node = 0;     // whose bus it leads to
  std::string opener;  // id of the node that opened it; "" until its first packet
  Way to_node;
  Way to_opener;
  bool lossy = false;
  bool over = false;
};

absl::StatusOr<std::unique_ptr<BusRelay>> BusRelay::Start() {
  std::unique_ptr<BusRelay> relay(new BusRelay);
  relay->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (relay->wake_ < 0) return absl::InternalError("no eventfd");
  relay->thread_ = std::thread([&relay = *relay] { relay.Run(); });
  return relay;
}

BusRelay::~BusRelay() {
  stop_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
  for (const std::unique_ptr<Door>& door : doors_) close(door->listener);
  close(wake_);
}

void BusRelay::Wake() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(wake_, &one, sizeof one);
}

absl::StatusOr<uint16_t> BusRelay::AddNode(uint16_t bus_port) {
  absl::StatusOr<PortLease> lease = PortLease::Take();
  if (!lease.ok()) return lease.status();
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = Loopback(lease->port());
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, SOMAXCONN) != 0) {
    close(listener);
    return UnavailableError(absl::StrCat("cannot listen on port ", lease->port()));
  }
  const uint16_t port = lease->port();
  std::lock_guard lock(mutex_);
  doors_.push_back(std::make_unique<Door>(Door{std::move(*lease), listener, bus_port}));
  ids_.emplace_back();
  Wake();
  return port;
}

void BusRelay::RemoveLastNode() {
  std::lock_guard lock(mutex_);
  close(doors_.back()->listener);
  doors_.pop_back();
  ids_.pop_back();
  Wake();
}

void BusRelay::SetId(size_t node, const std::string& id) {
  std::lock_guard lock(mutex_);
  ids_[node] = id;
}

void BusRelay::Cut(size_t from, size_t to) {
  std::lock_guard lock(mutex_);
  cuts_.emplace(from, to);
}

void BusRelay::Mend(size_t from, size_t to) {
  std::lock_guard lock(mutex_);
  cuts_.erase({from, to});
  EndLossy([&](size_t opener, size_t node) {
    return std::pair(opener, node) == std::pair(from, to) ||
           std::pair(node, opener) == std::pair(from, to);
  });
}

void BusRelay::Drop(size_t to, BusPacket type) {
  std::lock_guard lock(mutex_);
  drops_.emplace(to, type);
}

void BusRelay::StopDropping(size_t to, BusPacket type) {
  std::lock_guard lock(mutex_);
  drops_.erase({to, type});
  EndLossy([&](size_t opener, size_t node) { return opener == to || node == to; });
}

void BusRelay::MendAll() {
  std::lock_guard lock(mutex_);
  cuts_.clear();
  drops_.clear();
  EndLossy([](size_t, size_t) { return true; });
}

void BusRelay::EndConnections(size_t node) {
  std::lock_guard lock(mutex_);
  for (const std::unique_ptr<Link>& link : links_) {
    link->over = link->over || link->node == node || NumberOf(link->opener) == node;
  }
  Wake();
}

void BusRelay::EndLossy(const std::function<bool(size_t opener, size_t node)>& concerns) {
  for (const std::unique_ptr<Link>& link : links_) {
    if (link->lossy && concerns(NumberOf(link->opener), link->node)) link->over = true;
  }
  Wake();
}

size_t BusRelay::NumberOf(const std::string& id) const {
  return static_cast<size_t>(std::find(ids_.begin(), ids_.end(), id) - ids_.begin());
}

bool BusRelay::Passes(Link& link, bool to_node, const std::string& header) {
  if (header.size() < kHeaderBytes) return true;
  const std::string sender = header.substr(kSenderAt, kIdLength);
  if (to_node) link.opener = sender;
  const size_t opener = NumberOf(link.opener);
  const size_t from = to_node ? opener : link.node;
  const size_t to = to_node ? link.node : opener;
  return !cuts_.contains({from, to}) && !drops_.contains({to, TypeOf(header)});
}

void BusRelay::Accept(size_t node) {
  int opener = accept4(doors_[node]->listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (opener < 0) return;
  int onward = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(doors_[node]->bus_port);
  // On loopback it succeeds or fails at once, also when the process is stopped.
  if (connect(onward, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(opener);
    close(onward);
    return;
  }
  MakeNonBlocking(opener);
  MakeNonBlocking(onward);
  auto link = std::make_unique<Link>();
  link->node = node;
  link->to_node.from = link->to_opener.to = opener;
  link->to_node.to = link->to_opener.from = onward;
  links_.push_back(std::move(link));
}

// Moves what can be moved. False when the connection is over.
bool BusRelay::Forward(Link& link, bool to_node) {
  Link::Way& way = to_node ? link.to_node : link.to_opener;
  char bytes[kReadBytes];
  ssize_t count = recv(way.from, bytes, sizeof bytes, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
  if (count > 0) way.read.append(bytes, static_cast<size_t>(count));
  while (way.read.size() >= kPrefixBytes) {
    const uint32_t length = LengthOf(way.read);
    if (length < kPrefixBytes || length > kPacketBytesMax) return false;
    if (way.read.size() < length) break;
    std::string packet = way.read.substr(0, length);
    way.read.erase(0, length);
    if (Passes(link, to_node, packet)) {
      way.pending += packet;
    } else {
      link.lossy = true;
      ++lost_;
    }
  }
  if (way.pending.size() > kPendingBytesMax) return false;
  if (way.pending.empty()) return true;
  count = send(way.to, way.pending.data(), way.pending.size(), MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
  if (count > 0) way.pending.erase(0, static_cast<size_t>(count));
  return true;
}

void BusRelay::Run() {
  while (!stop_) {
    std::vector<pollfd> polled{{wake_, POLLIN, 0}};
    size_t doors = 0;
    {
      std::lock_guard lock(mutex_);
      for (const std::unique_ptr<Door>& door : doors_) {
        polled.push_back({door->listener, POLLIN, 0});
      }
      doors = doors_.size();
    }
    for (const std::unique_ptr<Link>& link : links_) {
      polled.push_back({link->to_node.from, EventsFor(link->to_opener.pending), 0});
      polled.push_back({link->to_opener.from, EventsFor(link->to_node.pending), 0});
    }
    poll(polled.data(), polled.size(), -1);
    std::lock_guard lock(mutex_);
    uint64_t ignored = 0;
    [[maybe_unused]] ssize_t count = read(wake_, &ignored, sizeof ignored);
    size_t at = 1 + doors;
    std::erase_if(links_, [&](const std::unique_ptr<Link>& link) {
      const short events = static_cast<short>(polled[at].revents | polled[at + 1].revents);
      at += 2;
      return link->over || (events != 0 && !(Forward(*link, true) && Forward(*link, false)));
    });
    for (size_t node = 0; node < std::min(doors, doors_.size()); ++node) {
      if (polled[1 + node].revents != 0) Accept(node);
    }
  }
  links_.clear();
}

}  // namespace atestore
