#pragma once

#include <string>

#include "absl/status/status.h"

namespace atestore::inline v0 {

// Whether a primary answers and lets the store read and list all that it needs.
struct ShardHealth {
  std::string node;  // its address
  absl::Status status;
};

}  // namespace atestore::inline v0
