#include "mockcluster/tcp/front.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <limits>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/status.h"
#include "mockcluster/tcp/connection.h"

namespace mockcluster::inline v0 {

using asio::ip::tcp;

class TcpFront::Impl final : public Connection::Owner {
 public:
  Impl(Cluster& cluster, TcpFrontOptions options)
      : cluster_(cluster), options_(std::move(options)), timer_(io_), signals_(io_) {}

  absl::Status Listen() {
    std::error_code error;
    const std::string host = options_.bind_address.value_or(cluster_.options().host);
    address_ = asio::ip::make_address(host, error);
    if (error) return atestore::InvalidArgumentError("not an IP address: " + host);
    if (options_.tls) {
      absl::StatusOr<std::unique_ptr<asio::ssl::context>> context = MakeTlsContext(*options_.tls);
      if (!context.ok()) return context.status();
      tls_context_ = *std::move(context);
    }
    // Before anybody can know that the ports are open: a signal that comes later is meant for
    // Run().
    if (options_.stop_on_signals) StopOnSignals();
    return SyncListeners();
  }

  void Run() {
    if (options_.real_time) {
      StartClock();
      Tick();
    }
    io_.run();
    auto connections = std::exchange(connections_, {});
    for (const auto& connection : connections) connection->Close();
  }

  void Stop() {
    asio::post(io_, [this] { io_.stop(); });
  }

  void Post(std::function<void()> task, std::chrono::milliseconds delay) {
    asio::post(io_, [this, task = std::move(task), delay]() mutable {
      CallAfter(delay, [this, task = std::move(task)] {
        BeforeCommands();
        task();
        AfterCommands();
      });
    });
  }

 private:
  static constexpr std::chrono::milliseconds kTick{10};
  static constexpr std::chrono::milliseconds kAcceptRetry{50};

  void StopOnSignals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](std::error_code error, int) {
      if (!error) io_.stop();
    });
  }

  // Opens and closes listeners until there is one for each living node.
  absl::Status SyncListeners() {
    absl::Status status;
    for (const NodeInfo& node : cluster_.Nodes()) {
      const auto open = listeners_.find(node.index);
      const bool wanted = node.alive && node.member;
      if (open != listeners_.end()) {
        if (wanted && open->second.port == node.endpoint.port) continue;
        open->second.acceptor->close();
        listeners_.erase(open);
      }
      if (!wanted) continue;
      status.Update(Open(node));
    }
    return status;
  }

  absl::Status Open(const NodeInfo& node) {
    const int port = node.endpoint.port + options_.port_shift;
    if (port < 1 || port > std::numeric_limits<uint16_t>::max()) {
      return atestore::UnavailableError("cannot listen on port " + std::to_string(port) + " for " +
                                        ToString(node.endpoint));
    }
    tcp::endpoint endpoint(address_, static_cast<uint16_t>(port));
    auto acceptor = std::make_shared<tcp::acceptor>(io_);
    std::error_code error;
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return atestore::UnavailableError("cannot listen on port " + std::to_string(port) + " for " +
                                        ToString(node.endpoint) + ": " + error.message());
    }
    Accept(node.endpoint, acceptor);
    listeners_[node.index] = {node.endpoint.port, std::move(acceptor)};
    return absl::OkStatus();
  }

  void Accept(const atestore::Endpoint& endpoint, const std::shared_ptr<tcp::acceptor>& acceptor) {
    acceptor->async_accept([this, endpoint, acceptor](std::error_code error, tcp::socket socket) {
      if (!acceptor->is_open()) return;
      if (!error) {
        Serve(endpoint, std::move(socket));
        return Accept(endpoint, acceptor);
      }
      // No descriptors: the connection stays in the queue, and asking for it at once would spin.
      CallAfter(kAcceptRetry, [this, endpoint, acceptor] {
        if (acceptor->is_open()) Accept(endpoint, acceptor);
      });
    });
  }

  void Serve(const atestore::Endpoint& endpoint, tcp::socket socket) {
    absl::StatusOr<ClientId> client = cluster_.Connect(endpoint);
    if (!client.ok()) return;  // it died since; closing the socket is the answer
    std::error_code ignored;   // a socket that died at once fails at its first read
    socket.set_option(tcp::no_delay(true), ignored);
    auto connection =
        std::make_shared<Connection>(cluster_, *client, MakeStream(std::move(socket)), *this);
    connections_.insert(connection);
    connection->Start();
  }

  std::unique_ptr<ClientStream> MakeStream(tcp::socket socket) {
    if (!tls_context_) return std::make_unique<ClientStream>(std::move(socket));
    return std::make_unique<ClientStream>(std::move(socket), *tls_context_);
  }

  void BeforeCommands() override {
    if (options_.real_time) CatchUp();
  }

  void AfterCommands() override {
    // With real time, the next tick does.
    if (!options_.real_time) ResumeStalled();
    // Processes may have died or started; both leave a line in the event log.
    if (events_seen_ == cluster_.event_log().size()) return;
    events_seen_ = cluster_.event_log().size();
    auto connections = connections_;
    for (const auto& connection : connections) {
      connection->CloseIfDead();
      connection->Resume();
    }
    // A port that somebody else took meanwhile stays closed: its node is out of reach, as on a
    // real machine. The next event tries again.
    SyncListeners().IgnoreError();
  }

  void CallAfter(std::chrono::milliseconds delay, std::function<void()> callback) override {
    auto timer = std::make_shared<asio::steady_timer>(io_, delay);
    timer->async_wait([timer, callback = std::move(callback)](std::error_code error) {
      if (!error) callback();
    });
  }

  void OnStalled(Connection& stalled) override { stalled_.insert(stalled.shared_from_this()); }

  void OnClosed(Connection& closed) override {
    stalled_.erase(closed.shared_from_this());
    connections_.erase(closed.shared_from_this());
  }

  void StartClock() {
    started_ = std::chrono::steady_clock::now();
    const auto today = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    cluster_.AdvanceTime(std::max<int64_t>(0, today.count() - cluster_.now_ms()));
  }

  // Virtual time is the time of day, to the millisecond.
  void CatchUp() {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started_);
    if (elapsed.count() == advanced_ms_) return;
    cluster_.AdvanceTime(elapsed.count() - advanced_ms_);
    advanced_ms_ = elapsed.count();
  }

  void Tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](std::error_code error) {
      if (error) return;
      CatchUp();
      ResumeStalled();
      AfterCommands();
      Tick();
    });
  }

  // Nodes that were busy may not be any more.
  void ResumeStalled() {
    auto stalled = std::exchange(stalled_, {});
    for (const auto& connection : stalled) {
      connection->Resume();
      if (connection->is_stalled()) stalled_.insert(connection);
    }
  }

  Cluster& cluster_;
  const TcpFrontOptions options_;
  asio::io_context io_{1};
  std::unique_ptr<asio::ssl::context> tls_context_;  // null: plain
  asio::ip::address address_;
  asio::steady_timer timer_;
  asio::signal_set signals_;
  std::chrono::steady_clock::time_point started_;
  int64_t advanced_ms_ = 0;
  struct Listener {
    uint16_t port;
    std::shared_ptr<tcp::acceptor> acceptor;
  };
  std::map<NodeIndex, Listener> listeners_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::unordered_set<std::shared_ptr<Connection>> stalled_;  // of them
  size_t events_seen_ = 0;
};

TcpFront::TcpFront(Cluster& cluster, const TcpFrontOptions& options)
    : impl_(std::make_unique<Impl>(cluster, options)) {}

TcpFront::~TcpFront() = default;

absl::Status TcpFront::Listen() { return impl_->Listen(); }

void TcpFront::Run() { impl_->Run(); }

void TcpFront::Stop() { impl_->Stop(); }

void TcpFront::Post(std::function<void()> task, std::chrono::milliseconds delay) {
  impl_->Post(std::move(task), delay);
}

}  // namespace mockcluster::inline v0
