#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace atestore {

// A socket address.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// A peer in gRPC's notation: "ipv4:127.0.0.1:80", "ipv6:[::1]:80", "unix:".
std::string PeerText(const SocketAddress& address);

// Listens on the addresses of one "host:port" or "unix:path".
//
// A Unix socket has an owner: the process that holds the lock on "path.lock" for as long as it
// lives. A path with another live owner is refused, and a path whose owner has ended is replaced.
// Only its owner removes a path.
class ListenSocket {
 public:
  // INVALID_ARGUMENT (no such host, no usable path), UNAVAILABLE (in use; no such interface).
  static absl::StatusOr<std::unique_ptr<ListenSocket>> Open(const std::string& listen_address);
  // Closes the socket, and removes the path if this process still owns it.
  ~ListenSocket();
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;

  const std::vector<int>& descriptors() const { return descriptors_; }
  // The address, with the actual port instead of 0.
  const std::string& address() const { return address_; }
  // The address at which this process can reach itself: loopback instead of a wildcard.
  const SocketAddress& own_address() const { return own_address_; }

 private:
  ListenSocket() = default;
  absl::Status OpenInternet(const std::string& listen_address);
  absl::Status OpenUnix(const std::string& path);

  std::vector<int> descriptors_;
  std::string address_;
  SocketAddress own_address_;
  std::string path_;  // of a Unix socket
  int lock_ = -1;
  unsigned long device_ = 0;
  unsigned long inode_ = 0;
};

}  // namespace atestore
