#pragma once

#include <cmath>
#include <cstdint>

#include "absl/time/time.h"
#include "apps/ateapi/rpc_call.h"

namespace atestore {

// Threads for calls about single records, which block in the store. Reads and writes have separate
// pools, so that neither waits for the other.
inline constexpr int kReadThreadsMax = 256;
inline constexpr int kWriteThreadsMax = 64;
// Threads in addition to one per listing place; they end streams.
inline constexpr int kEndingThreads = 4;
// How many calls may wait for such a thread, and for how long.
inline constexpr int kQueuedCallsMax = 2048;
inline constexpr absl::Duration kQueueWaitMax = absl::Seconds(1);
// The share of a limit that one peer may use, and the share of the listing places for ReadActors.
inline constexpr double kShareMax = 0.75;
// The memory limit for answers that peers have not taken yet.
inline constexpr int64_t kUnsentBytesMax = int64_t{128} << 20;
// A request is small: names, and a selector that makes a record of at most 1 MiB.
inline constexpr int64_t kRequestBytesMax = int64_t{2} << 20;

struct ServiceLimits {
  int32_t listings_max = 128;  // concurrent calls that walk the cluster
  bool debug_clear_enabled = false;
  PeerPatience patience;
};

// kShareMax of `whole`, rounded up, so that one peer may use all of two or three.
inline int64_t ShareOf(int64_t whole) {
  return static_cast<int64_t>(std::ceil(static_cast<double>(whole) * kShareMax));
}

}  // namespace atestore
