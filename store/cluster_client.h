#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/server_error.h"
#include "core/topology.h"
#include "store/clock.h"
#include "store/retry_pacer.h"
#include "store/shard_transport.h"

namespace atestore {

// What a server's refusal means for an operator, in one line that says what to do: ToStatus() with
// the advice and the reason (ErrorInfo) of its row in core/refusal_table.h.
absl::Status ExplainServerError(const ServerError& error, const Endpoint& asked);

// `failure` (of a transport, say) with the ErrorInfo of its code, unless it has one.
absl::Status WithStoreReason(const absl::Status& failure);

// A cluster as its clients know it: who owns which slot, and how to find out anew.
// Thread-safe. The transport and the clock must outlive it.
class ClusterClient {
 public:
  // `seeds`: asked first and when nobody else answers; at least one.
  ClusterClient(ShardTransport& transport, Clock& clock, std::vector<Endpoint> seeds,
                RetryOptions retry);
  ClusterClient(const ClusterClient&) = delete;
  ClusterClient& operator=(const ClusterClient&) = delete;

  ShardTransport& transport() { return transport_; }
  Clock& clock() { return clock_; }

  // The retry options, each time with another seed of the jitter.
  RetryOptions NextRetryOptions();

  // The latest view of the cluster; nullptr before the first Refresh(). Never blocks on a network.
  std::shared_ptr<const Topology> topology() const;

  // A view of the cluster that is newer than `seen`, which turned out to be wrong (nullptr: any
  // view will do). Asks the known nodes and the seeds in turn, each time beginning with another one
  // (a node may be behind the times), until one knows an owner for every slot; failing that, the
  // view with the most owners wins. Callers that come while another one asks share its result.
  // UNAVAILABLE when no node answers; or ExplainServerError()'s for what kept one from answering.
  absl::StatusOr<std::shared_ptr<const Topology>> Refresh(const Topology* seen,
                                                          absl::Time deadline);

 private:
  absl::StatusOr<std::shared_ptr<const Topology>> AskForTopology(absl::Time deadline);
  std::vector<Endpoint> NodesToAsk();

  ShardTransport& transport_;
  Clock& clock_;
  const std::vector<Endpoint> seeds_;
  const RetryOptions retry_;
  std::atomic<uint64_t> calls_{0};

  mutable std::mutex mutex_;  // guards what follows; never held during I/O
  std::condition_variable refreshed_;
  bool refreshing_ = false;
  uint64_t refreshes_ = 0;
  absl::Status last_refresh_;
  std::shared_ptr<const Topology> topology_;
};

}  // namespace atestore
