#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/server_error.h"
#include "core/topology.h"
#include "store/cluster/clock.h"
#include "store/cluster/retry_pacer.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// What a server's refusal means for an operator, in one line that says what to do: ToStatus() with
// the advice and the reason (ErrorInfo) of its row in core/refusal_table.h.
absl::Status ExplainServerError(const ServerError& error, const Endpoint& asked);

// `failure` (of a transport, say) with the ErrorInfo of its code, unless it has one.
absl::Status WithStoreReason(const absl::Status& failure);

// UNAVAILABLE, how many slots of this view have no owner.
absl::Status SlotsWithoutOwner(const Topology& topology);

// A cluster as its clients know it: who owns which slot, and how to refresh that.
// Thread-safe. The transport and the clock must outlive it.
class ClusterClient {
 public:
  // Told when a node answers for another cluster, from any thread. May be empty.
  using OnForeignNode = std::function<void(const Endpoint& node)>;

  // `seeds`: asked first, and later in turn with the nodes that are known; at least one.
  ClusterClient(ShardTransport& transport, Clock& clock, std::vector<Endpoint> seeds,
                RetryOptions retry, OnForeignNode on_foreign_node = {});
  ClusterClient(const ClusterClient&) = delete;
  ClusterClient& operator=(const ClusterClient&) = delete;

  ShardTransport& transport() { return transport_; }
  Clock& clock() { return clock_; }

  // The retry options, each time with another seed of the jitter.
  RetryOptions NextRetryOptions();

  // How often a node answered for another cluster.
  uint64_t foreign_nodes() const { return foreign_nodes_.load(std::memory_order_relaxed); }

  // The latest view of the cluster; nullptr before the first Refresh(). Never blocks on a network.
  std::shared_ptr<const Topology> topology() const;

  // A view of the cluster that is newer than `seen`, which turned out to be wrong (nullptr: any
  // view will do). Asks the known nodes and the seeds in turn, a few at once, each time beginning
  // with other ones, until a primary that finds the cluster in order knows an owner for every slot;
  // failing that, the best view wins. A view that has no node in common with the known one is of
  // another cluster and refused, so a process serves one cluster as long as it lives; a view of a
  // cluster that is down replaces no complete one. Callers that come while another one asks share
  // its result. UNAVAILABLE when no node answers so; or ExplainServerError()'s for what kept one
  // from answering.
  absl::StatusOr<std::shared_ptr<const Topology>> Refresh(const Topology* seen,
                                                          absl::Time deadline);

 private:
  absl::StatusOr<std::shared_ptr<const Topology>> AskForTopology(absl::Time deadline);
  std::vector<Endpoint> NodesToAsk(const Topology* known);

  ShardTransport& transport_;
  Clock& clock_;
  const std::vector<Endpoint> seeds_;
  const RetryOptions retry_;
  const OnForeignNode on_foreign_node_;
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> foreign_nodes_{0};

  mutable std::mutex mutex_;  // guards what follows; never held during I/O
  std::condition_variable refreshed_;
  bool refreshing_ = false;
  uint64_t refreshes_ = 0;
  absl::Status last_refresh_;
  std::shared_ptr<const Topology> topology_;
};

}  // namespace atestore::inline v0
