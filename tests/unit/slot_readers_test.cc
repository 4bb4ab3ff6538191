// The readers of one slot, fed by hand: which answers let them say what the slot holds, and which
// do not.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/listing/large_slot.h"
#include "core/listing/migrating_slot.h"
#include "tests/unit/scripted_node.h"

namespace atestore {
namespace {

const Endpoint kSource{.host = "127.0.0.1", .port = 7000};
const Endpoint kDestination{.host = "127.0.0.1", .port = 7001};
const std::string kAsk = "-ASK 15495 127.0.0.1:7001";
const Slot kSlot = KeySlot("{a}");

std::vector<std::string> TextsOf(KeyList& keys) {
  keys.Sort();
  std::vector<std::string> texts;
  for (size_t index = 0; index < keys.size(); ++index) texts.emplace_back(keys[index].text);
  std::sort(texts.begin(), texts.end());
  return texts;
}

// A slot half moved; each test changes what it is about.
class MigratingSlotTest : public testing::Test {
 protected:
  MigratingSlotTest() {
    EXPECT_EQ(kSlot, 15495);
    source_.migrates = true;
    source_.probe = kAsk;
    source_.keys = {"actor:{a}:1", "other:{a}"};
    destination_.keys = {"actor:{a}:2"};
  }
  // `before_verification` happens between the destination's answer and the last question.
  void Run(const std::function<void()>& before_verification = [] {}) {
    int requests = 0;
    RunByHand(step_, [&](const ShardRequest& request) -> std::vector<std::string> {
      if (++requests == 3) before_verification();
      if (requests == lost_request_) return {};
      ScriptedNode& node = request.endpoint == kSource ? source_ : destination_;
      return node.Answer(request, kSlot);
    });
    requests_ = requests;
  }

  const KeyFilter filter_ = KeyFilter::AllActors();
  ScriptedNode source_;
  ScriptedNode destination_;
  int lost_request_ = 0;
  int requests_ = 0;
  MigratingSlot step_{{.slot = kSlot, .source = kSource, .destination = kDestination},
                      &filter_,
                      HashKey,
                      std::nullopt};
};

TEST_F(MigratingSlotTest, TakesTheNamesOfBothNodes) {
  Run();
  EXPECT_FALSE(step_.error()) << step_.error()->status;
  EXPECT_EQ(TextsOf(step_.keys()), (std::vector<std::string>{"actor:{a}:1", "actor:{a}:2"}));
  EXPECT_EQ(requests_, 3);
}

TEST_F(MigratingSlotTest, ASourceThatDoesNotMigrateProvesNothing) {
  source_.migrates = false;
  Run();
  ASSERT_TRUE(step_.error());
  EXPECT_EQ(requests_, 1);
}

TEST_F(MigratingSlotTest, AnotherProcessAtTheEndProvesNothing) {
  Run([&] { source_.run_id = "r2"; });
  EXPECT_TRUE(step_.error());
}

TEST_F(MigratingSlotTest, AnotherSetslotProvesNothing) {
  Run([&] { ++source_.setslot_calls; });
  EXPECT_TRUE(step_.error());
}

TEST_F(MigratingSlotTest, TheSourceMustSendOnToTheSameNodeAtTheEnd) {
  Run([&] { source_.probe = "-ASK 15495 127.0.0.1:7002"; });
  EXPECT_TRUE(step_.error());
}

TEST_F(MigratingSlotTest, ASourceThatServesAtTheEndProvesNothing) {
  Run([&] { source_.probe = ":0"; });
  EXPECT_TRUE(step_.error());
}

TEST_F(MigratingSlotTest, ErrorsOfTheDestinationAreReported) {
  for (const char* error : {"-CLUSTERDOWN The cluster is down", "-LOADING is loading",
                            "-TRYAGAIN Multiple keys request during rehashing of slot"}) {
    destination_.probe = error;
    MigratingSlot step({.slot = kSlot, .source = kSource, .destination = kDestination}, &filter_,
                       HashKey, std::nullopt);
    RunByHand(step, [&](const ShardRequest& request) {
      ScriptedNode& node = request.endpoint == kSource ? source_ : destination_;
      return node.Answer(request, kSlot);
    });
    EXPECT_TRUE(step.error()) << error;
  }
}

// They handed over to a replica and have learnt it since.
TEST_F(MigratingSlotTest, NodesThatNoLongerTakeWritesProveNothing) {
  for (ScriptedNode* node : {&source_, &destination_}) {
    node->pfcount = "-MOVED 15495 127.0.0.1:7003";
    MigratingSlot step({.slot = kSlot, .source = kSource, .destination = kDestination}, &filter_,
                       HashKey, std::nullopt);
    RunByHand(step, [&](const ShardRequest& request) {
      return (request.endpoint == kSource ? source_ : destination_).Answer(request, kSlot);
    });
    EXPECT_TRUE(step.error());
    node->pfcount = ":0";
  }
}

// For a key that has moved meanwhile the source sends on without waiting.
TEST_F(MigratingSlotTest, AKeyThatHasMovedProvesNothingOfTheSource) {
  source_.slots = absl::StrCat(kSlot);
  source_.pfcount = kAsk;
  Run();
  ASSERT_TRUE(step_.error());
  EXPECT_TRUE(step_.error()->at_once);
}

TEST_F(MigratingSlotTest, ASourceWithoutKeysMustTakeWritesForItsOtherSlots) {
  source_.keys.clear();
  source_.pfcount = "-MOVED 0 127.0.0.1:7003";
  Run();
  EXPECT_TRUE(step_.error());
}

TEST_F(MigratingSlotTest, ASourceOfNothingElseWithoutKeysNeedNotTakeWrites) {
  source_.slots = absl::StrCat(kSlot);
  source_.keys.clear();
  source_.pfcount = kAsk;
  Run();
  EXPECT_FALSE(step_.error()) << step_.error()->status;
}

TEST_F(MigratingSlotTest, AKeyOfTheProbesNameProvesNothing) {
  destination_.probe = ":1";
  Run();
  EXPECT_TRUE(step_.error());
}

TEST_F(MigratingSlotTest, EveryLostConnectionIsAnError) {
  for (int lost = 1; lost <= 3; ++lost) {
    MigratingSlot step({.slot = kSlot, .source = kSource, .destination = kDestination}, &filter_,
                       HashKey, std::nullopt);
    int requests = 0;
    RunByHand(step, [&](const ShardRequest& request) -> std::vector<std::string> {
      if (++requests == lost) return {};
      ScriptedNode& node = request.endpoint == kSource ? source_ : destination_;
      return node.Answer(request, kSlot);
    });
    ASSERT_TRUE(step.error()) << lost;
    EXPECT_EQ(step.error()->asked, lost == 2 ? kDestination : kSource);
    EXPECT_TRUE(step.error()->transient);
  }
}

TEST_F(MigratingSlotTest, NamesThatWereListedBeforeAreLeftOut) {
  const std::string first =
      std::min(std::string("actor:{a}:1"), std::string("actor:{a}:2"),
               [](const std::string& a, const std::string& b) { return HashKey(a) < HashKey(b); });
  MigratingSlot step({.slot = kSlot, .source = kSource, .destination = kDestination}, &filter_,
                     HashKey, KeyMark{.hash = HashKey(first)});
  RunByHand(step, [&](const ShardRequest& request) {
    ScriptedNode& node = request.endpoint == kSource ? source_ : destination_;
    return node.Answer(request, kSlot);
  });
  EXPECT_FALSE(step.error());
  EXPECT_EQ(step.keys().size(), 1u);
  EXPECT_NE(step.keys()[0].text, first);
}

class LargeSlotTest : public testing::Test {
 protected:
  LargeSlotScan Scan(const Position& start) {
    return LargeSlotScan({.start = start, .owner = kSource, .count = 10, .filter = &filter_});
  }
  void Run(LargeSlotScan& scan) {
    RunByHand(scan, [&](const ShardRequest& request) { return node_.Answer(request, kSlot); });
  }
  std::string CursorIn(Slot slot) const { return std::to_string((uint64_t{5} << 14) + slot); }

  const KeyFilter filter_ = KeyFilter::AllActors();
  ScriptedNode node_{.keys = {"actor:{a}:1", "actor:{b}:1", "other:{a}"}};
};

TEST_F(LargeSlotTest, GoesOnInItsSlotAlone) {
  node_.next_cursor = CursorIn(kSlot);
  node_.keys = {"actor:{a}:1", "other:{a}"};
  LargeSlotScan scan = Scan({.slot = kSlot});
  Run(scan);
  EXPECT_FALSE(scan.error());
  EXPECT_EQ(scan.asked_cursor(), kSlot);
  ASSERT_TRUE(scan.next_cursor());
  EXPECT_EQ(*scan.next_cursor(), (uint64_t{5} << 14) + kSlot);
  EXPECT_EQ(TextsOf(scan.keys()), std::vector<std::string>{"actor:{a}:1"});
}

TEST_F(LargeSlotTest, ACursorOfALaterSlotEndsTheSlot) {
  for (const std::string& cursor : {std::string("0"), CursorIn(kSlot + 1)}) {
    node_.next_cursor = cursor;
    node_.keys = {"actor:{a}:1"};
    LargeSlotScan scan = Scan({.slot = kSlot});
    Run(scan);
    EXPECT_FALSE(scan.error());
    EXPECT_FALSE(scan.next_cursor()) << cursor;
  }
}

TEST_F(LargeSlotTest, ACursorOfAnotherProcessIsNotUsed) {
  LargeSlotScan scan =
      Scan({.slot = kSlot, .place = InSlotCursor{.cursor = (5u << 14) + kSlot, .run = 1}});
  Run(scan);
  EXPECT_TRUE(scan.other_process());
  EXPECT_EQ(scan.keys().size(), 0u);
}

TEST_F(LargeSlotTest, TheSameNextCursorIsTheSameReply) {
  node_.keys = {"actor:{a}:1", "actor:{a}:2"};
  node_.next_cursor = CursorIn(kSlot);
  const uint64_t run = HashKey(node_.run_id);
  const uint64_t first = std::min(HashKey("actor:{a}:1"), HashKey("actor:{a}:2"));
  for (const bool same : {true, false}) {
    const uint64_t next = (uint64_t{same ? 5u : 6u} << 14) + kSlot;
    LargeSlotScan scan = Scan({.slot = kSlot,
                               .place = InSlotCursor{.cursor = (3u << 14) + kSlot,
                                                     .run = run,
                                                     .split = SplitReply{next, {.hash = first}}}});
    Run(scan);
    EXPECT_EQ(scan.keys().size(), same ? 1u : 2u);
  }
}

TEST_F(LargeSlotTest, ErrorsOfTheProbeAreReported) {
  for (const char* error : {"-MOVED 15495 127.0.0.1:7001", "-ASK 15495 127.0.0.1:7001",
                            "-CLUSTERDOWN The cluster is down"}) {
    node_.probe = error;
    LargeSlotScan scan = Scan({.slot = kSlot});
    Run(scan);
    ASSERT_TRUE(scan.error()) << error;
    EXPECT_EQ(scan.keys().size(), 0u);
  }
  node_.probe = ":1";
  LargeSlotScan scan = Scan({.slot = kSlot});
  Run(scan);
  EXPECT_TRUE(scan.probe_taken());
}

TEST_F(LargeSlotTest, ANodeThatNoLongerTakesWritesProvesNothing) {
  node_.pfcount = "-MOVED 15495 127.0.0.1:7001";
  LargeSlotScan scan = Scan({.slot = kSlot});
  Run(scan);
  ASSERT_TRUE(scan.error());
  EXPECT_EQ(scan.keys().size(), 0u);
}

}  // namespace
}  // namespace atestore
