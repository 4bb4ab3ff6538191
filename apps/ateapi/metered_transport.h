#pragma once

#include <memory>
#include <span>

#include "apps/ateapi/metrics.h"
#include "store/shard_transport.h"

namespace atestore {

// Passes everything on to another transport and counts round trips, error replies and names into
// `metrics`, which must outlive it. Thread-safe.
class MeteredTransport final : public ShardTransport {
 public:
  MeteredTransport(std::unique_ptr<ShardTransport> transport, Metrics& metrics)
      : transport_(std::move(transport)), metrics_(metrics) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

 private:
  const std::unique_ptr<ShardTransport> transport_;
  Metrics& metrics_;
};

}  // namespace atestore
