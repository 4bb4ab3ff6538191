#include "mockcluster/keyspace/synthetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "mockcluster/keyspace/scan.h"
#include "mockcluster/keyspace/synthetic_actors.h"
#include "tests/unit/keyspace_helpers.h"

namespace mockcluster {
namespace {

using atestore::kSlotCount;

constexpr uint64_t kBillion = 1'000'000'000;

std::unique_ptr<Keyspace> Make(Layout layout, uint64_t actors, uint64_t hash_seed = 1) {
  std::unique_ptr<Keyspace> keyspace = CreateKeyspace(
      {.layout = layout, .hash_seed = hash_seed, .synthetic = SyntheticActors{.actors = actors}});
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    keyspace->SetSlotGenerated(static_cast<Slot>(slot));
  }
  return keyspace;
}

TEST(SyntheticActorNamesTest, AKeyLeadsBackToItsPlace) {
  SyntheticActorNames names({.actors = kBillion, .atespaces = 50});
  std::mt19937_64 random(1);
  for (size_t number = 0; number < kSlotCount; ++number) {
    Slot slot = static_cast<Slot>(number);
    uint64_t index = random() % names.CountInSlot(slot);
    std::string key = names.Key(slot, index);
    ASSERT_EQ(atestore::KeySlot(key), slot) << key;
    ASSERT_EQ(names.IndexOf(key), index) << key;
  }
}

TEST(SyntheticActorNamesTest, AKeyIsMadeOfDnsLabels) {
  SyntheticActorNames names({.actors = kBillion, .atespaces = 50});
  for (Slot slot = 0; slot < kSlotCount; slot += 100) {
    EXPECT_THAT(names.Key(slot, slot),
                ::testing::MatchesRegex("actor:space-[0-9]+:a[0-9a-f]+-[0-9a-z]+"));
  }
}

TEST(SyntheticActorNamesTest, OtherKeysHaveNoPlace) {
  SyntheticActorNames names({.actors = 100000, .atespaces = 50});
  std::string key = names.Key(5, 3);
  for (size_t position = 0; position < key.size(); ++position) {
    std::string other = key;
    other[position] = other[position] == 'q' ? 'r' : 'q';
    EXPECT_EQ(names.IndexOf(other), std::nullopt) << other;
  }
  for (const char* other : {"", "actor:", "actor:space-1:a", "atespace:space-1"}) {
    EXPECT_EQ(names.IndexOf(other), std::nullopt) << other;
  }
  EXPECT_EQ(names.IndexOf(names.Key(5, names.CountInSlot(5))), std::nullopt);
}

TEST(SyntheticActorNamesTest, TheCountsOfTheSlotsAddUp) {
  for (uint64_t actors : {uint64_t{0}, uint64_t{1}, uint64_t{50000}, kBillion}) {
    SyntheticActorNames names({.actors = actors, .atespaces = 3});
    uint64_t sum = 0;
    for (size_t slot = 0; slot < kSlotCount; ++slot) {
      sum += names.CountInSlot(static_cast<Slot>(slot));
    }
    EXPECT_EQ(sum, actors);
  }
}

TEST(SyntheticActorNamesTest, AFewActorsAreSpreadOverAllSlots) {
  SyntheticActorNames names({.actors = 300});
  uint64_t in_first_third = 0;
  for (Slot slot = 0; slot < kSlotCount / 3; ++slot) in_first_third += names.CountInSlot(slot);
  EXPECT_NEAR(static_cast<double>(in_first_third), 100, 3);
}

TEST(SyntheticActorNamesTest, AValueNamesItsActor) {
  SyntheticActorNames names({.actors = 100000, .atespaces = 50});
  std::string key = names.Key(5, 3);
  std::string value = names.Value(5, 3);
  std::string id = key.substr(key.rfind(':') + 1);
  std::string atespace = key.substr(6, key.rfind(':') - 6);
  EXPECT_THAT(value, ::testing::HasSubstr("\"actorId\":\"" + id + "\""));
  EXPECT_THAT(value, ::testing::HasSubstr("\"atespace\":\"" + atespace + "\""));
  EXPECT_THAT(value.size(), ::testing::AllOf(::testing::Ge(280u), ::testing::Le(420u)));
}

class SyntheticKeyspaceTest : public ::testing::TestWithParam<Layout> {};

TEST_P(SyntheticKeyspaceTest, AScanReturnsEveryActorOnce) {
  std::unique_ptr<Keyspace> keyspace = Make(GetParam(), 50000);
  EXPECT_EQ(keyspace->Size(), 50000u);
  ScanSummary summary = ScanAll(*keyspace, 100);
  EXPECT_EQ(summary.times.size(), 50000u);
  EXPECT_EQ(summary.Duplicates(), 0u);
  EXPECT_LE(summary.largest_reply, 100u);
  size_t listed = 0;
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    keyspace->KeysInSlot(static_cast<Slot>(slot), SIZE_MAX, [&](const Entry& entry) {
      ++listed;
      ASSERT_EQ(summary.times.count(entry.key()), 1u);
    });
  }
  EXPECT_EQ(listed, 50000u);
}

// The same writes in a keyspace that stores everything.
TEST_P(SyntheticKeyspaceTest, WritesBehaveAsInAStoredKeyspace) {
  constexpr uint64_t kActors = 3 * kSlotCount + 7;
  std::unique_ptr<Keyspace> keyspace = Make(GetParam(), kActors);
  std::unique_ptr<Keyspace> stored = CreateKeyspace({});
  SyntheticActorNames names({.actors = kActors});
  keyspace->ForEach(Keyspace::Hidden::kInclude, [&](const Entry& entry) {
    stored->Upsert(entry.key()).entry->value = entry.value;
  });
  std::mt19937_64 random(3);
  for (int step = 0; step < 4000; ++step) {
    Slot slot = random() % 40;
    std::string key =
        random() % 2 == 0 ? names.Key(slot, random() % 3) : KeyInSlot(slot, random() % 4);
    std::string value = std::to_string(step);
    switch (random() % 8) {
      case 0:
      case 1: {
        Keyspace::UpsertResult one = keyspace->Upsert(key);
        Keyspace::UpsertResult other = stored->Upsert(key);
        ASSERT_EQ(one.inserted, other.inserted);
        ASSERT_EQ(one.entry->value, other.entry->value);
        one.entry->value = other.entry->value = value;
        break;
      }
      case 2:
      case 3:
        ASSERT_EQ(keyspace->Erase(key), stored->Erase(key));
        break;
      case 4:
        if (Entry* entry = keyspace->FindForWrite(key)) {
          entry->value = stored->FindForWrite(key)->value = value;
        }
        break;
      case 5:
        if (random() % 20 == 0) {
          ASSERT_EQ(keyspace->EraseSlot(slot), stored->EraseSlot(slot));
        }
        break;
      case 6:
        keyspace->SetSlotHidden(slot, step % 3 == 0);
        stored->SetSlotHidden(slot, step % 3 == 0);
        break;
      case 7:
        if (random() % 100 == 0) keyspace = keyspace->Clone(random());
        break;
    }
    const Entry* entry = keyspace->Find(key);
    const Entry* expected = stored->Find(key);
    ASSERT_EQ(entry == nullptr, expected == nullptr);
    ASSERT_TRUE(!entry || entry->value == expected->value);
    ASSERT_EQ(keyspace->CountInSlot(slot), stored->CountInSlot(slot));
    ASSERT_EQ(keyspace->Size(), stored->Size());
  }
  EXPECT_EQ(ScanAll(*keyspace, 50).times, ScanAll(*stored, 50).times);
  std::set<std::string> one;
  std::set<std::string> other;
  for (Slot slot = 0; slot < 40; ++slot) {
    keyspace->KeysInSlot(slot, SIZE_MAX, [&](const Entry& entry) { one.insert(entry.key()); });
    stored->KeysInSlot(slot, SIZE_MAX, [&](const Entry& entry) { other.insert(entry.key()); });
  }
  EXPECT_EQ(one, other);
}

TEST_P(SyntheticKeyspaceTest, ABillionActorsCostNoMoreThanAskedFor) {
  std::unique_ptr<Keyspace> keyspace = Make(GetParam(), kBillion);
  EXPECT_EQ(keyspace->Size(), kBillion);
  EXPECT_EQ(keyspace->CountInSlot(0), 61036u);
  ScanReply page = ScanOnce(*keyspace, {.cursor = 0, .count = 1000, .pinned_slot = {}});
  EXPECT_EQ(page.keys.size(), 1000u);
  for (const std::string& key : page.keys) {
    const Entry* entry = keyspace->Find(key);
    ASSERT_NE(entry, nullptr) << key;
    ASSERT_GT(entry->value.size(), 200u);
  }
  ScanReply next = ScanOnce(*keyspace, {.cursor = page.cursor, .count = 1000, .pinned_slot = {}});
  std::set<std::string> both(page.keys.begin(), page.keys.end());
  both.insert(next.keys.begin(), next.keys.end());
  EXPECT_EQ(both.size(), 2000u);
  std::mt19937_64 random(1);
  EXPECT_NE(keyspace->RandomKey([&] { return random(); }), nullptr);
}

TEST_P(SyntheticKeyspaceTest, AnotherSeedIsAnotherOrder) {
  constexpr uint64_t kActors = 4 * kSlotCount;
  std::unique_ptr<Keyspace> before = Make(GetParam(), kActors, 1);
  ScanSummary summary;
  // Slots 0 … are all that a per-slot server has shown by now.
  uint64_t cursor = 0;
  for (int call = 0; call < 20; ++call) {
    ScanReply reply = ScanOnce(*before, {.cursor = cursor, .count = 1001, .pinned_slot = {}});
    AddReply(reply, summary);
    cursor = reply.cursor;
  }
  std::unique_ptr<Keyspace> after = before->Clone(2);
  for (const auto& [key, times] : ScanAll(*after, 1000, cursor).times) summary.times[key] += times;
  size_t missed = kActors - summary.times.size();
  if (GetParam() == Layout::kSingleTable) {
    double progress = 20020.0 / kActors;
    double expected = progress * (1 - progress) * kActors;
    EXPECT_NEAR(static_cast<double>(missed), expected, 0.2 * expected);
  } else {
    EXPECT_LE(missed, 10u);
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, SyntheticKeyspaceTest,
                         ::testing::Values(Layout::kSingleTable, Layout::kPerSlot),
                         [](const auto& test) {
                           return test.param == Layout::kSingleTable ? "SingleTable" : "PerSlot";
                         });

}  // namespace
}  // namespace mockcluster
