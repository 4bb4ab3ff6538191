#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"

namespace atestore {

// Reports the use of a bounded resource of the service (places, threads, bytes, connections) to
// Metrics. Thread-safe. The default implementation reports nothing.
struct BoundReport {
  std::function<void(int64_t in_use)> in_use = [](int64_t) {};
  std::function<void()> refused = [] {};
  std::function<void(absl::Duration)> waited = [](absl::Duration) {};
};

}  // namespace atestore
