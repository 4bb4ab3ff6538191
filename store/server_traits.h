#pragma once

#include <memory>
#include <mutex>

#include "core/listing/list_walk.h"
#include "core/topology.h"
#include "store/shard_transport.h"

namespace atestore {

// What the servers of a cluster are like, as far as a listing cares.
struct ServerTraits {
  bool per_slot_tables = false;  // all primaries have them
  WalkHints hints;               // begun with DBSIZE, then learnt from page to page
};

// Asks every primary of a topology once and remembers the answer until the topology changes.
// Thread-safe.
class ServerTraitsCache {
 public:
  explicit ServerTraitsCache(ShardTransport& transport) : transport_(transport) {}

  // Never fails: a server that does not answer is taken for one without per-slot tables, and asked
  // again the next time.
  ServerTraits Get(const std::shared_ptr<const Topology>& topology, absl::Time deadline);
  // Remembers what a listing learnt under `topology`.
  void Learn(const std::shared_ptr<const Topology>& topology, bool per_slot_tables,
             double keys_per_slot, double record_bytes);

 private:
  ShardTransport& transport_;
  std::mutex mutex_;  // never held during I/O
  std::shared_ptr<const Topology> topology_;
  ServerTraits traits_;
};

}  // namespace atestore
