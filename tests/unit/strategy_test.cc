// The whole table: each strategy, each obstacle, each kind of server.
#include "core/listing/strategy.h"

#include <gtest/gtest.h>

#include <vector>

namespace atestore {
namespace {

using Then = Transition::Then;

const Endpoint kAsked{"127.0.0.1", 7000};
const Endpoint kElsewhere{"127.0.0.1", 7001};
const Migration kMigration{.slot = 3, .source = kAsked, .destination = kElsewhere};

std::vector<Strategy> AllStrategies() {
  return {ReadBatch(), ReadSlotUpToLimit(), ReadSlotUnlimited(), ReadMigratingSlot{kMigration},
          ReadLargeSlot{.count = 8}};
}

std::vector<ServerFacts> AllFacts() {
  return {{false, false}, {false, true}, {true, false}, {true, true}};
}

ReadError Error(ServerErrorKind kind, bool transient = true, bool at_once = false) {
  return {.kind = kind,
          .slot = 3,
          .asked = kAsked,
          .redirect = kElsewhere,
          .transient = transient,
          .at_once = at_once};
}

// What is expected of every strategy.
void ExpectOfAll(const ReadObstacle& met, const Strategy& strategy, Then then,
                 const std::vector<ServerFacts>& facts = AllFacts()) {
  for (const ServerFacts& each : facts) {
    for (const Strategy& from : AllStrategies()) {
      const Transition next = NextStrategy(from, met, each, 0);
      EXPECT_EQ(next.strategy, strategy) << from.index();
      EXPECT_EQ(next.then, then) << from.index();
    }
  }
}

void ExpectToStay(const ReadObstacle& met, Then then) {
  for (const ServerFacts& facts : AllFacts()) {
    for (const Strategy& from : AllStrategies()) {
      const Transition next = NextStrategy(from, met, facts, 0);
      EXPECT_EQ(next.strategy, from) << from.index();
      EXPECT_EQ(next.then, then) << from.index();
    }
  }
}

TEST(StrategyTest, ASlotWithManyKeysIsReadAloneThenByWhatServersCan) {
  ExpectOfAll(TooManyKeys{}, ReadSlotUpToLimit(), Then::kRead);
  ExpectOfAll(TooManyKeys{.for_any_whole_read = true}, ReadSlotUnlimited(), Then::kRead,
              {{false, false}, {false, true}});
  ExpectOfAll(TooManyKeys{.for_any_whole_read = true}, ReadLargeSlot(), Then::kRead,
              {{true, false}, {true, true}});
}

TEST(StrategyTest, ASlotThatABatchDoesNotCoverIsReadAlone) {
  for (const ServerFacts& facts : AllFacts()) {
    for (const Strategy& from : AllStrategies()) {
      const Transition next = NextStrategy(from, NotCovered{}, facts, 0);
      const bool in_batch = from == Strategy(ReadBatch());
      EXPECT_EQ(next.strategy, in_batch ? Strategy(ReadSlotUpToLimit()) : from);
      EXPECT_EQ(next.then, in_batch ? Then::kRead : Then::kReread);
    }
  }
}

TEST(StrategyTest, AKeyWithTheNameOfTheProbeChangesNothingElse) {
  ExpectToStay(ProbeExists{}, Then::kReread);
}

TEST(StrategyTest, WithoutPerSlotTablesThereIsNoReadingByCursor) {
  for (const ServerFacts& facts : AllFacts()) {
    for (const Strategy& from : AllStrategies()) {
      const Transition next = NextStrategy(from, NoPerSlotTables{}, facts, 0);
      const bool in_batch = from == Strategy(ReadBatch());
      EXPECT_EQ(next.strategy, in_batch ? Strategy(ReadBatch()) : Strategy(ReadSlotUnlimited()));
      EXPECT_EQ(next.then, in_batch ? Then::kRead : Then::kReread);
    }
  }
}

TEST(StrategyTest, AnotherProcessBeginsALargeSlotAnewWithACountOfItsOwn) {
  ExpectOfAll(OtherProcess{}, ReadLargeSlot(), Then::kReread);
}

TEST(StrategyTest, ADestinationThatNobodyKnowsLeadsToTheTopology) {
  ExpectOfAll(UnknownNode{}, ReadSlotUpToLimit(), Then::kRefresh);
}

TEST(StrategyTest, MovedLeadsToTheTopology) {
  ExpectOfAll(Error(ServerErrorKind::kMoved, true, true), ReadBatch(), Then::kRefresh);
}

TEST(StrategyTest, AskLeadsToTheMigration) {
  Migration migration = kMigration;
  migration.probe_variant = 2;
  for (const Strategy& from : AllStrategies()) {
    const Transition next = NextStrategy(from, Error(ServerErrorKind::kAsk, true, true), {}, 2);
    EXPECT_EQ(next.strategy, Strategy(ReadMigratingSlot{migration}));
    EXPECT_EQ(next.then, Then::kReread);
  }
}

TEST(StrategyTest, AFullServerIsReadWithoutMultiOnceAndThenWaitedFor) {
  const ReadError error = Error(ServerErrorKind::kOutOfMemory);
  ExpectOfAll(error, ReadBatch(), Then::kRead, {{false, false}, {true, false}});
  ExpectOfAll(error, ReadBatch(), Then::kWait, {{false, true}, {true, true}});
}

TEST(StrategyTest, WhatTryingAgainDoesNotHelpFails) {
  for (int kind = 0; kind <= static_cast<int>(ServerErrorKind::kUnknown); ++kind) {
    if (kind == static_cast<int>(ServerErrorKind::kOutOfMemory)) continue;
    ExpectToStay(Error(static_cast<ServerErrorKind>(kind), /*transient=*/false), Then::kFail);
  }
}

// Also of errors that nobody has thought of: none leads on.
TEST(StrategyTest, EverythingElseIsReadAgain) {
  for (int kind = 0; kind <= static_cast<int>(ServerErrorKind::kUnknown); ++kind) {
    const auto error = static_cast<ServerErrorKind>(kind);
    if (error == ServerErrorKind::kOutOfMemory || error == ServerErrorKind::kMoved ||
        error == ServerErrorKind::kAsk) {
      continue;
    }
    ExpectToStay(Error(error, true, /*at_once=*/true), Then::kReread);
    ExpectToStay(Error(error, true, /*at_once=*/false), Then::kWait);
  }
}

}  // namespace
}  // namespace atestore
