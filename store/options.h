#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/endpoint.h"
#include "core/page_token_key.h"

namespace atestore::inline v0 {

// What ActorStore::Open() and KeyListing::Open() take, and check.
struct StoreOptions {
  // Where the cluster is asked for its topology first; at least one, each with a host and a port.
  // Learnt nodes are asked later.
  std::vector<Endpoint> seeds = {};
  // The keys of page tokens, several while they are rotated: the first one signs, all verify. Ids
  // are 1 to 255 and used once, secrets have at least kPageTokenSecretBytesMin bytes. Empty: tokens
  // carry a plain checksum, which protects against accidents, not against forgery.
  std::vector<PageTokenKey> page_token_keys = {};
  // A page ends before it would hold more than this much serialized protobuf. Positive.
  size_t page_bytes_max = size_t{3} << 20;
  // What all readers together may hold of pages that were not asked for yet, beyond one page each.
  size_t read_ahead_bytes_max = size_t{96} << 20;
  // A ListActors call ends its page after this much work, a short page with a token. Positive.
  absl::Duration page_work_budget = absl::Milliseconds(250);
  // Gives up on nodes that cannot be reached: the call fails with UNAVAILABLE. Not negative.
  absl::Duration retry_budget = absl::Seconds(5);
  // Seeds the jitter of waits. Give each process another one, so that they do not come back from an
  // outage at the same moments.
  uint64_t jitter_seed = 0;
  // Called for every record that cannot be read (P8), from any thread.
  std::function<void(std::string_view key, const absl::Status& why)> on_unreadable_record = {};
  // Called before every wait for another try after a failure, from any thread.
  std::function<void()> on_retry = {};
  // Called when a node answers for another cluster than the one that is served; from any thread.
  std::function<void(const Endpoint& node)> on_foreign_node = {};
};

// Deadlines and budgets are points of this time: the time of day when the process started, and what
// a steady clock has counted since. So it never steps, whatever happens to the time of day.
// Thread-safe.
absl::Time SteadyNow();

// The same moment, from the time of day as it is now: for deadlines that come from elsewhere.
// Infinite times stay infinite.
absl::Time FromTimeOfDay(absl::Time time_of_day);

// What one call may take.
struct CallOptions {
  // A point of SteadyNow(), which FromTimeOfDay() makes of a time of day.
  absl::Time deadline = absl::InfiniteFuture();
  // Polled between round trips, by the caller's thread or the transport's, one at a time. Empty:
  // never.
  std::function<bool()> cancelled = {};
  // Called by each thread that the call starts, before it does anything else: for what belongs to
  // a thread, such as the context of a trace. Empty: nothing.
  std::function<void()> on_thread = {};
};

}  // namespace atestore::inline v0
