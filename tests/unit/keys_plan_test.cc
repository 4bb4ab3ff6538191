// How much a walk asks for at once.
#include "core/listing/keys_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace atestore {
namespace {

using Kind = KeysUnit::Kind;

constexpr size_t kSegment = 520;
constexpr KeysReading kAnyServer{};
constexpr KeysReading kPerSlotServer{.per_slot_tables = true};

size_t SlotsFor(size_t keys, double keys_per_slot, bool begins_in_slot = false) {
  const KeysWanted wanted{.keys = keys, .segment_keys = kSegment, .begins_in_slot = begins_in_slot};
  return KeysPlan::For(wanted, {.keys_per_slot = keys_per_slot}, kAnyServer).slots_max;
}

KeysPlan PlanOfPage(const WalkHints& hints, const KeysReading& reading) {
  return KeysPlan::For({.keys = 1000, .segment_keys = kSegment}, hints, reading);
}

TEST(KeysPlan, OfMoreThanASegmentItTakesASegment) {
  EXPECT_EQ(SlotsFor(1000, 20), kSegment / 20);
  EXPECT_EQ(SlotsFor(1'000'000, 20), kSegment / 20);
}

TEST(KeysPlan, TheLastSegmentMostlySuffices) {
  for (size_t keys : {1, 10, 100, 400, 520, 700}) {
    for (double keys_per_slot : {0.5, 3.0, 20.0, 300.0}) {
      const double expected = static_cast<double>(SlotsFor(keys, keys_per_slot)) * keys_per_slot;
      const double deviation = std::sqrt(static_cast<double>(keys));
      EXPECT_GE(expected, static_cast<double>(keys) + 3 * deviation);
      EXPECT_LE(expected, static_cast<double>(keys) + 3 * deviation + keys_per_slot);
    }
  }
}

TEST(KeysPlan, ALittleMoreThanASegmentIsOne) {
  EXPECT_EQ(SlotsFor(690, 300), 3U);
  EXPECT_EQ(SlotsFor(790, 300), 2U);
}

TEST(KeysPlan, WhatIsDoneOfTheFirstSlotIsMadeUpFor) {
  EXPECT_EQ(SlotsFor(500, 300), 2U);
  EXPECT_EQ(SlotsFor(500, 300, /*begins_in_slot=*/true), 3U);
}

TEST(KeysPlan, ARoundIsBounded) {
  const WalkHints sparse{.keys_per_slot = 20, .wanted_ratio = 0.01};
  EXPECT_EQ(PlanOfPage(sparse, kAnyServer).slots_max, kRoundKeysMax / 20);
  EXPECT_EQ(PlanOfPage(sparse, kPerSlotServer).slots_max, kRoundKeysMax / 20);
}

TEST(KeysPlan, FewSlotsAreReadByATransactionEach) {
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 300}, kAnyServer).kind, Kind::kProbedSlots);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 300}, kAnyServer).slots_per_unit, 4U);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 300}, kPerSlotServer).kind, Kind::kProbedSlots);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 20}, kAnyServer).kind, Kind::kSlots);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 20}, kPerSlotServer).kind, Kind::kSlots);
}

TEST(KeysPlan, WhereFewKeysAreWantedATransactionReadsWhatItMay) {
  const WalkHints few{.keys_per_slot = 300, .wanted_ratio = 0.01};
  EXPECT_EQ(PlanOfPage(few, kAnyServer).kind, Kind::kSlots);
  EXPECT_EQ(PlanOfPage(few, kPerSlotServer).kind, Kind::kScan);
}

TEST(KeysPlan, NoTransactionIsForMoreKeysThanItMayVisit) {
  for (double keys_per_slot : {0.5, 3.0, 20.0, 100.0, 300.0, 900.0, 5000.0}) {
    const KeysPlan plan = PlanOfPage({.keys_per_slot = keys_per_slot}, kAnyServer);
    EXPECT_TRUE(plan.slots_per_unit == 1 ||
                static_cast<double>(plan.slots_per_unit) * keys_per_slot <=
                    static_cast<double>(kSlotsUnitKeys));
  }
}

}  // namespace
}  // namespace atestore
