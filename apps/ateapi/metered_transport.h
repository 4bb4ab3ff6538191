#pragma once

#include <memory>
#include <span>

#include "apps/ateapi/metrics.h"
#include "apps/ateapi/node_bulkhead.h"
#include "store/shard_transport.h"

namespace atestore {

// Passes the requests that `nodes` admits on to another transport; a request that is not admitted
// fails at once. Counts round trips, error replies and keys in `metrics`. `nodes` and `metrics`
// must outlive it. Thread-safe.
class MeteredTransport final : public ShardTransport {
 public:
  MeteredTransport(std::unique_ptr<ShardTransport> transport, Metrics& metrics, NodeBulkhead& nodes)
      : transport_(std::move(transport)), metrics_(metrics), nodes_(nodes) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

 private:
  const std::unique_ptr<ShardTransport> transport_;
  Metrics& metrics_;
  NodeBulkhead& nodes_;
};

}  // namespace atestore
