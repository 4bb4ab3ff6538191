#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace atestore::inline v0 {

// How long a request takes there and back where nothing else is in the way.
struct RoundTrip {
  int64_t microseconds = 0;
  auto operator<=>(const RoundTrip&) const = default;
};

// From this round trip on, a listing waits for the network rather than for the nodes. Below it, the
// time in which a node serves one part of values covers the round trip of the next one.
inline constexpr RoundTrip kFarRoundTrip{700};

// How much a listing asks a node for before earlier replies have come. It changes speed only. Near
// nodes are asked for little at a time, so that client and node work at the same time and other
// clients are served in between. Far nodes are asked for what fills the network meanwhile.
struct Depth {
  bool far = false;
  size_t pages_ahead = 1;       // pages of a PageSequence begun behind the oldest one
  size_t segment_keys_min = 0;  // keys of a segment, at least
  size_t values = 0;            // values that a segment requests from a node at once, at least
  size_t value_bytes_max = 0;   // … unless they are likely to have more bytes than this

  static Depth For(RoundTrip round_trip);
};

}  // namespace atestore::inline v0
