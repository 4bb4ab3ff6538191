#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/slot.h"

namespace atestore {

// The order in which the keys of a slot are listed: by XXH3-64 of the key. It depends on keys
// alone, not on a server's seed, table size or version, so it survives every failover and restart.
using KeyHash = uint64_t (*)(std::string_view key);
uint64_t HashKey(std::string_view key);

// Orders keys of equal hash: the first 8 bytes, big-endian, of the SHA-256 of the key. Nobody can
// make two keys that agree in both.
uint64_t BreakTie(std::string_view key);

// A place between two keys of a slot.
struct KeyMark {
  uint64_t hash = 0;
  // Set when the mark stands inside a run of keys that all have `hash`; not set: behind the run.
  std::optional<uint64_t> tie;

  // True when `key`, whose hash is `key_hash`, comes behind this mark.
  bool IsPassedBy(uint64_t key_hash, std::string_view key) const {
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

// The reply of one SCAN call did not fit a page: how much of it has been listed. The call is
// recognised by the cursor that it replied; another one means another set of keys.
struct SplitReply {
  uint64_t next_cursor = 0;
  KeyMark after;
  bool operator==(const SplitReply&) const = default;
};

// Inside a large slot, by the SCAN cursor of one server process.
struct InSlotCursor {
  uint64_t cursor = 0;           // as the server gave it
  uint64_t run = 0;              // HashKey(run_id) of the process that the cursor belongs to
  std::optional<KeyMark> floor;  // only keys behind it are listed in this pass over the slot
  std::optional<SplitReply> split;
  bool operator==(const InSlotCursor&) const = default;
};

// What is left of a listing: the slots from `slot` to before `end`, of `slot` what lies behind
// `place`.
struct Position {
  Slot slot = 0;
  std::variant<SlotStart, AfterKey, InSlotCursor> place = {};
  // Above `slot`. Less than kSlotCount in a listing of one part of the slots (PartitionsOf()).
  size_t end = kSlotCount;
  bool operator==(const Position&) const = default;
};

// Only keys of the position's slot behind this mark are still to be listed; nothing: all may be.
std::optional<KeyMark> FloorOf(const Position& position);

// Cuts what is left into at most `count` parts (at least 1) of about as many slots each: disjoint,
// together exactly `position`, in the order of their slots. Slots stay where they are in the slot
// space whatever happens to nodes, so a part is a complete listing of its own.
std::vector<Position> PartitionsOf(const Position& position, size_t count);

}  // namespace atestore
