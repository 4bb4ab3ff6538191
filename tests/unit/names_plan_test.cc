// How much a walk asks for at once.
#include "core/listing/names_plan.h"

#include <gtest/gtest.h>

#include <cmath>

namespace atestore {
namespace {

using Kind = NamesUnit::Kind;

constexpr size_t kSegment = 520;
constexpr NamesReading kAnyServer{};
constexpr NamesReading kPerSlotServer{.per_slot_tables = true};

size_t SlotsFor(size_t names, double keys_per_slot, bool begins_in_slot = false) {
  const NamesWanted wanted{
      .names = names, .segment_names = kSegment, .begins_in_slot = begins_in_slot};
  return NamesPlan::For(wanted, {.keys_per_slot = keys_per_slot}, kAnyServer).slots_max;
}

NamesPlan PlanOfPage(const WalkHints& hints, const NamesReading& reading) {
  return NamesPlan::For({.names = 1000, .segment_names = kSegment}, hints, reading);
}

TEST(NamesPlan, OfMoreThanASegmentItTakesASegment) {
  EXPECT_EQ(SlotsFor(1000, 20), kSegment / 20);
  EXPECT_EQ(SlotsFor(1'000'000, 20), kSegment / 20);
}

TEST(NamesPlan, TheLastSegmentMostlySuffices) {
  for (size_t names : {1, 10, 100, 400, 520, 700}) {
    for (double keys_per_slot : {0.5, 3.0, 20.0, 300.0}) {
      const double expected = static_cast<double>(SlotsFor(names, keys_per_slot)) * keys_per_slot;
      const double deviation = std::sqrt(static_cast<double>(names));
      EXPECT_GE(expected, static_cast<double>(names) + 3 * deviation);
      EXPECT_LE(expected, static_cast<double>(names) + 3 * deviation + keys_per_slot);
    }
  }
}

TEST(NamesPlan, ALittleMoreThanASegmentIsOne) {
  EXPECT_EQ(SlotsFor(690, 300), 3U);
  EXPECT_EQ(SlotsFor(790, 300), 2U);
}

TEST(NamesPlan, WhatIsDoneOfTheFirstSlotIsMadeUpFor) {
  EXPECT_EQ(SlotsFor(500, 300), 2U);
  EXPECT_EQ(SlotsFor(500, 300, /*begins_in_slot=*/true), 3U);
}

TEST(NamesPlan, ARoundIsBounded) {
  const WalkHints sparse{.keys_per_slot = 20, .wanted_ratio = 0.01};
  EXPECT_EQ(PlanOfPage(sparse, kAnyServer).slots_max, kRoundKeysMax / 20);
  EXPECT_EQ(PlanOfPage(sparse, kPerSlotServer).slots_max, kRoundKeysMax / 20);
}

TEST(NamesPlan, FewSlotsAreReadByATransactionEach) {
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 300}, kAnyServer).kind, Kind::kProbedSlots);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 300}, kAnyServer).slots_per_unit, 2U);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 300}, kPerSlotServer).kind, Kind::kProbedSlots);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 20}, kAnyServer).kind, Kind::kSlots);
  EXPECT_EQ(PlanOfPage({.keys_per_slot = 20}, kPerSlotServer).kind, Kind::kSlots);
}

TEST(NamesPlan, WhereFewKeysAreWantedATransactionReadsWhatItMay) {
  const WalkHints few{.keys_per_slot = 300, .wanted_ratio = 0.01};
  EXPECT_EQ(PlanOfPage(few, kAnyServer).kind, Kind::kSlots);
  EXPECT_EQ(PlanOfPage(few, kPerSlotServer).kind, Kind::kScan);
}

TEST(NamesPlan, NoTransactionIsForMoreKeysThanItMayVisit) {
  for (double keys_per_slot : {0.5, 3.0, 20.0, 100.0, 300.0, 900.0, 5000.0}) {
    const NamesPlan plan = PlanOfPage({.keys_per_slot = keys_per_slot}, kAnyServer);
    EXPECT_TRUE(plan.slots_per_unit == 1 ||
                static_cast<double>(plan.slots_per_unit) * keys_per_slot <=
                    static_cast<double>(kSlotsUnitKeys));
  }
}

}  // namespace
}  // namespace atestore
