#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/resp.h"
#include "core/slot.h"
#include "store/cluster/cluster_client.h"
#include "store/cluster/retry_pacer.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// The name of a command and its arguments.
using Command = std::vector<std::string>;

// What became of commands that were tried.
enum class TryOutcome {
  kNotSent,   // no server saw them
  kRefused,   // a server replied with an error and executed none of them
  kUnknown,   // no (complete) reply came: they may have been executed, or be executed later
  kAnswered,  // every reply came, none is an error
};

// One call to the owner of a slot: follows MOVED and ASK, and tries again after
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
  // replies, none of them an error, nor an element of what EXEC replied with. nullopt: they failed,
  // but a further Try() may go well: the route is corrected and the wait is over. UNAVAILABLE
  // (names slot, node and the last failure), DEADLINE_EXCEEDED, CANCELLED, or
  // ExplainServerError()'s when trying again does not help.
  absl::StatusOr<std::optional<std::vector<Reply>>> Try(const std::vector<Command>& commands);

  // Try() until it went well. The commands must bear being executed more than once.
  absl::StatusOr<std::vector<Reply>> Execute(const std::vector<Command>& commands);

  // What became of the last Try(), whatever it returned.
  TryOutcome outcome() const { return outcome_; }
  // The error that a server replied with to the last Try(), if one did.
  const std::optional<ServerError>& refusal() const { return refusal_; }

 private:
  struct Target {
    Endpoint endpoint;
    bool asking = false;  // the slot is being migrated to this node: each command needs ASKING
  };

  absl::StatusOr<std::optional<Target>> FindTarget();
  std::optional<ServerError> FindRefusal(const std::vector<Command>& commands,
                                         const std::vector<Reply>& answers);
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
  TryOutcome outcome_ = TryOutcome::kNotSent;
  std::optional<ServerError> refusal_;
};

}  // namespace atestore::inline v0
