#pragma once

#include <cmath>
#include <cstdint>

#include "absl/time/time.h"
#include "apps/ateapi/rpc_call.h"

namespace atestore {

// Threads for calls about single records, which wait in the store. Reads and writes have pools of
// their own, so that neither waits for the other.
inline constexpr int kReadThreadsMax = 256;
inline constexpr int kWriteThreadsMax = 64;
// Threads beyond those of the listings' places, which end streams.
inline constexpr int kEndingThreads = 4;
// Calls that wait for such a thread, and for how long.
inline constexpr int kQueuedCallsMax = 2048;
inline constexpr absl::Duration kQueueWaitMax = absl::Seconds(1);
// The part of a bound that one peer may take, and that ReadActors may take of the listings.
inline constexpr double kShareMax = 0.75;
// Answers that were made and not yet taken by their peers.
inline constexpr int64_t kUnsentBytesMax = int64_t{128} << 20;
// A request is small: names, and a selector that makes a record of at most 1 MiB.
inline constexpr int64_t kRequestBytesMax = int64_t{2} << 20;

struct ServiceLimits {
  int32_t listings_max = 128;  // calls that walk the cluster, at a time
  bool debug_clear_enabled = false;
  PeerPatience patience;
};

// kShareMax of `whole`, rounded up: of two or three a peer may have all.
inline int64_t ShareOf(int64_t whole) {
  return static_cast<int64_t>(std::ceil(static_cast<double>(whole) * kShareMax));
}

}  // namespace atestore
