#include "core/listing/depth.h"

#include <algorithm>

namespace atestore::inline v0 {
namespace {

// A page of the usual 1,000 in one segment, and all its values at once: two round trips.
constexpr size_t kFarKeys = 1040;
constexpr size_t kFarValueBytes = size_t{2} << 20;

// One more page in flight for each of these. A node serves a page in 1 to 2 ms.
constexpr RoundTrip kPageTime{1500};
constexpr size_t kPagesAheadMax = 3;

}  // namespace

Depth Depth::For(RoundTrip round_trip) {
  if (round_trip < kFarRoundTrip) return {};
  const auto pages = static_cast<size_t>(round_trip.microseconds / kPageTime.microseconds) + 2;
  return {.far = true,
          .pages_ahead = std::min(pages, kPagesAheadMax),
          .segment_keys_min = kFarKeys,
          .values = kFarKeys,
          .value_bytes_max = kFarValueBytes};
}

}  // namespace atestore::inline v0
