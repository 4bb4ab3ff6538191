#include "core/listing/commit.h"

#include "core/check.h"

namespace atestore::inline v0 {

Commit CountCommittable(std::span<const ValueResult> values, const PageRoom& room,
                        bool all_or_nothing) {
  Commit commit;
  for (; commit.passed < values.size(); ++commit.passed) {
    const ValueResult& value = values[commit.passed];
    if (value.state == ValueState::kDeleted) continue;
    if (value.state == ValueState::kUnreadable || value.state == ValueState::kUnwanted) {
      ++commit.examined;
      continue;
    }
    if (value.state != ValueState::kRecord) {
      commit.page_full = value.state == ValueState::kDeferred;
      break;
    }
    const bool fits = commit.records < room.records && commit.bytes + value.bytes <= room.bytes;
    const bool never_fits = value.bytes > room.bytes && room.is_empty && commit.records == 0 &&
                            commit.records < room.records;
    if (!fits && !never_fits) {
      commit.page_full = true;
      break;
    }
    ++commit.examined;
    if (never_fits) {
      // Otherwise the listing could never move past this key.
      commit.too_large.push_back(commit.passed);
      continue;
    }
    ++commit.records;
    commit.bytes += value.bytes;
  }
  if (all_or_nothing && commit.passed < values.size()) {
    return {.page_full = commit.page_full};
  }
  return commit;
}

std::optional<Position> PositionAfter(const Position& start, const KeyList& keys, size_t passed,
                                      size_t end_slot) {
  CHECK_COMPLETENESS(passed <= keys.size());
  CHECK_COMPLETENESS(start.slot < end_slot && end_slot <= start.end);
  const size_t slot = passed == keys.size() ? end_slot : keys[passed].slot;
  CHECK_COMPLETENESS(slot >= start.slot);
  if (slot == start.end) return std::nullopt;
  Position position{.slot = static_cast<Slot>(slot), .end = start.end};
  if (passed > 0 && keys[passed - 1].slot == slot) {
    position.place = AfterKey{MarkAfter(keys, passed - 1)};
  } else if (slot == start.slot) {
    position.place = start.place;
  }
  return position;
}

KeyMark MarkAfter(const KeyList& keys, size_t index) {
  const KeyList::Key key = keys[index];
  KeyMark mark{.hash = key.hash};
  if (index + 1 < keys.size()) {
    const KeyList::Key next = keys[index + 1];
    if (next.slot == key.slot && next.hash == key.hash) mark.tie = BreakTie(key.text);
  }
  return mark;
}

}  // namespace atestore::inline v0
