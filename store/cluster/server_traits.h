#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/listing/list_walk.h"
#include "core/topology.h"
#include "store/cluster/clock.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// What the servers of a cluster are like, as far as the speed of a listing depends on it: a wrong
// guess is found out by the reads themselves.
struct ServerTraits {
  bool per_slot_tables = false;  // all primaries that answered have them
  WalkHints hints;               // begun with DBSIZE, then learnt from page to page
};

// Which part of all keys a listing wants is remembered for so many filters.
inline constexpr size_t kWantedRatiosMax = 1024;

// A primary that does not answer for so long is guessed to be like the others, so that one that
// hangs takes little of a page's time.
inline constexpr absl::Duration kTraitsPatience = absl::Milliseconds(50);

// Asks every primary of a topology once and remembers the answer until the topology changes; and
// what listings learn about the keys. Thread-safe.
class ServerTraitsCache {
 public:
  ServerTraitsCache(ShardTransport& transport, Clock& clock)
      : transport_(transport), clock_(clock) {}

  // Never fails: when no server answers they are taken for ones without per-slot tables, and asked
  // again the next time. `pattern`: of the keys that the listing wants.
  ServerTraits Get(const std::shared_ptr<const Topology>& topology, const std::string& pattern,
                   absl::Time deadline);
  // Remembers what a listing of `pattern` learnt under `topology`; not the size of its records
  // unless they are whole.
  void Learn(const std::shared_ptr<const Topology>& topology, const std::string& pattern,
             const ServerTraits& learnt, bool whole_records = true);

 private:
  ServerTraits Ask(const std::shared_ptr<const Topology>& topology, absl::Time deadline);
  std::optional<ServerTraits> Known(const std::shared_ptr<const Topology>& topology);

  ShardTransport& transport_;
  Clock& clock_;
  std::mutex mutex_;  // never held during I/O
  std::shared_ptr<const Topology> topology_;
  ServerTraits traits_;
  std::map<std::string, double, std::less<>> wanted_ratios_;  // by pattern
};

}  // namespace atestore::inline v0
