#include "store/redis/connection_pool.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/redis/limits.h"

namespace atestore::inline v0 {

ConnectionPool::ConnectionPool(EventLoop& loop, const RedisOptions& options)
    : loop_(loop), options_(options), random_(options.jitter_seed) {}

void ConnectionPool::Send(const std::shared_ptr<Batch>& batch, size_t request) {
  const Endpoint& endpoint = batch->request(request).endpoint;
  std::shared_ptr<Connection> connection = nodes_[endpoint].shared;
  if (!connection) {
    absl::StatusOr<std::shared_ptr<Connection>> opened = Open(endpoint);
    if (!opened.ok()) return batch->Fail(request, opened.status());
    connection = nodes_[endpoint].shared = *opened;
  }
  connection->Send(batch, request);
}

void ConnectionPool::SendOn(Loan& loan, const std::shared_ptr<Batch>& batch, size_t request) {
  absl::StatusOr<std::shared_ptr<Connection>> connection =
      Borrow(loan, batch->request(request).endpoint);
  if (!connection.ok()) return batch->Fail(request, connection.status());
  (*connection)->Send(batch, request);
}

absl::StatusOr<std::shared_ptr<Connection>> ConnectionPool::Borrow(Loan& loan,
                                                                   const Endpoint& endpoint) {
  std::shared_ptr<Connection>& own = loan[endpoint];
  if (own && own->is_closed()) {
    bool told = own->loss_was_told();
    own.reset();
    if (!told) {
      return UnavailableError(absl::StrCat(ToString(endpoint), ": the connection was lost"));
    }
  }
  if (own) return own;
  std::vector<std::shared_ptr<Connection>>& idle = nodes_[endpoint].idle;
  if (!idle.empty()) {
    own = std::move(idle.back());
    idle.pop_back();
    return own;
  }
  absl::StatusOr<std::shared_ptr<Connection>> opened = Open(endpoint);
  if (opened.ok()) own = *opened;
  return opened;
}

void ConnectionPool::Return(const Loan& loan) {
  for (const auto& [endpoint, connection] : loan) {
    if (!connection || connection->is_closed()) continue;
    // Somebody's late replies may still be in flight; they come before the reset's.
    connection->Reset([this, where = endpoint, returned = std::weak_ptr(connection)](bool clean) {
      std::shared_ptr<Connection> current = returned.lock();
      if (!current) return;
      clean ? Keep(where, current) : Close(current);
    });
  }
}

void ConnectionPool::Keep(const Endpoint& endpoint, const std::shared_ptr<Connection>& connection) {
  std::vector<std::shared_ptr<Connection>>& idle = nodes_[endpoint].idle;
  if (idle.size() >= kIdleExclusiveMax) return Close(connection);
  idle.push_back(connection);
}

absl::StatusOr<std::shared_ptr<Connection>> ConnectionPool::Open(const Endpoint& endpoint) {
  if (open_.size() >= kConnectionsMax || nodes_.size() > kConnectionsMax) DropUnused();
  if (open_.size() >= kConnectionsMax) return UnavailableError("too many connections");
  Node& node = nodes_[endpoint];
  if (node.back_off.Blocks(loop_.Now())) return node.last_failure;
  std::shared_ptr<Connection> connection = Connection::Open(
      loop_, options_, endpoint,
      [this, endpoint](Connection* ended, const absl::Status& status, bool was_useful) {
        OnEnd(endpoint, ended, status, was_useful);
      });
  open_[connection.get()] = connection;
  return connection;
}

void ConnectionPool::OnEnd(const Endpoint& endpoint, Connection* connection,
                           const absl::Status& status, bool was_useful) {
  Node& node = nodes_[endpoint];
  if (was_useful) {
    node.back_off.OnSuccess();
  } else {
    std::uniform_real_distribution<double> spread(0, 1);
    node.back_off.OnFailure(loop_.Now(), spread(random_));
    node.last_failure = status;
  }
  if (node.shared.get() == connection) node.shared.reset();
  std::erase_if(node.idle, [&](const auto& idle) { return idle.get() == connection; });
  open_.erase(connection);
}

void ConnectionPool::Close(const std::shared_ptr<Connection>& connection) {
  connection->Close(UnavailableError("the connection was closed"));
  open_.erase(connection.get());
}

void ConnectionPool::DropUnused() {
  for (auto entry = nodes_.begin(); entry != nodes_.end();) {
    Node& node = entry->second;
    for (const std::shared_ptr<Connection>& idle : std::exchange(node.idle, {})) Close(idle);
    if (node.shared && node.shared->is_idle()) Close(std::exchange(node.shared, nullptr));
    entry = node.shared ? std::next(entry) : nodes_.erase(entry);
  }
}

void ConnectionPool::CloseAll() {
  for (const auto& [key, connection] : std::exchange(open_, {})) {
    connection->Close(UnavailableError("the transport was closed"));
  }
  nodes_.clear();
}

}  // namespace atestore::inline v0
