#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "apps/ateapi/bound.h"

namespace atestore {

// The connections of clients: so many at most, and of one address no more than its share. When
// there is no room, those that have no call make room: first those that never said anything, of the
// address that has the most. gRPC owns the descriptors; this knows them by their sockets' inodes,
// so that a number that is used again is not taken for the old connection. Thread-safe.
class ConnectionTable {
 public:
  ConnectionTable(int64_t connections_max, BoundReport report);

  // Takes note of a new connection of `peer`, as PeerText() writes it. False when there is no room:
  // then it must be closed.
  bool Add(int descriptor, const std::string& peer);
  // It said something.
  void Woke(int descriptor);
  // It was closed by who asks.
  void Remove(int descriptor);

  // A call of `peer`, as gRPC writes it, began or ended.
  void CallBegan(const std::string& grpc_peer);
  void CallEnded(const std::string& grpc_peer);

  // Closes those that have said nothing since `limit`; forgets those that gRPC has closed.
  void Tidy(absl::Time silent_since);

 private:
  struct Connection {
    int descriptor = -1;
    uint64_t inode = 0;
    std::string host;
    std::string peer;
    absl::Time since;
    bool silent = true;
    int64_t calls = 0;
  };

  void Forget(int descriptor);
  void ForgetClosed();
  void MakeRoom(const std::string& for_host);
  void Close(const Connection& connection);

  const int64_t connections_max_;
  const int64_t per_host_max_;
  const BoundReport report_;
  std::mutex mutex_;
  std::unordered_map<int, Connection> connections_;  // by descriptor
  std::unordered_map<std::string, int> by_peer_;
  std::map<std::string, int64_t, std::less<>> by_host_;
};

}  // namespace atestore
