#pragma once

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/endpoint.h"
#include "store/redis/back_off.h"
#include "store/redis/connection.h"
#include "store/redis/event_loop.h"
#include "store/redis/redis_transport.h"

namespace atestore::inline v0 {

// The connections of a transport: one to each node that everybody shares, and those that are lent
// to one user. Belongs to the loop's thread.
class ConnectionPool {
 public:
  // Connections of one user, by node. Give them back with Return().
  using Loan = std::map<Endpoint, std::shared_ptr<Connection>>;

  // Both must outlive this.
  ConnectionPool(EventLoop& loop, const RedisOptions& options);
  ~ConnectionPool() { CloseAll(); }

  // Sends a request on the shared connection to its node, or fails it at once when the node could
  // not be reached a moment ago.
  void Send(const std::shared_ptr<Batch>& batch, size_t request);
  // The same on the loan's own connection, which begins now or was idle. When that connection was
  // lost and no request has told so yet, this one fails: the user may rely on what the connection
  // knew (WATCH).
  void SendOn(Loan& loan, const std::shared_ptr<Batch>& batch, size_t request);
  void Return(const Loan& loan);
  // Fails everything.
  void CloseAll();

 private:
  struct Node {
    BackOff back_off;
    absl::Status last_failure;
    std::shared_ptr<Connection> shared;
    std::vector<std::shared_ptr<Connection>> idle;  // reset, nobody's
  };

  // UNAVAILABLE (or what the last try failed with) when none may be opened now.
  absl::StatusOr<std::shared_ptr<Connection>> Open(const Endpoint& endpoint);
  absl::StatusOr<std::shared_ptr<Connection>> Borrow(Loan& loan, const Endpoint& endpoint);
  void OnEnd(const Endpoint& endpoint, Connection* connection, const absl::Status& status,
             bool was_useful);
  void Keep(const Endpoint& endpoint, const std::shared_ptr<Connection>& connection);
  void Close(const std::shared_ptr<Connection>& connection);
  // Closes what nobody waits for and forgets nodes without a connection.
  void DropUnused();

  EventLoop& loop_;
  const RedisOptions& options_;
  std::minstd_rand random_;
  std::map<Endpoint, Node> nodes_;
  std::map<Connection*, std::shared_ptr<Connection>> open_;  // all that are not closed
};

}  // namespace atestore::inline v0
