#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "mockcluster/keyspace/keyspace.h"

namespace mockcluster {

// Which server is imitated: version strings, error texts and the rules that differ.
enum class Flavor {
  kRedis70,   // Redis 7.0.15: one table a node, markers are lost on failover
  kValkey80,  // Valkey 8.0.1: one table a slot, SETSLOT is replicated
  kValkey91,  // Valkey 9.1: as 8.0, atomic slot migration, EXEC decides on missing keys
};

// When a node hears of what another one did.
enum class GossipMode {
  kImmediate,  // every event ends with Cluster::Settle()
  kManual,     // only by Cluster::Gossip(), Cluster::Settle() or a fault plan: views go stale
};

// What is configured on a node at run time, also by CONFIG SET; it survives restarts.
struct NodeSettings {
  bool allow_reads_when_down = false;     // cluster-allow-reads-when-down
  uint64_t clients_max = 10'000;          // maxclients: clients and links to other nodes
  uint64_t memory_bytes_max = 0;          // maxmemory; 0: no limit. Nothing is evicted
  uint64_t replicas_to_write_min = 0;     // min-replicas-to-write
  bool stop_writes_on_save_error = true;  // stop-writes-on-bgsave-error
  bool saving_fails = false;              // the last snapshot could not be written
};

// What a cluster is made of. A value; equal options and equal calls give equal bytes.
struct ClusterOptions {
  size_t primaries = 3;  // ≥ 1; the slots are spread over them as redis-cli does
  size_t replicas_per_primary = 0;
  Flavor flavor = Flavor::kValkey80;  // of every node until RestartAs()
  std::optional<Layout> layout = {};  // nullopt: the one of the node's flavour
  uint64_t seed = 1;                  // node ids, run ids, hash seeds, the order of gossip
  std::string host = "127.0.0.1";
  uint16_t base_port = 7000;  // node i listens on base_port + i
  bool tls = false;           // the ports speak TLS: CLUSTER SHARDS calls them "tls-port"
  std::string password = {};  // of the user "default"; empty: no AUTH needed
  GossipMode gossip = GossipMode::kImmediate;
  bool replica_migration = true;       // a primary that loses its last slot turns replica
  bool allow_reads_when_down = false;  // of every node in the beginning
  bool require_full_coverage = true;   // an unassigned slot turns the cluster state to fail
  // Actors that are computed, not stored: the cluster begins with them.
  std::optional<SyntheticActors> synthetic = {};
  int64_t rejoin_delay_ms = 2000;  // a restarted primary's cluster state is fail for so long
};

}  // namespace mockcluster
