#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/metrics.h"
#include "apps/ateapi/node_bulkhead.h"
#include "store/actor_store.h"

namespace atestore {

// The store that the flags ask for: over a Redis Cluster, or embedded (and filled with demo
// actors). Talks to no server yet. `metrics` and `nodes` must outlive it. INVALID_ARGUMENT,
// NOT_FOUND, PERMISSION_DENIED or FAILED_PRECONDITION when a file of the flags cannot be used: one
// line that names it.
absl::StatusOr<std::unique_ptr<ActorStore>> MakeStore(const Flags& flags, Metrics& metrics,
                                                      NodeBulkhead& nodes);

}  // namespace atestore
