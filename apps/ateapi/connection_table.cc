#include "apps/ateapi/connection_table.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "absl/strings/str_replace.h"
#include "apps/ateapi/service_limits.h"
#include "store/options.h"

namespace atestore {
namespace {

// A look at all connections makes room for so many at least, so that it is not repeated for each.
constexpr size_t kRoomMade = 64;

uint64_t InodeOf(int descriptor) {
  struct stat status {};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

std::string HostOf(const std::string& peer) {
  return peer.starts_with("ip") ? peer.substr(0, peer.rfind(':')) : peer;
}

// gRPC writes peers as URIs.
std::string PlainPeer(const std::string& grpc_peer) {
  return absl::StrReplaceAll(grpc_peer, {{"%5B", "["}, {"%5D", "]"}});
}

}  // namespace

ConnectionTable::ConnectionTable(int64_t connections_max, BoundReport report)
    : connections_max_(connections_max),
      per_host_max_(ShareOf(connections_max)),
      report_(std::move(report)) {}

bool ConnectionTable::Add(int descriptor, const std::string& peer) {
  const std::string host = HostOf(peer);
  const std::lock_guard lock(mutex_);
  Forget(descriptor);  // an old connection with this number is closed
  const auto is_full = [&] {
    const auto found = by_host_.find(host);
    return static_cast<int64_t>(connections_.size()) >= connections_max_ ||
           (found != by_host_.end() && found->second >= per_host_max_);
  };
  if (is_full()) ForgetClosed();
  if (is_full()) MakeRoom(host);
  if (is_full()) {
    report_.refused();
    return false;
  }
  connections_[descriptor] = {.descriptor = descriptor,
                              .inode = InodeOf(descriptor),
                              .host = host,
                              .peer = peer,
                              .since = SteadyNow()};
  by_peer_[peer] = descriptor;
  ++by_host_[host];
  report_.in_use(static_cast<int64_t>(connections_.size()));
  return true;
}

void ConnectionTable::Woke(int descriptor) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(descriptor);
  if (found != connections_.end()) found->second.silent = false;
}

void ConnectionTable::Remove(int descriptor) {
  const std::lock_guard lock(mutex_);
  Forget(descriptor);
}

int64_t ConnectionTable::CallBegan(const std::string& grpc_peer) {
  const std::lock_guard lock(mutex_);
  const auto found = by_peer_.find(PlainPeer(grpc_peer));
  if (found == by_peer_.end()) return 0;
  Connection& connection = connections_[found->second];
  ++connection.begun;
  return ++connection.calls;
}

void ConnectionTable::CheckArrivals(const std::string& grpc_peer, const Arrivals& arrivals) {
  if (!grpc_peer.starts_with("ip")) return;  // clients of a Unix socket have no addresses
  const std::lock_guard lock(mutex_);
  const auto found = by_peer_.find(PlainPeer(grpc_peer));
  if (found == by_peer_.end()) return;
  Connection& connection = connections_[found->second];
  const int64_t open = arrivals.arrived - arrivals.answered - arrivals.cancelled;
  // Health checks are answered without beginning here.
  const int64_t waiting = arrivals.arrived - std::max(connection.begun, arrivals.answered);
  if (connection.is_flooding || (waiting < kWaitingCallsMax && open < kOpenStreamsMax)) return;
  connection.is_flooding = true;
  report_.refused();
  Close(connection);
}

void ConnectionTable::CallEnded(const std::string& grpc_peer) {
  const std::lock_guard lock(mutex_);
  const auto found = by_peer_.find(PlainPeer(grpc_peer));
  if (found == by_peer_.end()) return;
  Connection& connection = connections_[found->second];
  connection.calls = std::max<int64_t>(0, connection.calls - 1);
  connection.since = SteadyNow();
}

void ConnectionTable::CallReset(const std::string& grpc_peer) {
  const std::lock_guard lock(mutex_);
  const auto found = by_peer_.find(PlainPeer(grpc_peer));
  if (found == by_peer_.end()) return;
  Connection& connection = connections_[found->second];
  const absl::Time now = SteadyNow();
  if (now - connection.resets_since > kResetPeriod) {
    connection.resets = 0;
    connection.resets_since = now;
  }
  if (++connection.resets != kResetsMax) return;
  report_.refused();
  Close(connection);
}

void ConnectionTable::Tidy(absl::Time silent_since) {
  const std::lock_guard lock(mutex_);
  ForgetClosed();
  for (const auto& [descriptor, connection] : connections_) {
    if (connection.silent && connection.since < silent_since) Close(connection);
  }
}

void ConnectionTable::Forget(int descriptor) {
  const auto found = connections_.find(descriptor);
  if (found == connections_.end()) return;
  const auto of_peer = by_peer_.find(found->second.peer);
  if (of_peer != by_peer_.end() && of_peer->second == descriptor) by_peer_.erase(of_peer);
  const auto of_host = by_host_.find(found->second.host);
  if (--of_host->second == 0) by_host_.erase(of_host);
  connections_.erase(found);
  report_.in_use(static_cast<int64_t>(connections_.size()));
}

void ConnectionTable::ForgetClosed() {
  std::vector<int> closed;
  for (const auto& [descriptor, connection] : connections_) {
    if (InodeOf(descriptor) != connection.inode) closed.push_back(descriptor);
  }
  for (const int descriptor : closed) Forget(descriptor);
}

void ConnectionTable::MakeRoom(const std::string& for_host) {
  const auto own = by_host_.find(for_host);
  const bool own_only = own != by_host_.end() && own->second >= per_host_max_;
  std::vector<const Connection*> idle;
  for (const auto& [descriptor, connection] : connections_) {
    if (connection.calls == 0 && (!own_only || connection.host == for_host)) {
      idle.push_back(&connection);
    }
  }
  const size_t count = std::min(idle.size(), kRoomMade);
  const auto comes_first = [this](const Connection* a, const Connection* b) {
    return std::tuple(!a->silent, -by_host_[a->host], a->since) <
           std::tuple(!b->silent, -by_host_[b->host], b->since);
  };
  std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(count), idle.end(),
                    comes_first);
  idle.resize(count);
  for (const Connection* connection : idle) {
    const int descriptor = connection->descriptor;
    report_.refused();
    Close(*connection);
    Forget(descriptor);
  }
}

// The descriptor belongs to somebody else, who may have closed it and whose number may be another
// file's by now: so a copy is made, looked at, and shut down for all.
void ConnectionTable::Close(const Connection& connection) {
  const int copy = fcntl(connection.descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;
  if (InodeOf(copy) == connection.inode) {
    shutdown(copy, SHUT_RDWR);
    // What has arrived could still be read, and would be worked off.
    std::array<char, 65536> rest;
    while (recv(copy, rest.data(), rest.size(), MSG_DONTWAIT) > 0) {
    }
  }
  close(copy);
}

}  // namespace atestore
