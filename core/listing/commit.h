#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/listing/key_list.h"
#include "core/position.h"

namespace atestore::inline v0 {

// What is known about a key's value.
enum class ValueState : uint8_t {
  kPending,     // requested, or about to be
  kRecord,      // a record that is staged for the page
  kUnwanted,    // read, but not wanted on the page
  kUnreadable,  // not a record: wrong type, undecodable or larger than a page
  kDeleted,     // deleted since its key was read
  kDeferred,    // read, but not staged: the page has no room left
  kFailed,      // could not be read
};

struct ValueResult {
  ValueState state = ValueState::kPending;
  uint32_t bytes = 0;   // kRecord: the bytes that it adds to the page
  uint32_t staged = 0;  // kRecord: its index among the staged records
};

// How far the values of a segment take the listing.
struct Commit {
  size_t passed = 0;    // keys that the position moves past, in listing order
  size_t records = 0;   // passed keys whose records go onto the page
  size_t examined = 0;  // passed keys that were not deleted
  size_t bytes = 0;     // size of the records
  bool page_full = false;
  std::vector<size_t> too_large;  // passed keys whose records are larger than any page
};

// What the page has room for.
struct PageRoom {
  size_t records = SIZE_MAX;
  size_t bytes = 0;
  bool is_empty = true;  // nothing is on the page: a record that does not fit now never will

  // The records of the commit are on the page.
  void Take(const Commit& commit) {
    records -= commit.records;
    bytes -= commit.bytes;
    if (commit.records > 0) is_empty = false;
  }
};

// Passes the keys in order and stops before the first key whose value is unknown or does not fit.
// Passes only keys known to be deleted, unreadable, unwanted or on the page, so it skips nothing.
// `all_or_nothing`: passes either every key or none.
Commit CountCommittable(std::span<const ValueResult> values, const PageRoom& room,
                        bool all_or_nothing = false);

// The position after the first `passed` keys of `keys`. `keys` must be in listing order and hold
// every key after `start` in the slots [start.slot, end_slot). nullopt: the listing is complete.
std::optional<Position> PositionAfter(const Position& start, const KeyList& keys, size_t passed,
                                      size_t end_slot);

// The mark after the key at `index`. It has a tie when the next key has the same hash.
KeyMark MarkAfter(const KeyList& keys, size_t index);

}  // namespace atestore::inline v0
