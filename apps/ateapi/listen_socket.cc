#include "apps/ateapi/listen_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/listen_address.h"
#include "core/endpoint.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr int kBacklog = 1024;
constexpr std::string_view kUnixPrefix = "unix:";

absl::Status InUse(const std::string& address, const char* why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why));
}

// A bound, listening socket; -1 with errno otherwise.
int Listen(const SocketAddress& address) {
  const int descriptor =
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  const int off = 0;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.storage.ss_family == AF_INET6) {
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  if (bind(descriptor, address.get(), address.length) == 0 && listen(descriptor, kBacklog) == 0) {
    return descriptor;
  }
  const int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

SocketAddress AddressOf(int descriptor) {
  SocketAddress address;
  address.length = sizeof(address.storage);
  getsockname(descriptor, address.get(), &address.length);
  return address;
}

uint16_t* PortOf(SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    return &reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port;
  }
  return &reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port;
}

bool IsWildcard(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr.s_addr == INADDR_ANY;
  }
  const auto& any = reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr;
  return IN6_IS_ADDR_UNSPECIFIED(&any);
}

SocketAddress Internet(int family, bool loopback, uint16_t port) {
  SocketAddress address;
  address.storage.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_addr.s_addr = htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY);
    address.length = sizeof(*v4);
  } else {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_addr = loopback ? in6addr_loopback : in6addr_any;
    address.length = sizeof(*v6);
  }
  *PortOf(address) = htons(port);
  return address;
}

// Both families where a wildcard of either was asked for, as gRPC does it.
std::vector<SocketAddress> AddressesOf(const Endpoint& listen) {
  const std::vector<SocketAddress> everywhere = {Internet(AF_INET6, false, listen.port),
                                                 Internet(AF_INET, false, listen.port)};
  if (listen.host.empty()) return everywhere;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = absl::StrCat(listen.port);
  if (getaddrinfo(listen.host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  std::vector<SocketAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.length = each->ai_addrlen;
  }
  freeaddrinfo(found);
  return !addresses.empty() && IsWildcard(addresses.front()) ? everywhere : addresses;
}

bool IsServed(const SocketAddress& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  // A full backlog (EAGAIN) means that a process is listening, too.
  const bool served = connect(probe, address.get(), address.length) == 0 || errno == EAGAIN;
  close(probe);
  return served;
}

}  // namespace

std::string PeerText(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  SocketAddress copy = address;
  switch (address.storage.ss_family) {
    case AF_INET:
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr, text,
                sizeof(text));
      return absl::StrCat("ipv4:", text, ":", ntohs(*PortOf(copy)));
    case AF_INET6: {
      const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr;
      if (IN6_IS_ADDR_V4MAPPED(&ip)) {
        inet_ntop(AF_INET, &ip.s6_addr[12], text, sizeof(text));
        return absl::StrCat("ipv4:", text, ":", ntohs(*PortOf(copy)));
      }
      inet_ntop(AF_INET6, &ip, text, sizeof(text));
      return absl::StrCat("ipv6:[", text, "]:", ntohs(*PortOf(copy)));
    }
    default:
      return std::string(kUnixPrefix);
  }
}

absl::StatusOr<std::unique_ptr<ListenSocket>> ListenSocket::Open(
    const std::string& listen_address) {
  std::unique_ptr<ListenSocket> listening(new ListenSocket);
  const absl::Status status = IsUnixSocket(listen_address)
                                  ? listening->OpenUnix(listen_address.substr(kUnixPrefix.size()))
                                  : listening->OpenInternet(listen_address);
  if (!status.ok()) return status;
  return listening;
}

absl::Status ListenSocket::OpenInternet(const std::string& listen_address) {
  const absl::StatusOr<Endpoint> listen = ParseListenEndpoint(listen_address);
  if (!listen.ok()) return listen.status();
  uint16_t port = listen->port;
  int error = 0;
  for (SocketAddress address : AddressesOf(*listen)) {
    *PortOf(address) = htons(port);  // all use the port of the first socket
    const int descriptor = Listen(address);
    if (descriptor < 0) {
      // An IPv6 wildcard listens for IPv4 too.
      if (descriptors_.empty()) error = errno;
      continue;
    }
    descriptors_.push_back(descriptor);
    SocketAddress bound = AddressOf(descriptor);
    port = ntohs(*PortOf(bound));
    if (descriptors_.size() > 1) continue;
    own_address_ = IsWildcard(bound) ? Internet(bound.storage.ss_family, true, port) : bound;
  }
  if (descriptors_.empty()) {
    if (error == 0) return InUse(listen_address, "no such host");
    return InUse(listen_address, error == EADDRINUSE ? "is it in use?" : std::strerror(error));
  }
  address_ = WithPort(listen_address, port);
  return absl::OkStatus();
}

absl::Status ListenSocket::OpenUnix(const std::string& path) {
  const std::string address_text = absl::StrCat(ToAbsl(kUnixPrefix), path);
  SocketAddress address;
  auto* const local = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof(local->sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat(address_text, ": the path must have 1 to ",
                                                   sizeof(local->sun_path) - 1, " bytes"));
  }
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
  address.length = sizeof(*local);

  lock_ = open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return InUse(address_text, std::strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) return InUse(address_text, "a live process serves it");
  struct stat present {};
  if (lstat(path.c_str(), &present) == 0) {
    if (!S_ISSOCK(present.st_mode)) return InUse(address_text, "the path is not a socket");
    if (IsServed(address)) return InUse(address_text, "a live process serves it");
    unlink(path.c_str());
  }
  const int descriptor = Listen(address);
  if (descriptor < 0) return InUse(address_text, std::strerror(errno));
  descriptors_.push_back(descriptor);
  if (lstat(path.c_str(), &present) == 0) {
    device_ = present.st_dev;
    inode_ = present.st_ino;
    path_ = path;
  }
  address_ = address_text;
  own_address_ = address;
  return absl::OkStatus();
}

ListenSocket::~ListenSocket() {
  struct stat present {};
  if (!path_.empty() && lstat(path_.c_str(), &present) == 0 && present.st_dev == device_ &&
      present.st_ino == inode_) {
    unlink(path_.c_str());
  }
  for (const int descriptor : descriptors_) close(descriptor);
  if (lock_ >= 0) close(lock_);
}

}  // namespace atestore
