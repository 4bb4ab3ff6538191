#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

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
  // After a connection was lost while nobody waited for a reply on it.
  enum class AfterLoss { kReconnect, kFailOneRequest };

  EmbeddedTransport(std::shared_ptr<EmbeddedCluster> cluster, AfterLoss after_loss);

  struct Connection {
    mockcluster::ClientId client;
    std::string node_id;  // of who answers
    std::unique_ptr<RespReader> reader;
  };

  // Why there is no (further) reply.
  absl::Status ExecuteOne(mockcluster::Cluster& cluster, size_t index, const ShardRequest& request,
                          ReplyObserver& observer);
  absl::StatusOr<Connection*> Connect(mockcluster::Cluster& cluster, const Endpoint& endpoint);
  void Close(mockcluster::Cluster& cluster, const Endpoint& endpoint);

  const std::shared_ptr<EmbeddedCluster> cluster_;
  const AfterLoss after_loss_;
  std::map<Endpoint, Connection> connections_;  // guarded by the cluster
};

}  // namespace atestore::inline v0
