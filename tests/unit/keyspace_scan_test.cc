#include "mockcluster/keyspace/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "mockcluster/keyspace/keyspace.h"
#include "tests/unit/keyspace_helpers.h"

// Facts that were measured on real servers: Redis 7.0 for the single table, Redis 8.0 and Valkey
// 9.1 for the tables per slot.
namespace mockcluster {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

constexpr uint64_t kAnyCursor = std::numeric_limits<uint64_t>::max();

std::unique_ptr<Keyspace> Make(Layout layout, uint64_t hash_seed = 1) {
  return CreateKeyspace({.layout = layout, .hash_seed = hash_seed, .synthetic = {}});
}

// Scans with COUNT `count` until about `part` of `keys_total` keys were returned.
uint64_t ScanPart(Keyspace& keyspace, uint64_t count, size_t keys_wanted, ScanSummary& summary) {
  ScanRequest request{.cursor = 0, .count = count, .pinned_slot = {}};
  while (summary.times.size() < keys_wanted) {
    ScanReply reply = ScanOnce(keyspace, request);
    AddReply(reply, summary);
    request.cursor = reply.cursor;
  }
  return request.cursor;
}

void ContinueScan(Keyspace& keyspace, uint64_t count, uint64_t cursor, ScanSummary& summary) {
  for (const auto& [key, times] : ScanAll(keyspace, count, cursor).times) {
    summary.times[key] += times;
  }
}

TEST(SlotCursorTest, HoldsTheSlotInItsLowFourteenBits) {
  SlotCursor cursor = SplitSlotCursor(114693);
  EXPECT_EQ(cursor.slot, 5);
  EXPECT_EQ(cursor.position, 7u);
  EXPECT_EQ(JoinSlotCursor(cursor), 114693u);
}

TEST(NextBucketReversedTest, CountsFromTheHighestBitDown) {
  std::vector<uint64_t> buckets;
  uint64_t cursor = 0;
  do {
    buckets.push_back(cursor);
    cursor = NextBucketReversed(cursor, 7);
  } while (cursor != 0);
  EXPECT_THAT(buckets, ::testing::ElementsAre(0, 4, 2, 6, 1, 5, 3, 7));
}

TEST(SingleTableScanTest, CountIsAHintOvershotByAChain) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kSingleTable);
  FillSpread(*keyspace, 0, 20000);
  keyspace->Cron(1 << 20);
  ASSERT_EQ(keyspace->ResizingTables(), 0u);
  ScanSummary by_one = ScanAll(*keyspace, 1);
  EXPECT_EQ(by_one.times.size(), 20000u);
  EXPECT_EQ(by_one.Duplicates(), 0u);
  EXPECT_THAT(by_one.largest_reply, AllOf(Ge(4u), Le(10u)));
  // 32768 buckets, of which e^(-20000/32768) are empty; ten in a row and one more are rare.
  EXPECT_THAT(by_one.calls, AllOf(Ge(13500), Le(16000)));
  EXPECT_THAT(by_one.empty_replies, AllOf(Ge(5), Le(100)));
  EXPECT_THAT(ScanAll(*keyspace, 10).largest_reply, AllOf(Ge(11u), Le(19u)));
  EXPECT_THAT(ScanAll(*keyspace, 1000).largest_reply, AllOf(Ge(1000u), Le(1009u)));
}

TEST(SingleTableScanTest, ASparseTableGivesEmptyRepliesAfterTenTimesCountSteps) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kSingleTable);
  keyspace->Upsert("only");
  ASSERT_EQ(keyspace->ForceResize(14), 1u);  // 4 → 65536 buckets
  keyspace->Find("only");                    // the access that finishes the rehash
  ASSERT_EQ(keyspace->ResizingTables(), 0u);
  ScanSummary summary = ScanAll(*keyspace, 10);
  EXPECT_EQ(summary.times.size(), 1u);
  EXPECT_EQ(summary.calls, (65536 + 100) / 101);  // 10 × COUNT + 1 buckets a call
  EXPECT_EQ(summary.empty_replies, summary.calls - 2);
}

TEST(SingleTableScanTest, APendingShrinkShowsAllExpansionsOfABucketAtOnce) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kSingleTable);
  FillSpread(*keyspace, 0, 10);
  keyspace->Cron();
  ASSERT_EQ(keyspace->ForceResize(14), 1u);  // 16 → 262144
  keyspace->Cron();
  ASSERT_EQ(keyspace->ResizingTables(), 0u);
  ASSERT_EQ(keyspace->ForceResize(-14), 1u);  // … → 16, pending
  FillSpread(*keyspace, 10, 5000);
  ASSERT_EQ(keyspace->ResizingTables(), 1u);
  ScanSummary summary = ScanAll(*keyspace, 1);
  EXPECT_EQ(summary.times.size(), 5000u);
  EXPECT_THAT(summary.largest_reply, AllOf(Ge(300u), Le(400u)));
}

TEST(SingleTableScanTest, ARestartHalfWayLosesAQuarter) {
  for (double progress : {0.25, 0.5, 0.75}) {
    std::unique_ptr<Keyspace> before = Make(Layout::kSingleTable, 1);
    FillSpread(*before, 0, 20000);
    ScanSummary summary;
    uint64_t cursor = ScanPart(*before, 100, static_cast<size_t>(20000 * progress), summary);
    std::unique_ptr<Keyspace> after = before->Clone(2);
    ContinueScan(*after, 100, cursor, summary);
    double expected = progress * (1 - progress) * 20000;
    size_t missed = 20000 - summary.times.size();
    EXPECT_NEAR(static_cast<double>(missed), expected, 250) << progress;
    EXPECT_NEAR(static_cast<double>(summary.Duplicates()), expected, 250) << progress;
  }
}

TEST(SingleTableScanTest, TheSameSeedMakesACursorPortable) {
  std::unique_ptr<Keyspace> before = Make(Layout::kSingleTable, 1);
  FillSpread(*before, 0, 20000);
  ScanSummary summary;
  uint64_t cursor = ScanPart(*before, 100, 10000, summary);
  ContinueScan(*before->Clone(1), 100, cursor, summary);
  EXPECT_EQ(summary.times.size(), 20000u);
}

TEST(SingleTableScanTest, PinnedSlotDoesNotSaveCalls) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kSingleTable);
  FillSpread(*keyspace, 0, 2000);
  EXPECT_EQ(ScanAll(*keyspace, 100, 0, 5).times.size(), 2000u);
}

TEST(PerSlotScanTest, SlotsComeInAscendingOrder) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kPerSlot);
  FillSpread(*keyspace, 0, 5000);
  ScanRequest request{.cursor = 0, .count = 70, .pinned_slot = {}};
  Slot last = 0;
  size_t keys = 0;
  do {
    ScanReply reply = ScanOnce(*keyspace, request);
    for (const std::string& key : reply.keys) {
      ASSERT_GE(atestore::KeySlot(key), last);
      last = atestore::KeySlot(key);
      ++keys;
    }
    request.cursor = reply.cursor;
    // A slot below the next cursor's is complete, the others have not begun or are in progress.
    bool finished = request.cursor == 0;
    ASSERT_TRUE(finished || SplitSlotCursor(request.cursor).slot >= last);
  } while (request.cursor != 0);
  EXPECT_EQ(keys, 5000u);
}

TEST(PerSlotScanTest, ABareSlotNumberBeginsThere) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kPerSlot);
  FillSpread(*keyspace, 0, 5000);
  std::set<std::string> expected;
  for (int index = 0; index < 5000; ++index) {
    if (atestore::KeySlot(SpreadKey(index)) >= 100) expected.insert(SpreadKey(index));
  }
  std::set<std::string> scanned;
  for (const auto& [key, times] : ScanAll(*keyspace, 10, 100).times) scanned.insert(key);
  EXPECT_EQ(scanned, expected);
}

TEST(PerSlotScanTest, ARestartLosesOnlyInTheSlotInProgress) {
  std::unique_ptr<Keyspace> before = Make(Layout::kPerSlot, 1);
  for (Slot slot = 100; slot < 112; ++slot) FillSlot(*before, slot, 1000);
  ScanSummary summary;
  uint64_t cursor = ScanPart(*before, 10, 5500, summary);
  ASSERT_EQ(SplitSlotCursor(cursor).slot, 105);
  std::unique_ptr<Keyspace> after = before->Clone(2);
  ScanSummary old_cursor = summary;
  ContinueScan(*after, 10, cursor, old_cursor);
  EXPECT_NEAR(static_cast<double>(12000 - old_cursor.times.size()), 250, 60);
  for (Slot slot = 100; slot < 112; ++slot) {
    for (int index = 0; index < 1000; ++index) {
      bool seen = old_cursor.times.count(KeyInSlot(slot, index)) > 0;
      ASSERT_TRUE(seen || slot == 105) << slot;
    }
  }
  // Dropping the position inside the slot repairs it, at the price of duplicates.
  ScanSummary bare_slot = summary;
  ContinueScan(*after, 10, SplitSlotCursor(cursor).slot, bare_slot);
  EXPECT_EQ(bare_slot.times.size(), 12000u);
  EXPECT_GE(bare_slot.Duplicates(), 400u);
}

TEST(PerSlotScanTest, APositionInASlotWithoutKeysGoesToTheNextSlotsStart) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kPerSlot);
  FillSlot(*keyspace, 9, 20);
  EXPECT_EQ(ScanAll(*keyspace, 100, JoinSlotCursor({.slot = 5, .position = 7})).times.size(), 20u);
  EXPECT_EQ(ScanAll(*keyspace, 100, JoinSlotCursor({.slot = 10, .position = 7})).times.size(), 0u);
}

TEST(PerSlotScanTest, APinnedSlotIsScannedAlone) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kPerSlot);
  for (Slot slot = 0; slot < 10; ++slot) FillSlot(*keyspace, slot, 5);
  ScanSummary summary = ScanAll(*keyspace, 100, 0, 7);
  EXPECT_EQ(summary.times.size(), 5u);
  EXPECT_EQ(summary.calls, 1);
  ScanReply jumped = ScanOnce(
      *keyspace,
      {.cursor = JoinSlotCursor({.slot = 3, .position = 2}), .count = 100, .pinned_slot = 7});
  EXPECT_EQ(jumped.keys.size(), 5u);
  ScanReply past = ScanOnce(*keyspace, {.cursor = 8, .count = 100, .pinned_slot = 7});
  EXPECT_EQ(past.cursor, 0u);
  EXPECT_THAT(past.keys, IsEmpty());
}

TEST(PerSlotScanTest, AKeyThatArrivesBehindTheCursorIsNeverSeen) {
  std::unique_ptr<Keyspace> keyspace = Make(Layout::kPerSlot);
  for (Slot slot = 50; slot < 60; ++slot) FillSlot(*keyspace, slot, 10);
  ScanReply half = ScanOnce(*keyspace, {.cursor = 0, .count = 50, .pinned_slot = {}});
  ASSERT_EQ(SplitSlotCursor(half.cursor).slot, 55);
  FillSlot(*keyspace, 10, 10);
  FillSlot(*keyspace, 70, 10);
  ScanSummary rest = ScanAll(*keyspace, 50, half.cursor);
  EXPECT_EQ(rest.times.count(KeyInSlot(10, 0)), 0u);
  EXPECT_EQ(rest.times.count(KeyInSlot(70, 0)), 1u);
}

class EveryLayoutScanTest : public ::testing::TestWithParam<Layout> {
 protected:
  // Keys that all lie in one table, whatever the layout.
  static std::string Key(int index) { return KeyInSlot(42, index); }

  const std::unique_ptr<Keyspace> keyspace_ = Make(GetParam());
};

TEST_P(EveryLayoutScanTest, AnyCursorIsValidAndAnEmptyKeyspaceEndsTheScan) {
  for (uint64_t cursor : {uint64_t{0}, uint64_t{1}, uint64_t{77777}, kAnyCursor}) {
    EXPECT_EQ(ScanOnce(*keyspace_, {.cursor = cursor, .count = 10, .pinned_slot = {}}).cursor, 0u);
  }
  FillSpread(*keyspace_, 0, 1000);
  for (uint64_t cursor : {uint64_t{1}, uint64_t{77777}, uint64_t{1} << 63, kAnyCursor}) {
    EXPECT_LE(ScanAll(*keyspace_, 10, cursor).times.size(), 1000u);
  }
}

TEST_P(EveryLayoutScanTest, AnAbsurdCountReturnsEverythingAtOnce) {
  FillSpread(*keyspace_, 0, 1000);
  ScanSummary summary = ScanAll(*keyspace_, kAnyCursor);
  EXPECT_EQ(summary.calls, 1);
  EXPECT_EQ(summary.times.size(), 1000u);
}

TEST_P(EveryLayoutScanTest, GrowingRepeatsNothing) {
  for (int index = 0; index < 1000; ++index) keyspace_->Upsert(Key(index));
  ScanSummary summary;
  ScanRequest request{.cursor = 0, .count = 10, .pinned_slot = {}};
  int added = 1000;
  do {
    ScanReply reply = ScanOnce(*keyspace_, request);
    AddReply(reply, summary);
    request.cursor = reply.cursor;
    for (int burst = 0; burst < 30 && added < 20000; ++burst) keyspace_->Upsert(Key(added++));
  } while (request.cursor != 0);
  for (int index = 0; index < 1000; ++index) ASSERT_EQ(summary.times[Key(index)], 1) << index;
  EXPECT_EQ(summary.Duplicates(), 0u);
}

TEST_P(EveryLayoutScanTest, ShrinkingRepeatsButLosesNothing) {
  for (int index = 0; index < 4096; ++index) keyspace_->Upsert(Key(index));
  keyspace_->Cron(1 << 20);
  // In the middle of a chain of 4096 buckets, then merged 16 to 1.
  ScanSummary summary;
  uint64_t cursor = ScanPart(*keyspace_, 10, 1800, summary);
  for (int index = 300; index < 4096; ++index) keyspace_->Erase(Key(index));
  while (keyspace_->ResizingTables() > 0) keyspace_->Cron();
  keyspace_->Cron();
  while (keyspace_->ResizingTables() > 0) keyspace_->Cron();
  ContinueScan(*keyspace_, 10, cursor, summary);
  size_t repeated = 0;
  for (int index = 0; index < 300; ++index) {
    ASSERT_GE(summary.times[Key(index)], 1) << index;
    if (summary.times[Key(index)] > 1) ++repeated;
  }
  EXPECT_THAT(repeated, AllOf(Ge(1u), Le(40u)));
}

TEST_P(EveryLayoutScanTest, TablesShrinkWhenTheirServerDoes) {
  for (int index = 0; index < 4096; ++index) keyspace_->Upsert(Key(index));
  keyspace_->Cron(1 << 20);
  for (int index = 1; index < 4096; ++index) keyspace_->Erase(Key(index));
  bool shrinks_on_erase = GetParam() == Layout::kPerSlot;
  // One bucket a call and no COUNT × 10 bound in reach: calls × COUNT 1000 tell the table's size.
  EXPECT_EQ(ScanAll(*keyspace_, 1).calls < 10, shrinks_on_erase);
  for (int tick = 0; tick < 10; ++tick) keyspace_->Cron();
  EXPECT_LT(ScanAll(*keyspace_, 1).calls, 10);
}

TEST_P(EveryLayoutScanTest, NoTableShrinksWhileAChildRuns) {
  for (int index = 0; index < 4096; ++index) keyspace_->Upsert(Key(index));
  keyspace_->Cron(1 << 20);
  keyspace_->SetResizePolicy(ResizePolicy::kAvoid);
  for (int index = 400; index < 4096; ++index) keyspace_->Erase(Key(index));
  keyspace_->Cron();
  EXPECT_EQ(keyspace_->ResizingTables(), 0u);
  keyspace_->SetResizePolicy(ResizePolicy::kNormal);
  keyspace_->Cron(0);
  EXPECT_EQ(keyspace_->ResizingTables(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Layouts, EveryLayoutScanTest,
                         ::testing::Values(Layout::kSingleTable, Layout::kPerSlot),
                         [](const auto& test) {
                           return test.param == Layout::kSingleTable ? "SingleTable" : "PerSlot";
                         });

}  // namespace
}  // namespace mockcluster
