// The nemesis itself: its judge can tell, its schedule replays.
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/soak/key_history.h"
#include "tests/soak/nemesis_listing.h"
#include "tests/soak/nemesis_run.h"
#include "tests/soak/plain_cluster_client.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Interval At(int begin, int end) {
  return {absl::FromUnixSeconds(begin), absl::FromUnixSeconds(end)};
}

TEST(KeyHistory, DemandsWhatWasSeenBeforeAndAfter) {
  KeyHistory history;
  EXPECT_FALSE(history.WasThereThroughout("k", At(10, 20)));
  history.WasPresent("k", At(1, 2));
  EXPECT_FALSE(history.WasThereThroughout("k", At(10, 20)));
  history.WasPresent("k", At(21, 22));
  EXPECT_TRUE(history.WasThereThroughout("k", At(10, 20)));
  EXPECT_FALSE(history.WasThereThroughout("k", At(0, 20)));   // not known to have been there
  EXPECT_FALSE(history.WasThereThroughout("k", At(10, 30)));  // nor to be there still
}

TEST(KeyHistory, ExcusesWhatWasMissedOrMayHaveBeenDeleted) {
  for (const bool deleted : {false, true}) {
    KeyHistory history;
    history.WasPresent("k", At(1, 2));
    if (deleted) {
      history.DeleteTried("k", At(9, 11));
    } else {
      history.WasAbsent("k", At(9, 11));
    }
    history.WasPresent("k", At(12, 13));
    history.WasPresent("k", At(21, 22));
    EXPECT_FALSE(history.WasThereThroughout("k", At(10, 20)));
    EXPECT_TRUE(history.WasThereThroughout("k", At(14, 20)));
  }
}

TEST(KeyHistory, ADeletionOfUnknownOutcomeExcusesUntilItIsForgotten) {
  KeyHistory history;
  history.WasPresent("k", At(1, 2));
  history.DeleteTried("k", {absl::FromUnixSeconds(3), absl::InfiniteFuture()});
  history.WasPresent("k", At(4, 5));
  history.WasPresent("k", At(21, 22));
  EXPECT_FALSE(history.WasThereThroughout("k", At(10, 20)));
  history.Forget(absl::FromUnixSeconds(30));
  history.WasPresent("k", At(41, 42));
  EXPECT_TRUE(history.WasThereThroughout("k", At(31, 40)));
}

// What lost it need not be known: it was not there when it was created.
TEST(KeyHistory, ACreationTellsThatTheKeyWasGone) {
  for (const Interval created : {At(9, 11), At(12, 13), At(21, 22)}) {
    KeyHistory history;
    history.WasPresent("k", At(1, 2));
    history.WasCreated("k", created);
    history.WasPresent("k", At(31, 32));
    EXPECT_FALSE(history.WasThereThroughout("k", At(10, 20))) << created.begin;
    EXPECT_TRUE(history.WasThereThroughout("k", At(24, 30))) << "it was there since";
  }
}

TEST(KeyHistory, KnowsWhatWasWritten) {
  KeyHistory history;
  history.WriteTried("k", 3, kNemesisRunning, At(1, 2).begin);
  EXPECT_TRUE(history.WasWritten("k", 3));
  EXPECT_FALSE(history.WasWritten("k", 4));
  EXPECT_FALSE(history.WasWritten("other", 3));
}

// A failover takes back what was not replicated: every status since all was forgotten.
TEST(KeyHistory, KnowsTheStatusesThatAListingMayFind) {
  KeyHistory history;
  history.WriteTried("k", 1, kNemesisSuspended, At(1, 1).begin);
  history.WriteTried("k", 2, kNemesisRunning, At(5, 5).begin);
  EXPECT_THAT(history.StatusesUntil("k", At(4, 4).end), ElementsAre(kNemesisSuspended));
  EXPECT_THAT(history.StatusesUntil("k", At(5, 5).end),
              ElementsAre(kNemesisRunning, kNemesisSuspended));
  history.StatusSeen("k", kNemesisRunning, At(9, 10));
  history.Forget(At(11, 11).end);
  EXPECT_THAT(history.StatusesUntil("k", At(12, 12).end), ElementsAre(kNemesisRunning));
  history.WasAbsent("k", At(13, 14));
  history.StatusSeen("k", "", At(13, 14));
  history.Forget(At(15, 15).end);
  EXPECT_THAT(history.StatusesUntil("k", At(16, 16).end), IsEmpty());
  // A node came back with older data.
  history.WasPresent("k", At(17, 18));
  EXPECT_THAT(history.StatusesUntil("k", At(20, 20).end),
              ElementsAre(kNemesisRunning, kNemesisSuspended));
}

// Of the cluster specification.
TEST(PlainClusterClient, KnowsTheSlotsOfKeys) {
  EXPECT_EQ(PlainSlotOf("123456789"), 12739);
  EXPECT_EQ(PlainSlotOf("{user1000}.following"), PlainSlotOf("user1000"));
  EXPECT_EQ(PlainSlotOf("foo{}{bar}"), PlainSlotOf("foo{}{bar}"));
  EXPECT_NE(PlainSlotOf("foo{}{bar}"), PlainSlotOf("bar"));
}

TEST(NemesisSchedule, ComesFromTheSeedAndFromItsText) {
  for (const ServerKind kind : AllServerKinds()) {
    NemesisSchedule schedule{.kind = kind};
    NemesisDraw draw(kind, 7);
    NemesisDraw same(kind, 7);
    std::set<NemesisFault> faults;
    for (int round = 0; round < 2; ++round) {
      schedule.rounds.push_back(draw.NextRound());
      EXPECT_EQ(schedule.rounds.back(), same.NextRound());
      for (const NemesisStep& step : schedule.rounds.back()) faults.insert(step.fault);
    }
    EXPECT_THAT(faults, SizeIs(NemesisFaultsOf(kind).size()));
    EXPECT_GE(faults.size(), 12);
    absl::StatusOr<NemesisSchedule> read = ParseSchedule(FormatSchedule(schedule));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, schedule);
  }
  EXPECT_FALSE(ParseSchedule("server nosuch\n").ok());
  EXPECT_FALSE(ParseSchedule("server redis\nround\n1 nosuch 2 3 4\n").ok());
}

// The negative control: the usual walk, SCAN node after node, under migrations only.
class NemesisControl : public ::testing::TestWithParam<ServerKind> {};

INSTANTIATE_TEST_SUITE_P(Servers, NemesisControl, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(NemesisControl, CatchesTheUsualWalk) {
  ATESTORE_REQUIRE_SERVER(GetParam());
  NemesisRound round;
  for (uint32_t i = 0; i < 20; ++i) {
    round.push_back(
        {.at_ms = 250 * i, .fault = NemesisFault::kMigrationFinished, .first = 7 * i, .second = i});
  }
  NemesisOptions options{.kind = GetParam(),
                         .replay = NemesisSchedule{.kind = GetParam(), .rounds = {3, round}},
                         .lister = NemesisOptions::Lister::kNaive,
                         .listers = 4};
  const NemesisResult result = RunNemesis(options);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_GT(result.total.listings, 0);
  EXPECT_GT(result.total.missing, 0) << NemesisTable(GetParam(), result);
  EXPECT_FALSE(result.Holds());
}

}  // namespace
}  // namespace atestore
