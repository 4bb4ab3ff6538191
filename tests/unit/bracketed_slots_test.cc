#include "core/listing/bracketed_slots.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

constexpr Slot kSlot = 7;

std::string Bulk(const std::string& text) {
  return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
}

// What a node says at the two looks; a test changes one thing.
struct Node {
  std::string run_id = "aaaa";
  int loading = 0;
  int commands = 100;
  int setslot_calls = 3;
  std::string resets;  // the value of INFO's line about CONFIG RESETSTAT; empty: no line
  int epoch = 5;
  std::string role = "master";
  std::string slots = "0-16383";

  std::string Info() const {
    return absl::StrCat("run_id:", run_id, "\r\nloading:", loading,
                        "\r\ntotal_commands_processed:", commands,
                        "\r\ncmdstat_cluster|setslot:calls=", setslot_calls, ",usec=1\r\n",
                        resets.empty() ? "" : "cmdstat_config|resetstat:" + resets + "\r\n");
  }
  std::string Nodes() const {
    return absl::StrCat(std::string(40, 'a'), " h:1@2 myself,", role, " - 0 0 ", epoch,
                        " connected ", slots, "\n");
  }
};

// Reads slot 7, whose keys are two, between two looks at the node.
BracketedSlots Read(const Node& before, const Node& after) {
  BracketedSlots bracket(1);
  const std::vector<std::string> replies = {Bulk(before.Info()), Bulk(before.Nodes()),
                                            "*2\r\n$1\r\na\r\n$1\r\nb\r\n", Bulk(after.Nodes()),
                                            Bulk(after.Info())};
  for (size_t command = 0; command < replies.size(); ++command) {
    RespReader reader;
    reader.Feed(replies[command]);
    absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
    EXPECT_TRUE(reply.ok() && reply->has_value());
    EXPECT_EQ(bracket.OnReply(command, **reply, {"h", 1}), command + 1 == replies.size());
  }
  return bracket;
}

BracketedSlots ReadWithChange(const std::function<void(Node&)>& change) {
  const Node before;
  Node after = before;
  after.commands += 4;
  change(after);
  return Read(before, after);
}

TEST(BracketedSlots, KeepsWhatNobodyTouched) {
  const BracketedSlots bracket = ReadWithChange([](Node&) {});
  EXPECT_FALSE(bracket.error());
  EXPECT_TRUE(bracket.StableSlots()[kSlot]);
  EXPECT_EQ(bracket.keys(0).size(), 2U);
}

TEST(BracketedSlots, AsksForTwoLooksAndTheKeysBetweenThem) {
  Pipeline pipeline;
  const std::vector<Slot> slots = {7, 9};
  BracketedSlots::AddTo(pipeline, slots, "2001");
  EXPECT_EQ(pipeline.size(), 6U);
}

// Each proof alone is needed.
TEST(BracketedSlots, RefusesWhatMayHaveChangedInBetween) {
  const std::vector<std::function<void(Node&)>> changes = {
      [](Node& node) { node.run_id = "bbbb"; },
      [](Node& node) { node.loading = 1; },
      [](Node& node) { node.setslot_calls = 4; },
      [](Node& node) { node.epoch = 6; },
      [](Node& node) { node.commands = 50; },  // CONFIG RESETSTAT
      // The same on a server so busy that the number of commands has passed the earlier one.
      [](Node& node) { node.resets = "calls=1,usec=30"; },
  };
  for (size_t change = 0; change < changes.size(); ++change) {
    const BracketedSlots bracket = ReadWithChange(changes[change]);
    ASSERT_TRUE(bracket.error()) << change;
    EXPECT_TRUE(bracket.error()->transient) << change;
  }
}

TEST(BracketedSlots, RefusesASecondResetOfTheCounters) {
  const Node before{.resets = "calls=1,usec=30"};
  EXPECT_FALSE(Read(before, {.commands = 104, .resets = "calls=1,usec=30"}).error());
  EXPECT_TRUE(Read(before, {.commands = 104, .resets = "calls=1,usec=41"}).error());
}

TEST(BracketedSlots, RefusesANodeThatWasLoadingAtTheFirstLook) {
  Node before{.loading = 1};
  Node after{.commands = 104};
  EXPECT_TRUE(Read(before, after).error());
}

TEST(BracketedSlots, LeavesOutSlotsThatWereNotTheNodesAtBothLooks) {
  for (const std::string slots : {"0-6", "0-16383 [7->-cccc]", "0-16383 [7-<-cccc]", "8-16383"}) {
    Node marked{.slots = slots};
    Node plain;
    plain.commands = 104;
    BracketedSlots first = Read(marked, plain);
    EXPECT_FALSE(first.error());
    EXPECT_FALSE(first.StableSlots()[kSlot]) << slots;
    marked.commands = 104;
    BracketedSlots last = Read(Node{}, marked);
    EXPECT_FALSE(last.error());
    EXPECT_FALSE(last.StableSlots()[kSlot]) << slots;
  }
}

TEST(BracketedSlots, AReplicaOwnsNothing) {
  Node replica{.role = "slave"};
  Node later = replica;
  later.commands = 104;
  EXPECT_TRUE(Read(replica, later).StableSlots().none());
}

}  // namespace
}  // namespace atestore
