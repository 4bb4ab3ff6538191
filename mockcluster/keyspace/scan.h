#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/slot.h"
#include "mockcluster/keyspace/keyspace.h"

namespace mockcluster::inline v0 {

// The cursor after `cursor` in a table of `mask` + 1 buckets: bits are counted from the most
// significant end of the bucket number downwards, so that the buckets visited so far stand for the
// same hash values in a table of any other size. 0 after the last bucket.
inline uint64_t NextBucketReversed(uint64_t cursor, uint64_t mask) {
  auto reverse = [](uint64_t bits) {
    bits = (bits >> 1 & 0x5555555555555555) | (bits & 0x5555555555555555) << 1;
    bits = (bits >> 2 & 0x3333333333333333) | (bits & 0x3333333333333333) << 2;
    bits = (bits >> 4 & 0x0F0F0F0F0F0F0F0F) | (bits & 0x0F0F0F0F0F0F0F0F) << 4;
    return __builtin_bswap64(bits);
  };
  return reverse(reverse(cursor | ~mask) + 1);
}

// A cursor of a per-slot server, taken apart.
struct SlotCursor {
  atestore::Slot slot;  // the slot to be scanned next
  uint64_t position;    // cursor inside that slot's table; 0: its start
};

inline constexpr int kSlotBits = std::bit_width(atestore::kSlotCount - 1);

inline SlotCursor SplitSlotCursor(uint64_t cursor) {
  return {.slot = static_cast<atestore::Slot>(cursor % atestore::kSlotCount),
          .position = cursor >> kSlotBits};
}

inline uint64_t JoinSlotCursor(SlotCursor cursor) {
  return cursor.position << kSlotBits | cursor.slot;
}

// Where a call begins on a per-slot server; nullopt when its cursor is past the pinned slot, which
// ends the scan.
inline std::optional<uint64_t> StartCursor(const ScanRequest& request) {
  if (!request.pinned_slot) return request.cursor;
  atestore::Slot slot = SplitSlotCursor(request.cursor).slot;
  if (slot > *request.pinned_slot) return std::nullopt;
  return slot == *request.pinned_slot ? request.cursor : *request.pinned_slot;
}

// The loop of one SCAN call: takes `step`s, each from the cursor that the step before returned,
// until the end, until `sampled` (which the steps count up) reaches `count`, or until 10 × count
// steps were taken after the first. Returns the next cursor.
template <typename Step>
uint64_t RunScan(uint64_t cursor, uint64_t count, const uint64_t& sampled, Step step) {
  constexpr uint64_t kStepsPerKey = 10;
  constexpr uint64_t kUnbounded = std::numeric_limits<uint64_t>::max();
  uint64_t steps_left = count > kUnbounded / kStepsPerKey ? kUnbounded : count * kStepsPerKey;
  do {
    cursor = step(cursor);
  } while (cursor != 0 && steps_left-- > 0 && sampled < count);
  return cursor;
}

}  // namespace mockcluster::inline v0
