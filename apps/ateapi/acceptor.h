#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>

#include "absl/time/time.h"
#include "apps/ateapi/connection_table.h"
#include "apps/ateapi/listen_socket.h"

namespace atestore {

// A connection that sends nothing for this long is closed; gRPC and TLS clients send first.
inline constexpr absl::Duration kSilentConnectionMax = absl::Seconds(10);

// Accepts connections, limits their number, and hands a connection to gRPC once it sends something.
// gRPC's own listener stops for good when descriptors run out. The acceptor keeps one descriptor in
// reserve, so it never stops: without a free descriptor it accepts a connection and closes it. A
// connection that has not sent anything costs only a descriptor.
class Acceptor {
 public:
  // Called with a connection that has sent something; takes over the descriptor. `own`: it is one
  // of this process's own probes.
  using HandOver = std::function<void(int listening, int descriptor, bool own)>;

  // The listener and the table must outlive the acceptor.
  Acceptor(const ListenSocket& listening, ConnectionTable& connections, HandOver hand_over);
  // Stops accepting.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Between these two calls, a connection from `peer` (see PeerText()) counts as this process's own
  // and is never refused.
  void ExpectOwn(const std::string& peer);
  void ForgetOwn(const std::string& peer);

 private:
  struct Accepted {
    int listening;
    bool own;
  };

  void Run();
  void AcceptFrom(int listening);
  // False when no connection is waiting.
  bool AcceptOne(int listening);
  void RefuseOne(int listening);
  bool IsOwn(int descriptor, const SocketAddress& address);
  void OnReadable(int descriptor);

  const ListenSocket& listening_;
  ConnectionTable& connections_;
  const HandOver hand_over_;
  int epoll_ = -1;
  int stop_ = -1;
  int reserve_ = -1;
  std::unordered_map<int, Accepted> silent_;  // used only by the thread
  std::mutex mutex_;
  std::set<std::string> own_;
  std::thread thread_;  // last: it uses the above
};

}  // namespace atestore
