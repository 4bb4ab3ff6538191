#include "apps/ateapi/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "apps/ateapi/log.h"
#include "store/options.h"

namespace atestore {
namespace {

// Accepted in a row, before those are looked at that speak.
constexpr int kAcceptsAtOnce = 64;
constexpr int kEventsAtOnce = 256;
constexpr int kTidyEveryMs = 1000;
// When not even the reserve helps, because the whole machine has no descriptors.
constexpr int kNoDescriptorsPauseMs = 10;

void Watch(int epoll, int descriptor, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Acceptor::Acceptor(const ListenSocket& listening, ConnectionTable& connections, HandOver hand_over)
    : listening_(listening),
      connections_(connections),
      hand_over_(std::move(hand_over)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC)),
      reserve_(OpenReserve()) {
  Watch(epoll_, stop_, EPOLLIN);
  for (const int descriptor : listening_.descriptors()) Watch(epoll_, descriptor, EPOLLIN);
  thread_ = std::thread([this] { Run(); });
}

Acceptor::~Acceptor() {
  const uint64_t one = 1;
  (void)!write(stop_, &one, sizeof(one));
  thread_.join();
  for (const auto& [descriptor, accepted] : silent_) close(descriptor);
  for (const int descriptor : {epoll_, stop_, reserve_}) close(descriptor);
}

void Acceptor::ExpectOwn(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  own_.insert(peer);
}

void Acceptor::ForgetOwn(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  own_.erase(peer);
}

void Acceptor::Run() {
  std::array<epoll_event, kEventsAtOnce> events{};
  absl::Time tidied = SteadyNow();
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce, kTidyEveryMs);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<size_t>(i)].data.fd;
      if (descriptor == stop_) return;
      const std::vector<int>& listening = listening_.descriptors();
      if (std::find(listening.begin(), listening.end(), descriptor) != listening.end()) {
        AcceptFrom(descriptor);
      } else {
        OnReadable(descriptor);
      }
    }
    const absl::Time now = SteadyNow();
    if (now - tidied < absl::Milliseconds(kTidyEveryMs)) continue;
    tidied = now;
    connections_.Tidy(now - kSilentConnectionMax);
  }
}

void Acceptor::AcceptFrom(int listening) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    if (!AcceptOne(listening)) return;
  }
}

bool Acceptor::AcceptOne(int listening) {
  SocketAddress address;
  address.length = sizeof(address.storage);
  const int descriptor =
      accept4(listening, address.get(), &address.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      RefuseOne(listening);
      return false;
    }
    return errno == EINTR || errno == ECONNABORTED;
  }
  const bool own = IsOwn(descriptor, address);
  if (!own && !connections_.Add(descriptor, PeerText(address))) {
    close(descriptor);
    return true;
  }
  const int on = 1;
  if (address.storage.ss_family != AF_UNIX) {
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  silent_[descriptor] = {.listening = listening, .own = own};
  Watch(epoll_, descriptor, EPOLLIN | EPOLLRDHUP);
  return true;
}

void Acceptor::RefuseOne(int listening) {
  LogEvent(LogLevel::kWarning, "no_descriptors");
  if (reserve_ >= 0) close(reserve_);
  const int descriptor = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) close(descriptor);
  reserve_ = OpenReserve();
  if (reserve_ < 0) poll(nullptr, 0, kNoDescriptorsPauseMs);
}

bool Acceptor::IsOwn(int descriptor, const SocketAddress& address) {
  if (address.storage.ss_family == AF_UNIX) {
    ucred credentials{};
    socklen_t length = sizeof(credentials);
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 &&
           credentials.pid == getpid();
  }
  const std::lock_guard lock(mutex_);
  return own_.contains(PeerText(address));
}

void Acceptor::OnReadable(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  const auto found = silent_.find(descriptor);
  const Accepted accepted = found->second;
  silent_.erase(found);
  char byte = 0;
  if (recv(descriptor, &byte, 1, MSG_PEEK) <= 0) {
    if (!accepted.own) connections_.Remove(descriptor);
    close(descriptor);
    return;
  }
  if (!accepted.own) connections_.Woke(descriptor);
  hand_over_(accepted.listening, descriptor, accepted.own);
}

}  // namespace atestore
