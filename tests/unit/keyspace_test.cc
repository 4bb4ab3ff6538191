#include "mockcluster/keyspace/keyspace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/keyspace_helpers.h"

namespace mockcluster {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class KeyspaceTest : public ::testing::TestWithParam<Layout> {
 protected:
  static std::unique_ptr<Keyspace> Make(uint64_t hash_seed = 1) {
    return CreateKeyspace({.layout = GetParam(), .hash_seed = hash_seed, .synthetic = {}});
  }

  const std::unique_ptr<Keyspace> keyspace_ = Make();
};

std::vector<std::string> KeysInSlot(Keyspace& keyspace, Slot slot, size_t max) {
  std::vector<std::string> keys;
  keyspace.KeysInSlot(slot, max, [&](const Entry& entry) { keys.push_back(entry.key()); });
  return keys;
}

std::vector<std::string> AllKeys(Keyspace& keyspace, Keyspace::Hidden hidden) {
  std::vector<std::string> keys;
  keyspace.ForEach(hidden, [&](const Entry& entry) { keys.push_back(entry.key()); });
  return keys;
}

TEST_P(KeyspaceTest, WhatIsStoredIsFoundUntilErased) {
  EXPECT_EQ(keyspace_->Find("a"), nullptr);
  Keyspace::UpsertResult stored = keyspace_->Upsert("a");
  EXPECT_TRUE(stored.inserted);
  EXPECT_EQ(stored.entry->value, "");
  stored.entry->value = "1";
  EXPECT_FALSE(keyspace_->Upsert("a").inserted);
  ASSERT_NE(keyspace_->Find("a"), nullptr);
  EXPECT_EQ(keyspace_->Find("a")->value, "1");
  EXPECT_EQ(keyspace_->Size(), 1u);
  EXPECT_TRUE(keyspace_->Erase("a"));
  EXPECT_FALSE(keyspace_->Erase("a"));
  EXPECT_EQ(keyspace_->Find("a"), nullptr);
  EXPECT_EQ(keyspace_->Size(), 0u);
}

TEST_P(KeyspaceTest, KeysOfASlotAreCountedListedAndErasedTogether) {
  FillSlot(*keyspace_, 5, 3);
  FillSlot(*keyspace_, 6, 2);
  EXPECT_EQ(keyspace_->CountInSlot(5), 3u);
  EXPECT_THAT(KeysInSlot(*keyspace_, 5, 10),
              UnorderedElementsAre(KeyInSlot(5, 0), KeyInSlot(5, 1), KeyInSlot(5, 2)));
  EXPECT_EQ(KeysInSlot(*keyspace_, 5, 2).size(), 2u);
  EXPECT_EQ(KeysInSlot(*keyspace_, 5, 0).size(), 0u);
  keyspace_->Erase(KeyInSlot(5, 1));
  EXPECT_THAT(KeysInSlot(*keyspace_, 5, 10),
              UnorderedElementsAre(KeyInSlot(5, 0), KeyInSlot(5, 2)));
  EXPECT_EQ(keyspace_->EraseSlot(5), 2u);
  EXPECT_EQ(keyspace_->EraseSlot(5), 0u);
  EXPECT_EQ(keyspace_->CountInSlot(5), 0u);
  EXPECT_EQ(keyspace_->Size(), 2u);
}

TEST_P(KeyspaceTest, ClearLeavesAnEmptyKeyspaceThatCanBeFilledAgain) {
  FillSpread(*keyspace_, 0, 100);
  keyspace_->Clear();
  EXPECT_EQ(keyspace_->Size(), 0u);
  EXPECT_EQ(keyspace_->Find(SpreadKey(1)), nullptr);
  FillSpread(*keyspace_, 0, 100);
  EXPECT_EQ(ScanAll(*keyspace_, 10).times.size(), 100u);
}

TEST_P(KeyspaceTest, HiddenSlotsShowOnlyInSlotCommands) {
  FillSlot(*keyspace_, 5, 3);
  FillSlot(*keyspace_, 6, 1);
  keyspace_->SetSlotHidden(5, true);
  keyspace_->SetSlotHidden(7, true);
  FillSlot(*keyspace_, 7, 2);
  keyspace_->Erase(KeyInSlot(7, 0));
  EXPECT_EQ(keyspace_->Size(), 1u);
  EXPECT_EQ(ScanAll(*keyspace_, 10).times.size(), 1u);
  EXPECT_EQ(ScanAll(*keyspace_, 10, 5).times.size(), 1u);
  EXPECT_THAT(AllKeys(*keyspace_, Keyspace::Hidden::kSkip), ElementsAre(KeyInSlot(6, 0)));
  EXPECT_EQ(AllKeys(*keyspace_, Keyspace::Hidden::kInclude).size(), 5u);
  EXPECT_EQ(keyspace_->CountInSlot(5), 3u);
  EXPECT_EQ(KeysInSlot(*keyspace_, 5, 9).size(), 3u);
  std::mt19937_64 random(7);
  for (int draw = 0; draw < 20; ++draw) {
    EXPECT_EQ(keyspace_->RandomKey([&] { return random(); })->key(), KeyInSlot(6, 0));
  }
  keyspace_->SetSlotHidden(5, false);
  keyspace_->SetSlotHidden(7, false);
  EXPECT_EQ(keyspace_->Size(), 5u);
  EXPECT_EQ(ScanAll(*keyspace_, 10).times.size(), 5u);
}

TEST_P(KeyspaceTest, RandomKeyReachesEveryKey) {
  std::mt19937_64 random(7);
  EXPECT_EQ(keyspace_->RandomKey([&] { return random(); }), nullptr);
  FillSpread(*keyspace_, 0, 20);
  std::set<std::string> seen;
  for (int draw = 0; draw < 5000; ++draw) {
    seen.insert(keyspace_->RandomKey([&] { return random(); })->key());
  }
  // A key that shares its bucket with another may be out of reach, as documented.
  EXPECT_GE(seen.size(), 10u);
}

TEST_P(KeyspaceTest, ACloneHasTheSameContentInAnotherOrder) {
  FillSlot(*keyspace_, 5, 50);
  keyspace_->FindForWrite(KeyInSlot(5, 7))->value = "seven";
  keyspace_->FindForWrite(KeyInSlot(5, 8))->expires_at_ms = 99;
  keyspace_->FindForWrite(KeyInSlot(5, 9))->type = ValueType::kHash;
  FillSlot(*keyspace_, 6, 1);
  keyspace_->SetSlotHidden(6, true);
  std::unique_ptr<Keyspace> clone = keyspace_->Clone(2);
  std::vector<std::string> original_order = AllKeys(*keyspace_, Keyspace::Hidden::kInclude);
  std::vector<std::string> clone_order = AllKeys(*clone, Keyspace::Hidden::kInclude);
  EXPECT_NE(original_order, clone_order);
  EXPECT_THAT(clone_order, ::testing::UnorderedElementsAreArray(original_order));
  EXPECT_EQ(clone->Find(KeyInSlot(5, 7))->value, "seven");
  EXPECT_EQ(clone->Find(KeyInSlot(5, 8))->expires_at_ms, 99);
  EXPECT_EQ(clone->Find(KeyInSlot(5, 9))->type, ValueType::kHash);
  EXPECT_TRUE(clone->IsSlotHidden(6));
  EXPECT_EQ(clone->Size(), 50u);
}

TEST_P(KeyspaceTest, SameSeedAndCallsGiveTheSameCursorsAndKeys) {
  std::unique_ptr<Keyspace> twin = Make();
  for (Keyspace* keyspace : {keyspace_.get(), twin.get()}) {
    FillSpread(*keyspace, 0, 3000);
    for (int index = 0; index < 2500; ++index) keyspace->Erase(SpreadKey(index));
    keyspace->Cron();
  }
  ScanRequest request;
  do {
    ScanReply one = ScanOnce(*keyspace_, request);
    ScanReply other = ScanOnce(*twin, request);
    ASSERT_EQ(one.cursor, other.cursor);
    ASSERT_EQ(one.keys, other.keys);
    request.cursor = one.cursor;
  } while (request.cursor != 0);
}

TEST(EntryTest, ExpiryIsInclusive) {
  std::unique_ptr<Keyspace> keyspace = CreateKeyspace({});
  Entry& entry = *keyspace->Upsert("k").entry;
  EXPECT_FALSE(entry.ExpiredAt(10));
  entry.expires_at_ms = 10;
  EXPECT_FALSE(entry.ExpiredAt(9));
  EXPECT_TRUE(entry.ExpiredAt(10));
}

INSTANTIATE_TEST_SUITE_P(Layouts, KeyspaceTest,
                         ::testing::Values(Layout::kSingleTable, Layout::kPerSlot),
                         [](const auto& test) {
                           return test.param == Layout::kSingleTable ? "SingleTable" : "PerSlot";
                         });

}  // namespace
}  // namespace mockcluster
