#include "store/listing/rate_pacer.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

absl::Duration Waited(const ManualClock& clock) {
  absl::Duration sum;
  for (const absl::Duration waited : clock.waits()) sum += waited;
  return sum;
}

TEST(RatePacerTest, WhatWasTakenHasItsTime) {
  ManualClock clock;
  RatePacer pacer(clock, 100);
  for (const size_t records : {50, 0, 150, 1}) {
    pacer.Wait({});
    pacer.OnTaken(records);
  }
  EXPECT_EQ(Waited(clock), absl::Seconds(2));  // the last one has its time after it
}

TEST(RatePacerTest, TimeThatWasNotUsedIsLost) {
  ManualClock clock;
  RatePacer pacer(clock, 100);
  clock.Advance(absl::Hours(1));
  pacer.Wait({});
  pacer.OnTaken(1000);
  pacer.Wait({});
  EXPECT_EQ(Waited(clock), absl::Seconds(10));
}

TEST(RatePacerTest, NoLimitNeverWaits) {
  ManualClock clock;
  RatePacer pacer(clock, 0);
  pacer.OnTaken(1'000'000);
  pacer.Wait({});
  EXPECT_TRUE(clock.waits().empty());
}

TEST(RatePacerTest, ADeadlineEndsTheWait) {
  ManualClock clock;
  RatePacer pacer(clock, 1);
  pacer.OnTaken(100);
  pacer.Wait({.deadline = clock.Now() + absl::Seconds(3)});
  EXPECT_EQ(Waited(clock), absl::Seconds(3));
}

}  // namespace
}  // namespace atestore
