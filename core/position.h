#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/slot.h"

namespace atestore::inline v0 {

// The order in which the keys of a slot are listed: by XXH3-64 of the key. It depends on keys
// alone, not on a server's seed, table size or version, so it survives every failover and restart.
using KeyHash = uint64_t (*)(std::string_view key);
uint64_t HashKey(std::string_view key);

// Orders keys of equal hash: the first 8 bytes, big-endian, of the SHA-256 of the key. It is not
// feasible to construct two keys that are equal in both.
uint64_t BreakTie(std::string_view key);

// A place between two keys of a slot.
struct KeyMark {
  uint64_t hash = 0;
  // Set when the mark is between keys that all have `hash`. nullopt: after all of them.
  std::optional<uint64_t> tie;

  // True when `key`, whose hash is `key_hash`, comes after this mark.
  bool IsBefore(uint64_t key_hash, std::string_view key) const {
    return key_hash > hash || (key_hash == hash && tie && BreakTie(key) > *tie);
  }
  bool operator==(const KeyMark&) const = default;
};

// Nothing of the slot has been listed.
struct SlotStart {
  bool operator==(const SlotStart&) const = default;
};

// The keys up to the mark have been listed.
struct AfterKey {
  KeyMark mark;
  bool operator==(const AfterKey&) const = default;
};

// How much has been listed of a SCAN reply that did not fit a page. The cursor in the reply
// identifies it: another cursor means another set of keys.
struct SplitReply {
  uint64_t next_cursor = 0;
  KeyMark after;
  bool operator==(const SplitReply&) const = default;
};

// Inside a large slot, by the SCAN cursor of one server process.
struct InSlotCursor {
  uint64_t cursor = 0;           // as the server gave it
  uint64_t run = 0;              // HashKey(run_id) of the process that the cursor belongs to
  std::optional<KeyMark> floor;  // this pass over the slot lists only keys after it
  std::optional<SplitReply> split;
  bool operator==(const InSlotCursor&) const = default;
};

// What is left of a listing: the slots [slot, end), without the keys of `slot` before `place`.
struct Position {
  Slot slot = 0;
  std::variant<SlotStart, AfterKey, InSlotCursor> place = {};
  // Above `slot`. Less than kSlotCount in a listing of one part of the slots (PartitionsOf()).
  size_t end = kSlotCount;
  bool operator==(const Position&) const = default;
};

// The mark after which keys of the position's slot are still to be listed. nullopt: any key may be.
std::optional<KeyMark> FloorOf(const Position& position);

// Cuts what is left into at most `count` parts (at least 1) with about equally many slots each. The
// parts are disjoint, in slot order, and together exactly `position`. Slots do not depend on nodes,
// so each part is a complete listing of its own.
std::vector<Position> PartitionsOf(const Position& position, size_t count);

}  // namespace atestore::inline v0
