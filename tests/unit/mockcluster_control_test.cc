#include "mockcluster/control/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace mockcluster {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Two primaries (handles 0 and 1) with a replica each (2 and 3).
class ControlTest : public ::testing::Test {
 protected:
  ControlTest()
      : cluster_({.primaries = 2, .replicas_per_primary = 1, .flavor = Flavor::kValkey91}),
        client_(*cluster_.Connect({"127.0.0.1", 7001})) {
    for (int index = 0; index < 3; ++index) {
      std::string key = "{" + std::string(atestore::SlotTag(5)) + "}" + std::to_string(index);
      EXPECT_TRUE(cluster_.Put(key, "v").ok());
    }
  }

  // The reply to a line of words.
  std::string Run(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    std::vector<std::string_view> arguments(words.begin(), words.end());
    EXPECT_TRUE(IsControlCommand(arguments)) << line;
    std::string reply;
    ExecuteControlCommand(cluster_, client_, arguments, &reply);
    return reply;
  }

  void ExpectOk(const std::string& line) { EXPECT_EQ(Run(line), "+OK\r\n") << line; }

  NodeIndex OwnerOf(atestore::Slot slot) const { return *cluster_.OwnerOf(slot); }

  Cluster cluster_;
  const ClientId client_;
};

constexpr NodeIndex kFirst{0};
constexpr NodeIndex kSecond{1};

TEST_F(ControlTest, ProcessesDieAndComeBack) {
  std::string run_id = cluster_.Node(kFirst).run_id;
  ExpectOk("MOCK SAVE 0");
  ExpectOk("MOCK KILL 0");
  EXPECT_FALSE(cluster_.Node(kFirst).alive);
  ExpectOk("mock restart 7000 saved");
  EXPECT_TRUE(cluster_.Node(kFirst).alive);
  EXPECT_NE(cluster_.Node(kFirst).run_id, run_id);
  EXPECT_EQ(cluster_.Node(kFirst).keys, 3u);
  ExpectOk("MOCK RESTART " + cluster_.Node(kFirst).id + " EMPTY");
  EXPECT_EQ(cluster_.Node(kFirst).keys, 0u);
}

TEST_F(ControlTest, FailoversNameTheReplicaOrThePrimary) {
  ExpectOk("MOCK FAILOVER 0");
  EXPECT_EQ(OwnerOf(5), NodeIndex{2});
  ExpectOk("MOCK FAILOVER 0 FORCE");
  EXPECT_EQ(OwnerOf(5), kFirst);
  EXPECT_FALSE(cluster_.Node(NodeIndex{2}).alive);
}

TEST_F(ControlTest, NodesJoinLeaveAndAreReplaced) {
  EXPECT_EQ(Run("MOCK ADDNODE"), ":4\r\n");
  EXPECT_EQ(Run("MOCK ADDNODE 4"), ":5\r\n");
  EXPECT_EQ(cluster_.Node(NodeIndex{5}).primary, NodeIndex{4});
  ExpectOk("MOCK REMOVENODE 5");
  EXPECT_FALSE(cluster_.Node(NodeIndex{5}).member);
  ExpectOk("MOCK KILL 4");
  EXPECT_EQ(Run("MOCK REPLACE 4"), ":6\r\n");
  EXPECT_EQ(cluster_.Node(NodeIndex{6}).endpoint, cluster_.Node(NodeIndex{4}).endpoint);
}

TEST_F(ControlTest, SlotsMoveAtOnceOrKeyByKey) {
  ExpectOk("MOCK MOVESLOTS 0 4 1");
  EXPECT_EQ(OwnerOf(4), kSecond);
  EXPECT_EQ(OwnerOf(5), kFirst);
  ExpectOk("MOCK MIGRATE-BEGIN 5 1");
  EXPECT_EQ(Run("MOCK MIGRATE-KEYS 5 2"), ":2\r\n");
  ExpectOk("MOCK MIGRATE-ABORT 5 BACK");
  EXPECT_EQ(cluster_.Node(kSecond).keys, 0u);
  ExpectOk("MOCK MIGRATE-BEGIN 5 1");
  EXPECT_EQ(Run("MOCK MIGRATE-KEYS 5 1"), ":1\r\n");
  ExpectOk("MOCK MIGRATE-FINISH 5");
  EXPECT_EQ(OwnerOf(5), kSecond);
  EXPECT_EQ(cluster_.Node(kSecond).keys, 3u);
  ExpectOk("MOCK ATOMIC-BEGIN 5 0");
  EXPECT_EQ(cluster_.ImportingSlots().size(), 1u);
  ExpectOk("MOCK ATOMIC-ABORT 5");
  ExpectOk("MOCK ATOMIC-BEGIN 5 0");
  ExpectOk("MOCK ATOMIC-FINISH 5");
  EXPECT_EQ(OwnerOf(5), kFirst);
  ExpectOk("MOCK UNASSIGN 9");
  EXPECT_EQ(cluster_.OwnerOf(9), std::nullopt);
  ExpectOk("MOCK ASSIGN 9 1");
  EXPECT_EQ(OwnerOf(9), kSecond);
}

TEST_F(ControlTest, NodesFallIll) {
  auto ask = [&](std::initializer_list<std::string_view> arguments) {
    std::string reply;
    cluster_.Execute(client_, {arguments.begin(), arguments.size()}, &reply);
    return reply;
  };
  std::string key = "{" + std::string(atestore::SlotTag(16383)) + "}";
  ExpectOk("MOCK CLUSTERDOWN 1 1000");
  EXPECT_THAT(ask({"GET", key}), StartsWith("-CLUSTERDOWN"));
  int64_t later_ms = cluster_.now_ms() + 1000;
  EXPECT_EQ(Run("MOCK TIME 1000"), ":" + std::to_string(later_ms) + "\r\n");
  EXPECT_EQ(ask({"GET", key}), "$-1\r\n");
  ExpectOk("MOCK LOADING 1 1000");
  EXPECT_THAT(ask({"DBSIZE"}), StartsWith("-LOADING"));
  ExpectOk("MOCK LOADING 1 0");
  EXPECT_EQ(ask({"DBSIZE"}), ":0\r\n");
  ExpectOk("MOCK LAG 3 ON");
  ExpectOk("MOCK LAG 3 OFF");
  ExpectOk("MOCK ISOLATE 0 ON");
  ExpectOk("MOCK ISOLATE 0 OFF");
  ExpectOk("MOCK RESIZE 0 GROW");
  ExpectOk("MOCK GOSSIP");
  ExpectOk("MOCK SETTLE");
}

TEST_F(ControlTest, ConnectionsBreak) {
  ExpectOk("MOCK DROP BEFORE");
  std::string reply;
  std::vector<std::string_view> ping = {"PING"};
  EXPECT_EQ(cluster_.Execute(client_, ping, &reply), Delivery::kClosed);
}

TEST_F(ControlTest, FaultsComeFromThePlanUntilItIsOff) {
  ExpectOk("MOCK FAULT begin-migration");
  EXPECT_EQ(cluster_.OpenSlots().size(), 1u);
  EXPECT_THAT(Run("MOCK FAULT nonsense"), HasSubstr("'nonsense'"));
  ExpectOk("MOCK FAULTS 1000 7 100");
  std::string reply;
  std::vector<std::string_view> ping = {"PING"};
  // A fault that cannot happen just then is skipped, so one command may not be enough.
  for (int command = 0; command < 20; ++command) cluster_.Execute(client_, ping, &reply);
  EXPECT_GE(cluster_.faults_done(), 1u);
  ExpectOk("MOCK FAULTS OFF");
  EXPECT_EQ(cluster_.faults_done(), 0u);
}

TEST_F(ControlTest, TheClusterIsDescribed) {
  std::string nodes = Run("MOCK NODES");
  EXPECT_THAT(nodes, StartsWith("*4\r\n"));
  EXPECT_THAT(nodes, HasSubstr("0 127.0.0.1:7000 " + cluster_.Node(kFirst).id + " primary alive"));
  EXPECT_THAT(nodes, HasSubstr(" replica-of-1 alive"));
  ExpectOk("MOCK KILL 3");
  std::string log = Run("MOCK LOG");
  EXPECT_THAT(log, HasSubstr(cluster_.event_log().back()));
  EXPECT_EQ(Run("MOCK LOG " + std::to_string(cluster_.event_log().size())), "*0\r\n");
  EXPECT_THAT(Run("MOCK"), HasSubstr("MOCK MIGRATE-BEGIN slot node"));
  EXPECT_EQ(Run("MOCK HELP"), Run("MOCK"));
}

TEST_F(ControlTest, MistakesChangeNothingAndAreNamed) {
  size_t events = cluster_.event_log().size();
  EXPECT_THAT(Run("MOCK EXPLODE"), HasSubstr("unknown event 'EXPLODE'"));
  EXPECT_THAT(Run("MOCK KILL"), StartsWith("-ERR MOCK KILL node"));
  EXPECT_THAT(Run("MOCK KILL 0 1"), StartsWith("-ERR MOCK KILL node"));
  for (const char* line : {"MOCK KILL 9", "MOCK RESTART 0 MAYBE", "MOCK MOVESLOTS 0 16384 1",
                           "MOCK MOVESLOTS -1 5 1", "MOCK MIGRATE-BEGIN 5x 1", "MOCK LAG 3 PERHAPS",
                           "MOCK FAULTS 1001", "MOCK TIME -1", "MOCK DROP EVERYTHING"}) {
    EXPECT_THAT(Run(line), StartsWith("-ERR MOCK: unknown or out-of-range ")) << line;
  }
  EXPECT_THAT(Run("MOCK MIGRATE-FINISH 5"), StartsWith("-ERR "));
  EXPECT_EQ(cluster_.event_log().size(), events);
}

TEST(IsControlCommandTest, OnlyMock) {
  std::vector<std::string_view> mock = {"mOcK", "NODES"};
  std::vector<std::string_view> other = {"MOCKING"};
  EXPECT_TRUE(IsControlCommand(mock));
  EXPECT_FALSE(IsControlCommand(other));
  EXPECT_FALSE(IsControlCommand({}));
}

}  // namespace
}  // namespace mockcluster
