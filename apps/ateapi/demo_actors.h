#pragma once

#include <cstdint>
#include <memory>

#include "store/embedded/embedded_transport.h"

namespace atestore {

// An embedded cluster of three primaries that holds `actors` made-up actors. Up to
// kStoredActorsMax actors are stored as ordinary records in the atespaces team-a … team-e. A larger
// number is computed on request, in the atespaces space-0 … space-49, so that a billion actors take
// no memory.
std::shared_ptr<EmbeddedCluster> MakeDemoCluster(int64_t actors);
inline constexpr int64_t kStoredActorsMax = 1'000'000;

}  // namespace atestore
