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

// The cluster to measure, for the parts of a benchmark that do not use the store.
struct Target {
  std::unique_ptr<RedisTransport> transport;
  SystemClock clock;
  std::unique_ptr<ClusterClient> client;
  std::shared_ptr<const Topology> topology;

  std::vector<Endpoint> Primaries() const;
  // Sends one command to every primary and returns the replies. Stops at the first failure.
  absl::StatusOr<std::vector<Reply>> RunEverywhere(std::initializer_list<std::string_view> command);
};

// `addresses`: "host:port", at least one.
absl::StatusOr<std::vector<Endpoint>> ParseAddresses(const std::vector<std::string>& addresses);
absl::StatusOr<std::unique_ptr<Target>> OpenTarget(const std::vector<std::string>& addresses);

// A store with its own connections.
absl::StatusOr<std::unique_ptr<ActorStore>> OpenStore(const std::vector<std::string>& addresses);

// Processor time of this process so far. More stable than the clock on a shared machine.
double ClientCpuSeconds();
// Processor time of all primaries so far; 0 when they do not report it.
double ServerCpuSeconds(Target& target);

// The server of the first primary: "redis 7.0.15", "valkey 8.0.1".
std::string ServerName(Target& target);

}  // namespace atestore
