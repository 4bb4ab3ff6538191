#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "store/shard_transport.h"

namespace atestore {

// Passes everything on to another transport, with a span for each request of a call that is
// recorded (CallSpan::Scope of the calling thread). Thread-safe.
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

// What a batch is called by the conventions for Redis: the command when there is one, "MULTI" for a
// transaction, else "PIPELINE".
std::string OperationOf(const Pipeline& pipeline);

}  // namespace atestore
