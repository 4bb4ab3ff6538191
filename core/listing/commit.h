#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/listing/key_list.h"
#include "core/position.h"

namespace atestore {

// What is known of a key's value.
enum class ValueState : uint8_t {
  kPending,     // asked for, or about to be
  kRecord,      // a record that is staged for the page
  kUnwanted,    // read, and not wanted on the page
  kUnreadable,  // no record: wrong type, undecodable or larger than a page
  kDeleted,     // since its key was read
  kDeferred,    // read, but not staged: the page has no room for it any more
  kFailed,      // could not be read
};

struct ValueResult {
  ValueState state = ValueState::kPending;
  uint32_t bytes = 0;   // kRecord: what it adds to the page
  uint32_t staged = 0;  // kRecord: its index among the staged records
};

// What the page has room for.
struct PageRoom {
  size_t records = SIZE_MAX;
  size_t bytes = 0;
  bool is_empty = true;  // the page: a record that does not fit now never will
};

// How far the listing gets by the values of a segment.
struct Commit {
  size_t passed = 0;    // keys that it leaves behind, in listing order
  size_t records = 0;   // of them, those that go onto the page
  size_t examined = 0;  // of them, those that the page was asked about
  size_t bytes = 0;     // of the records
  bool page_full = false;
  std::vector<size_t> too_large;  // passed keys whose records are larger than any page
};

// Passes the keys in order, up to the first one whose value is not known or has no room. Only what
// is known to be deleted, unreadable, unwanted or on the page is passed: nothing is skipped.
// `all_or_nothing`: passes every key, or none.
Commit CommitValues(std::span<const ValueResult> values, const PageRoom& room,
                    bool all_or_nothing = false);

// Where the listing stands behind the first `passed` of `keys`, which are in listing order and all
// the keys of the slots from `start.slot` to before `end_slot` that are behind `start`. Nothing:
// behind the last slot of the listing.
std::optional<Position> PositionBehind(const Position& start, const KeyList& keys, size_t passed,
                                       size_t end_slot);

// The mark behind the key at `index`. It carries a tie when the next key has the same hash.
KeyMark MarkBehind(const KeyList& keys, size_t index);

}  // namespace atestore
