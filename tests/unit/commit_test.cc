// Every segment of up to four keys, every state of each value, every room on the page.
#include "core/listing/commit.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace atestore {
namespace {

using enum ValueState;

constexpr ValueState kStates[] = {kPending, kRecord,   kUnwanted, kUnreadable,
                                  kDeleted, kDeferred, kFailed};
constexpr size_t kKeysMax = 4;
constexpr uint32_t kBytes[] = {0, 1, 3};

void ForEachSegment(size_t keys,
                    const std::function<void(const std::vector<ValueResult>&)>& check) {
  std::vector<ValueResult> values(keys);
  std::function<void(size_t)> fill = [&](size_t at) {
    if (at == keys) return check(values);
    for (const ValueState state : kStates) {
      for (const uint32_t bytes : kBytes) {
        values[at] = {.state = state, .bytes = bytes};
        fill(at + 1);
        if (state != kRecord) break;
      }
    }
  };
  fill(0);
}

bool IsDone(const ValueResult& value) {
  return value.state != kPending && value.state != kDeferred && value.state != kFailed;
}

void CheckCommit(const std::vector<ValueResult>& values, const PageRoom& room,
                 bool all_or_nothing) {
  const Commit commit = CountCommittable(values, room, all_or_nothing);
  ASSERT_LE(commit.passed, values.size());
  size_t records = 0;
  size_t bytes = 0;
  size_t deleted = 0;
  std::vector<size_t> too_large;
  for (size_t key = 0; key < commit.passed; ++key) {
    const ValueResult& value = values[key];
    ASSERT_TRUE(IsDone(value)) << "a key was left behind whose value is not known";
    if (value.state == kDeleted) ++deleted;
    if (value.state != kRecord) continue;
    if (value.bytes > room.bytes && room.is_empty && records == 0) {
      too_large.push_back(key);
      continue;
    }
    ++records;
    bytes += value.bytes;
  }
  ASSERT_EQ(commit.records, records);
  ASSERT_EQ(commit.bytes, bytes);
  ASSERT_EQ(commit.too_large, too_large);
  ASSERT_EQ(commit.examined, commit.passed - deleted);
  ASSERT_LE(records, room.records);
  ASSERT_LE(bytes, room.bytes);
  if (commit.passed == values.size()) {
    ASSERT_FALSE(commit.page_full);
    return;
  }
  if (all_or_nothing) {
    ASSERT_EQ(commit.passed, 0);
    return;
  }
  // It stops only where it has to.
  const ValueResult& next = values[commit.passed];
  if (next.state == kRecord) {
    ASSERT_TRUE(records == room.records || bytes + next.bytes > room.bytes);
    ASSERT_TRUE(commit.page_full);
  } else {
    ASSERT_FALSE(IsDone(next));
    ASSERT_EQ(commit.page_full, next.state == kDeferred);
  }
  // An empty page with room gets somewhere, unless the first value is not known.
  const bool must_progress = room.is_empty && room.records > 0 && IsDone(values[0]);
  ASSERT_TRUE(commit.passed > 0 || !must_progress);
}

TEST(CommitTest, LeavesBehindWhatIsKnownAndNothingElse) {
  size_t cases = 0;
  for (size_t keys = 0; keys <= kKeysMax; ++keys) {
    ForEachSegment(keys, [&](const std::vector<ValueResult>& values) {
      for (size_t records = 0; records <= 2; ++records) {
        for (const size_t bytes : {0, 1, 2, 4}) {
          for (const bool is_empty : {false, true}) {
            for (const bool all_or_nothing : {false, true}) {
              ++cases;
              CheckCommit(values, {.records = records, .bytes = bytes, .is_empty = is_empty},
                          all_or_nothing);
              if (testing::Test::HasFatalFailure()) return;
            }
          }
        }
      }
    });
  }
  RecordProperty("cases", static_cast<int>(cases));
  EXPECT_GT(cases, 300'000);
}

// Keys in three slots from 5 on; `hashes` says in which slot each is, and its hash.
KeyList KeysOf(const std::vector<std::pair<Slot, uint64_t>>& places) {
  KeyList keys;
  for (size_t i = 0; i < places.size(); ++i) {
    keys.Add(places[i].first, 0, places[i].second, "key-" + std::to_string(i));
  }
  keys.Sort();
  return keys;
}

bool IsBehind(const KeyList::Key& key, const Position& position) {
  if (key.slot != position.slot) return key.slot > position.slot;
  const std::optional<KeyMark> floor = FloorOf(position);
  return !floor || floor->IsBefore(key.hash, key.text);
}

// What was passed lies before the position, what was not behind it: also among keys of one hash.
TEST(CommitTest, APositionDividesTheKeysThatWerePassedFromTheOthers) {
  const std::vector<std::pair<Slot, uint64_t>> kPlaces = {{5, 1}, {5, 2}, {6, 1}, {7, 2}};
  for (size_t mask = 0; mask < 4 * 4 * 4 * 4; ++mask) {
    std::vector<std::pair<Slot, uint64_t>> places;
    for (size_t key = 0, rest = mask; key < 4; ++key, rest /= 4)
      places.push_back(kPlaces[rest % 4]);
    const KeyList keys = KeysOf(places);
    for (const size_t end_slot : {8, 9}) {
      for (size_t passed = 0; passed <= keys.size(); ++passed) {
        const Position start{.slot = 5, .end = 9};
        const std::optional<Position> behind = PositionAfter(start, keys, passed, end_slot);
        ASSERT_EQ(!behind, passed == keys.size() && end_slot == 9);
        if (!behind) continue;
        ASSERT_EQ(behind->end, start.end);
        for (size_t key = 0; key < keys.size(); ++key) {
          ASSERT_EQ(IsBehind(keys[key], *behind), key >= passed) << mask << " " << passed;
        }
      }
    }
  }
}

TEST(CommitTest, WithoutAPassedKeyThePositionStays) {
  const Position start{.slot = 5, .place = AfterKey{{.hash = 7}}};
  const KeyList keys = KeysOf({{5, 8}});
  EXPECT_EQ(PositionAfter(start, keys, 0, 6), start);
}

TEST(CommitDeathTest, ASegmentThatBeginsBeforeItsPositionIsABug) {
  const KeyList keys = KeysOf({{4, 1}});
  EXPECT_DEATH(PositionAfter(Position{.slot = 5}, keys, 0, 6), "does not hold");
  EXPECT_DEATH(PositionAfter(Position{.slot = 5}, keys, 2, 6), "does not hold");
  EXPECT_DEATH(PositionAfter(Position{.slot = 5}, KeyList(), 0, 5), "does not hold");
}

}  // namespace
}  // namespace atestore
