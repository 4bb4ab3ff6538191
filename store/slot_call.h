#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/resp.h"
#include "core/slot.h"
#include "store/cluster_client.h"
#include "store/retry_pacer.h"
#include "store/shard_transport.h"

namespace atestore {

// The name of a command and its arguments.
using Command = std::vector<std::string>;

// The way of one call to whoever owns one slot: follows MOVED and ASK, and tries again after
// TRYAGAIN, LOADING, CLUSTERDOWN and lost connections, as long as the call's RetryPacer lets it.
// Not thread-safe. What it is made of must outlive it.
class SlotCall {
 public:
  // `transport`: where the commands go, the client's own or an Exclusive() one.
  SlotCall(ClusterClient& client, ShardTransport& transport, Slot slot, RetryPacer& pacer)
      : client_(client), transport_(transport), slot_(slot), pacer_(pacer) {}
  SlotCall(const SlotCall&) = delete;
  SlotCall& operator=(const SlotCall&) = delete;

  // Sends `commands`, whose keys are all in the slot, back to back to where the last Try() went
  // well (so that the parts of a transaction meet the same node), else to the slot's owner. The
  // replies, none of them an error. nullopt: they failed, but a further Try() may go well: the
  // route is corrected and the wait is over. UNAVAILABLE (names slot, node and the last failure),
  // DEADLINE_EXCEEDED, CANCELLED, or ExplainServerError()'s when trying again does not help.
  absl::StatusOr<std::optional<std::vector<Reply>>> Try(const std::vector<Command>& commands);

  // Try() until it went well. The commands must bear being executed more than once.
  absl::StatusOr<std::vector<Reply>> Execute(const std::vector<Command>& commands);

  // True when the last Try() failed but may have been executed all the same.
  bool maybe_executed() const { return maybe_executed_; }

 private:
  struct Target {
    Endpoint endpoint;
    bool asking = false;  // the slot is on its way to this node: each command needs ASKING
  };

  absl::StatusOr<std::optional<Target>> FindTarget();
  absl::Status OnServerError(const ServerError& error);
  absl::Status OnTransientFailure(const absl::Status& failure);

  ClusterClient& client_;
  ShardTransport& transport_;
  const Slot slot_;
  RetryPacer& pacer_;
  std::shared_ptr<const Topology> topology_;  // what target_ was taken from; nullptr: is stale
  std::shared_ptr<const Topology> stale_;     // turned out to be wrong
  std::optional<Target> target_;
  int redirects_ = 0;  // in a row
  bool maybe_executed_ = false;
};

}  // namespace atestore
