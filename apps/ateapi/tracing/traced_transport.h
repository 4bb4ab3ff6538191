#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "store/shard_transport.h"

namespace atestore {

// Passes requests on to another transport, with a span for each request if the thread's call is
// recorded (CallSpan::Scope). Thread-safe.
class TracedTransport final : public ShardTransport {
 public:
  explicit TracedTransport(std::unique_ptr<ShardTransport> transport)
      : transport_(std::move(transport)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

 private:
  const std::unique_ptr<ShardTransport> transport_;
};

// The name of a batch by OpenTelemetry's conventions for Redis: the command if there is only one,
// "MULTI" for a transaction, else "PIPELINE".
std::string OperationOf(const Pipeline& pipeline);

}  // namespace atestore
