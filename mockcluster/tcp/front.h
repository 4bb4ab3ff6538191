#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "mockcluster/cluster.h"
#include "mockcluster/tcp/tls_context.h"

namespace mockcluster::inline v0 {

struct TcpFrontOptions {
  // The address to listen on; nullopt: the one that the cluster announces, which must then be an IP
  // address.
  std::optional<std::string> bind_address;
  // Added to the port that a node announces: the one to listen on. For ports that something between
  // the clients and here maps.
  int port_shift = 0;
  // Given: clients must speak TLS.
  std::optional<TlsServerOptions> tls;
  // Virtual time is the time of day at the start of Run(), and goes on as a steady clock does.
  // Otherwise only MOCK TIME moves it, and a run depends on nothing but the seed and the order of
  // commands.
  bool real_time = true;
  // From Listen() on, SIGINT and SIGTERM end Run(), also when they came before it.
  bool stop_on_signals = false;
};

// Serves an emulated cluster on real sockets: a listener for every living node at its port, opened
// and closed as processes start and die. Understands the command MOCK (control.h) on every
// connection. Single-threaded: nobody else may use the cluster during Run().
class TcpFront {
 public:
  // `cluster` must outlive the front.
  TcpFront(Cluster& cluster, const TcpFrontOptions& options);
  ~TcpFront();
  TcpFront(const TcpFront&) = delete;
  TcpFront& operator=(const TcpFront&) = delete;

  // Opens the listeners. INVALID_ARGUMENT: no IP address; FAILED_PRECONDITION: a TLS file cannot be
  // used; UNAVAILABLE: an address is taken.
  absl::Status Listen();
  // Serves until Stop() or a signal.
  void Run();
  // Ends Run(). Thread-safe.
  void Stop();
  // Runs `task` on the thread of Run(), between the commands of clients and not before `delay` has
  // passed; it may use the cluster. Never after Run() has ended. Thread-safe.
  void Post(std::function<void()> task, std::chrono::milliseconds delay = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mockcluster::inline v0
