#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/topology.h"
#include "store/actor_store.h"
#include "store/cluster/clock.h"
#include "store/cluster/cluster_client.h"
#include "store/redis/redis_transport.h"

namespace atestore {

// The cluster that is measured, for the parts of a benchmark that are not the store itself.
struct Target {
  std::unique_ptr<RedisTransport> transport;
  SystemClock clock;
  std::unique_ptr<ClusterClient> client;
  std::shared_ptr<const Topology> topology;

  std::vector<Endpoint> Primaries() const;
  // One command to every primary; the replies' texts. The first failure ends it.
  absl::StatusOr<std::vector<Reply>> RunEverywhere(std::initializer_list<std::string_view> command);
};

// `addresses`: "host:port", at least one.
absl::StatusOr<std::vector<Endpoint>> ParseAddresses(const std::vector<std::string>& addresses);
absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const std::vector<std::string>& addresses);

// A store with connections of its own.
absl::StatusOr<std::unique_ptr<ActorStore>> OpenStore(const std::vector<std::string>& addresses);

// Processor time spent so far. Steadier than the clock on a machine that others use too.
double ClientCpuSeconds();
// All primaries together; 0 when they do not tell.
double ServerCpuSeconds(Target& target);

// "redis 7.0.15", "valkey 8.0.1": what the first primary says it is.
std::string ServerName(Target& target);

}  // namespace atestore
