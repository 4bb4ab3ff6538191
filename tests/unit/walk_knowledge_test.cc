// What a walk learns: densities, and who owns a slot.
#include "core/listing/walk_knowledge.h"

#include "gtest/gtest.h"

namespace atestore {
namespace {

TEST(Estimates, ASmallSampleWeighsLittle) {
  Estimates few({.hints = {.keys_per_slot = 10}});
  few.OnKeys({.keys = 200, .slots = 2, .wanted = 200});
  EXPECT_DOUBLE_EQ(few.hints().keys_per_slot, 55);  // half of the way: two slots
  Estimates many({.hints = {.keys_per_slot = 10}});
  many.OnKeys({.keys = 19800, .slots = 198, .wanted = 19800});
  EXPECT_NEAR(many.hints().keys_per_slot, 100, 1);
}

TEST(Estimates, NothingSeenTeachesNothing) {
  Estimates estimates({.hints = {.keys_per_slot = 7, .wanted_ratio = 0.5}});
  estimates.OnKeys({});
  EXPECT_DOUBLE_EQ(estimates.hints().keys_per_slot, 7);
  EXPECT_DOUBLE_EQ(estimates.hints().wanted_ratio, 0.5);
}

TEST(Estimates, AScanThatFoundNothingLeavesARatioToDivideBy) {
  Estimates estimates({});
  estimates.OnScan(0, 1000);
  EXPECT_GT(estimates.hints().wanted_ratio, 0);
  EXPECT_LT(estimates.hints().wanted_ratio, 1e-3);
}

TEST(Estimates, AKeyIsARecordUnlessThePageIsSelective) {
  EXPECT_EQ(Estimates({}).KeysFor(17), 17u);
  EXPECT_EQ(Estimates({.selective = true}).KeysFor(17), 17u);  // nothing is known yet
}

TEST(Estimates, OneKeyIsAlwaysAskedFor) {
  Estimates estimates({.hints = {.record_bytes = 1e9, .value_bytes = 1e9}});
  EXPECT_EQ(estimates.KeysThatFit(1), 1u);
  EXPECT_EQ(estimates.ValuesBounds(1).mget_keys, 1u);
  EXPECT_EQ(estimates.ValuesBounds(1).part_keys, 1u);
}

TEST(SlotOwners, AMovedGoesBeforeTheTopologyUntilItIsForgotten) {
  SlotOwners owners;
  const Topology nobody;
  EXPECT_EQ(owners.Find(7, nobody), std::nullopt);
  owners.OnMoved(7, {"10.0.0.1", 6379});
  EXPECT_EQ(owners.Find(7, nobody), (Endpoint{"10.0.0.1", 6379}));
  EXPECT_EQ(owners.Find(8, nobody), std::nullopt);
  owners.Forget();
  EXPECT_EQ(owners.Find(7, nobody), std::nullopt);
}

TEST(WalkKnowledge, LearnsFromWhatItMeets) {
  WalkKnowledge known{.reading = {.per_slot_tables = true}, .estimates = Estimates({})};
  known.OnObstacle(ProbeExists{});
  EXPECT_EQ(known.probe_variant, 1);
  known.OnObstacle(NoPerSlotTables{});
  EXPECT_FALSE(known.reading.per_slot_tables);
  ReadError moved{.kind = ServerErrorKind::kMoved, .slot = 7, .redirect = {"10.0.0.1", 6379}};
  known.OnObstacle(moved);
  EXPECT_TRUE(known.owners.Find(7, Topology()));
  known.OnObstacle(ReadError{.kind = ServerErrorKind::kAsk, .slot = 7});
  EXPECT_TRUE(known.owners.Find(7, Topology()));
  known.OnObstacle(ReadError{.kind = ServerErrorKind::kClusterDown});
  EXPECT_FALSE(known.owners.Find(7, Topology())) << "who moved it where may have changed";
}

}  // namespace
}  // namespace atestore
