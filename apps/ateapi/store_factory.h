#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/metrics.h"
#include "apps/ateapi/node_bulkhead.h"
#include "store/actor_store.h"

namespace atestore {

// Creates the store that the flags select: a Redis Cluster, or an embedded store (filled with demo
// actors). Does not connect yet. `metrics` and `nodes` must outlive it. INVALID_ARGUMENT,
// NOT_FOUND, PERMISSION_DENIED or FAILED_PRECONDITION when a file given by a flag cannot be used:
// one line that names the file.
absl::StatusOr<std::unique_ptr<ActorStore>> MakeStore(const Flags& flags, Metrics& metrics,
                                                      NodeBulkhead& nodes);

}  // namespace atestore
