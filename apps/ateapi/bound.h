#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"

namespace atestore {

// What a bound of the service (places, threads, bytes, connections) reports about itself, for
// Metrics. Thread-safe. The default reports to nobody.
struct BoundReport {
  std::function<void(int64_t in_use)> in_use = [](int64_t) {};
  std::function<void()> refused = [] {};
  std::function<void(absl::Duration)> waited = [](absl::Duration) {};
};

}  // namespace atestore
