#pragma once

#include <cstdio>
#include <cstdlib>

namespace atestore::fuzz {

// The oracle of a target: ends the process, as a finding, unless `condition` holds. `promise` says
// what was broken.
inline void Require(bool condition, const char* promise) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace atestore::fuzz
