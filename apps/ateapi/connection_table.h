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

// A connection on which so many calls are cancelled within kResetPeriod before their requests have
// arrived is closed: each costs the service more than its peer (HTTP/2 rapid reset).
inline constexpr int64_t kResetsMax = 200;
inline constexpr absl::Duration kResetPeriod = absl::Seconds(10);
// A connection with so many calls that have not begun is closed: clients that keep to what gRPC
// announces (kStreamsPerConnectionMax) have fewer, unless they cancel many.
inline constexpr int64_t kWaitingCallsMax = 320;
// A connection with so many open streams is closed. gRPC counts a stream until it knows that its
// answer is sent; by then the client may have opened the next, so there can be twice as many.
inline constexpr int64_t kOpenStreamsMax = 640;

// The connections of clients, limited in total and per address. When there is no room, it closes
// connections without a call: first those that never sent anything, of the address that has the
// most. gRPC owns the descriptors; the table identifies a connection by its socket's inode, so it
// does not confuse a reused descriptor number with the old connection. Thread-safe.
class ConnectionTable {
 public:
  ConnectionTable(int64_t connections_max, BoundReport report);

  // Adds a new connection from `peer`, in the notation of PeerText(). False: there is no room, and
  // the caller must close it.
  bool Add(int descriptor, const std::string& peer);
  // The connection sent something.
  void Woke(int descriptor);
  // The caller has closed the connection.
  void Remove(int descriptor);

  // A call from `peer`, in gRPC's notation, began or ended. CallBegan() returns the number of the
  // connection's calls that have begun and not ended.
  int64_t CallBegan(const std::string& grpc_peer);
  void CallEnded(const std::string& grpc_peer);

  // The streams of a connection since it was accepted.
  struct Arrivals {
    int64_t arrived = 0;
    int64_t answered = 0;
    int64_t cancelled = 0;
  };
  // Closes the connection to `grpc_peer` if it has kWaitingCallsMax or kOpenStreamsMax.
  void CheckArrivals(const std::string& grpc_peer, const Arrivals& arrivals);

  // A call ends because its request did not arrive.
  void CallReset(const std::string& grpc_peer);

  // Closes the connections that have sent nothing since `limit`, and removes those that gRPC has
  // closed.
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
    int64_t begun = 0;
    bool is_flooding = false;  // closed for that
    int64_t resets = 0;        // since `resets_since`
    absl::Time resets_since = absl::InfinitePast();
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
