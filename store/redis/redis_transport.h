#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "store/redis/redis_options.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// Carries commands to the nodes of a Redis or Valkey cluster: one connection to each node, shared
// and pipelined, opened when it is first needed and again after it was lost. A thread of its own
// does all I/O and calls the observers, so replies are decoded while later ones are on the wire.
// What an observer does delays every other caller.
//
// Beyond the contract of ShardTransport:
// - A deadline holds whatever the server does. Late replies are taken off the wire and dropped.
// - After a failed connect, requests to the node fail at once with the same error until the
//   back-off is over.
// - An Exclusive() transport never continues silently on another connection: when one is lost, at
//   least one request fails.
class RedisTransport final : public ShardTransport {
 public:
  // FAILED_PRECONDITION when a TLS file cannot be used (names it). Connects to nobody yet.
  static absl::StatusOr<std::unique_ptr<RedisTransport>> Create(const RedisOptions& options);
  // No Execute() may be running, no Exclusive() be left.
  ~RedisTransport() override;

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

 private:
  class Engine;
  class ExclusiveTransport;
  explicit RedisTransport(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace atestore::inline v0
