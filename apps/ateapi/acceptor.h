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

// A connection that says nothing for so long is closed; clients of gRPC and of TLS speak first.
inline constexpr absl::Duration kSilentConnectionMax = absl::Seconds(10);

// Accepts connections, keeps their number within a bound and hands those that speak on to gRPC,
// whose own listener stops for good when descriptors run out. A descriptor is kept in reserve, so
// that accepting never stops: without any it accepts and closes. Until a connection speaks it costs
// a descriptor and nothing else.
class Acceptor {
 public:
  // What becomes of a connection that speaks; takes over the descriptor. `own`: it is one of this
  // process's own probes.
  using HandOver = std::function<void(int listening, int descriptor, bool own)>;

  // The listener and the table must outlive it.
  Acceptor(const ListenSocket& listening, ConnectionTable& connections, HandOver hand_over);
  // Stops accepting.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Between these, a connection of `peer` (see PeerText()) is taken for this process's own: never
  // refused.
  void ExpectOwn(const std::string& peer);
  void ForgetOwn(const std::string& peer);

 private:
  struct Accepted {
    int listening;
    bool own;
  };

  void Run();
  void AcceptFrom(int listening);
  // False when nobody waits.
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
  std::unordered_map<int, Accepted> silent_;  // of the thread alone
  std::mutex mutex_;
  std::set<std::string> own_;
  std::thread thread_;  // last: it uses the above
};

}  // namespace atestore
