#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "mockcluster/cluster.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// An emulated Redis Cluster in this process, for one thread at a time.
class EmbeddedCluster {
 public:
  explicit EmbeddedCluster(const mockcluster::ClusterOptions& options) : cluster_(options) {}

  // Where the living nodes listen, for StoreOptions::seeds.
  std::vector<Endpoint> Endpoints();

  // Calls `use` with the cluster, which nobody else uses meanwhile.
  template <typename Use>
  auto With(Use use) {
    std::lock_guard lock(mutex_);
    return use(cluster_);
  }

 private:
  std::mutex mutex_;
  mockcluster::Cluster cluster_;
};

// Carries commands to an EmbeddedCluster. Nothing ever waits: a node that does not answer fails its
// requests at once, as if the deadline had passed. Thread-safe.
class EmbeddedTransport final : public ShardTransport {
 public:
  explicit EmbeddedTransport(std::shared_ptr<EmbeddedCluster> cluster);
  ~EmbeddedTransport() override;

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

 private:
  class Connections;
  explicit EmbeddedTransport(std::unique_ptr<Connections> connections);

  const std::unique_ptr<Connections> connections_;
};

}  // namespace atestore::inline v0
