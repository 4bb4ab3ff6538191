#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mockcluster::inline v0 {

// Which server a node emulates: version strings, error texts and the rules that differ.
enum class Flavor {
  kRedis70,   // Redis 7.0.15: one table per node, migration marks are lost on failover
  kValkey80,  // Valkey 8.0.1: one table per slot, SETSLOT is replicated
  kValkey91,  // Valkey 9.1: as 8.0, atomic slot migration, EXEC decides on missing keys
};

// How a server lays its keys out, which decides what a SCAN cursor means.
enum class Layout {
  kSingleTable,  // Redis 7.0, 7.2: one hash table a node, cursor in hash order
  kPerSlot,  // Valkey ≥ 8.0, Redis ≥ 7.4: one table a slot, cursor = position · 2¹⁴ + slot
};

// The types a value can have. Only strings carry content; the others exist so that WRONGTYPE,
// TYPE and SCAN … TYPE behave.
enum class ValueType : uint8_t { kString, kList, kSet, kZset, kHash, kStream };

// When a node learns of events on other nodes.
enum class GossipMode {
  kImmediate,  // every event ends with Cluster::Settle()
  kManual,     // only by Cluster::Gossip(), Cluster::Settle() or a fault plan: views become stale
};

// Settings of a node that can change at run time, also by CONFIG SET. They survive restarts.
struct NodeSettings {
  bool allow_reads_when_down = false;     // cluster-allow-reads-when-down
  uint64_t clients_max = 10'000;          // maxclients: clients and links to other nodes
  uint64_t memory_bytes_max = 0;          // maxmemory; 0: no limit. Nothing is evicted
  uint64_t replicas_to_write_min = 0;     // min-replicas-to-write
  bool stop_writes_on_save_error = true;  // stop-writes-on-bgsave-error
  bool saving_fails = false;              // the last snapshot could not be written
};

// Actors that are computed when asked for, not stored: up to 10⁹ and more in constant memory.
struct SyntheticActors {
  uint64_t actors = 0;      // in the whole cluster, spread evenly over the slots
  uint32_t atespaces = 50;  // ≥ 1; actors are spread over them: space-0, space-1, …
};

// How to build a cluster. A value; equal options and equal calls give equal bytes.
struct ClusterOptions {
  size_t primaries = 3;  // ≥ 1; the slots are spread over them as redis-cli does
  size_t replicas_per_primary = 0;
  Flavor flavor = Flavor::kValkey80;  // of every node until RestartAs()
  std::optional<Layout> layout = {};  // nullopt: the layout of the node's flavor
  uint64_t seed = 1;                  // of node ids, run ids, hash seeds, the order of gossip
  std::string host = "127.0.0.1";
  uint16_t base_port = 7000;  // node i listens on base_port + i
  bool tls = false;           // the ports use TLS: CLUSTER SHARDS calls them "tls-port"
  std::string password = {};  // of the user "default"; empty: no AUTH needed
  GossipMode gossip = GossipMode::kImmediate;
  bool replica_migration = true;       // a primary that loses its last slot becomes a replica
  bool allow_reads_when_down = false;  // the initial setting of every node
  bool require_full_coverage = true;   // an unassigned slot makes the cluster state fail
  // Actors that exist at the start; they are computed, not stored.
  std::optional<SyntheticActors> synthetic = {};
  // How long a node must be out of reach until the others take it for failed; half a second later a
  // replica takes over from a failed primary (cluster-node-timeout). 0: failures are noticed at
  // once, and nobody takes over.
  int64_t node_timeout_ms = 0;
  // With GossipMode::kImmediate: how long after an event all nodes learn of it.
  int64_t gossip_delay_ms = 0;
  int64_t rejoin_delay_ms = 2000;  // how long a restarted primary's cluster state is fail
};

}  // namespace mockcluster::inline v0
