#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/endpoint.h"

namespace atestore {

struct RawLoopOptions {
  std::string match = "actor:*";
  size_t count = 1000;
  // True: `count` is the size of a page, and each SCAN asks for the rest of it, as many clients do.
  bool count_is_what_is_left = false;
  // Send the next SCAN together with the GETs, instead of after their replies.
  bool overlap = false;
};

struct RawLoopResult {
  int64_t keys = 0;    // found by SCAN
  int64_t values = 0;  // keys that hold strings
  int64_t scans = 0;
  double seconds = 0;
};

// The baseline: SCAN and a pipelined GET for every key, one node after the other, without decoding
// or keeping anything. It misses and repeats keys if the cluster changes meanwhile.
absl::StatusOr<RawLoopResult> RunRawLoop(const std::vector<Endpoint>& primaries,
                                         const RawLoopOptions& options);

}  // namespace atestore
