#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace atestore {

// Time that never steps back, for limits: an absl::Time that means nothing but its differences.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace atestore
