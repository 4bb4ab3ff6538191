#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/topology.h"

namespace atestore {

struct RawLoopOptions {
  std::string match = "actor:*";
  size_t count = 1000;
  // Set: the keys of a page; each SCAN asks for what is left of it, as many clients do.
  bool count_is_what_is_left = false;
  // Send the next SCAN together with the GETs, instead of after their replies.
  bool overlap = false;
};

struct RawLoopResult {
  int64_t keys = 0;    // names found by SCAN
  int64_t values = 0;  // of them, strings
  int64_t scans = 0;
  double seconds = 0;
};

// The baseline: one node after the other, SCAN and a pipelined GET for every name, nothing decoded
// and nothing kept. It misses and repeats keys when anything changes meanwhile.
absl::StatusOr<RawLoopResult> RunRawLoop(const std::vector<Endpoint>& primaries,
                                         const RawLoopOptions& options);

}  // namespace atestore
