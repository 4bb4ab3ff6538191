#include "absl/strings/str_cat.h"
#include "tests/unit/mockcluster_helpers.h"

// Slots on the move: aborted migrations, orphans, atomic migration, MIGRATE itself.
namespace mockcluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Values;

class Migration : public EachFlavor {
 protected:
  Migration() : cluster_(TwoPrimaries(GetParam())) {
    for (int key = 0; key < 20; ++key) {
      EXPECT_TRUE(cluster_.Put("{b}" + std::to_string(key), "v").ok());
    }
  }

  Cluster cluster_;
};

INSTANTIATE_TEST_SUITE_P(Flavors, Migration,
                         Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(Migration, MovesEveryKeyAndTheSlot) {
  ASSERT_TRUE(cluster_.MoveSlot(kTagSlot, kSecond).ok());
  EXPECT_EQ(cluster_.OwnerOf(kTagSlot), kSecond);
  EXPECT_EQ(cluster_.Node(kFirst).keys, 0u);
  EXPECT_EQ(cluster_.Node(kSecond).keys, 20u);
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
}

// A node ignores what others claim about a slot as long as it imports that itself.
TEST_P(Migration, AForgottenMarkHidesTheOwnerUntilItIsCleared) {
  Cluster cluster({.primaries = 3, .flavor = GetParam()});
  constexpr NodeIndex kThird{2};
  TestClient third(cluster, kThird);
  EXPECT_EQ(third("CLUSTER SETSLOT 3300 IMPORTING " + cluster.Node(kFirst).id), "+OK|");
  ASSERT_TRUE(cluster.MoveSlot(kTagSlot, kSecond).ok());
  cluster.Settle();
  EXPECT_EQ(third("GET {b}1"), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(third("CLUSTER SETSLOT 3300 STABLE"), "+OK|");
  cluster.Settle();
  EXPECT_EQ(third("GET {b}1"), "-MOVED 3300 127.0.0.1:7001|");
}

TEST_P(Migration, CountersTellOfIt) {
  ASSERT_TRUE(cluster_.MoveSlot(kTagSlot, kSecond).ok());
  EXPECT_EQ(cluster_.Calls(kSecond, "restore-asking"), 20u);
  EXPECT_EQ(cluster_.Calls(kFirst, "migrate"), 1u);
  EXPECT_EQ(cluster_.Calls(kFirst, "cluster|setslot"), 2u);
  EXPECT_THAT(TestClient(cluster_, kSecond)("INFO commandstats"),
              HasSubstr("cmdstat_restore-asking:calls=20,"));
  EXPECT_THAT(TestClient(cluster_, kFirst)("INFO server commandstats"),
              HasSubstr("cmdstat_cluster|setslot:calls=2,"));
}

TEST_P(Migration, AbortMovesKeysBackWithoutAnyEpoch) {
  uint64_t first_epoch = cluster_.Node(kFirst).config_epoch;
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_EQ(cluster_.MigrateKeys(kTagSlot, 7).value(), 7u);
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u) << "an open slot hides nothing from clients";
  ASSERT_TRUE(cluster_.AbortMigration(kTagSlot, AbortMode::kMoveBack).ok());
  EXPECT_EQ(cluster_.Node(kFirst).keys, 20u);
  EXPECT_EQ(cluster_.Node(kSecond).keys, 0u);
  EXPECT_EQ(cluster_.Node(kFirst).config_epoch, first_epoch);
  EXPECT_EQ(cluster_.Calls(kFirst, "restore-asking"), 7u) << "the only trace: keys that came back";
}

TEST_P(Migration, OrphansShowInScanAndNowhereElse) {
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_EQ(cluster_.MigrateKeys(kTagSlot, 1).value(), 1u);
  std::string key =
      cluster_.Node(kSecond).keys == 1 ? TestClient(cluster_, kSecond)("RANDOMKEY").substr(3) : "";
  key.pop_back();
  ASSERT_TRUE(cluster_.AbortMigration(kTagSlot, AbortMode::kLeaveOrphans).ok());
  TestClient second(cluster_, kSecond);
  EXPECT_EQ(second("CLUSTER COUNTKEYSINSLOT 3300"), ":1|");
  EXPECT_THAT(second("SCAN 0"), HasSubstr(key));
  EXPECT_EQ(second("GET " + key), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(TestClient(cluster_, kFirst)("GET " + key), "$-1|");
  EXPECT_EQ(cluster_.ReachableKeys().size(), 19u);
}

TEST_P(Migration, CopiesLeftBehindAreNotReachable) {
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_EQ(cluster_.MigrateKeys(kTagSlot, 5).value(), 5u);
  ASSERT_TRUE(cluster_.AbortMigration(kTagSlot, AbortMode::kLeaveCopies).ok());
  EXPECT_EQ(cluster_.Node(kFirst).keys, 20u);
  EXPECT_EQ(cluster_.Node(kSecond).keys, 5u);
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
}

TEST_P(Migration, KeysCannotGoBackWhileTheSourceMigrates) {
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_EQ(cluster_.MigrateKeys(kTagSlot, 20).value(), 20u);
  TestClient second(cluster_, kSecond);
  EXPECT_EQ(second("MIGRATE 127.0.0.1 7000 {b}1 0 1000"),
            "-ERR Target instance replied with error: ASK 3300 127.0.0.1:7001|");
  EXPECT_EQ(second("MIGRATE 127.0.0.1 7000 {b}nosuch 0 1000"), "+NOKEY|");
}

TEST_P(Migration, BusyKeyUnlessReplace) {
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_TRUE(cluster_.PutOn(kSecond, "{b}1", "other").ok());
  TestClient first(cluster_, kFirst);
  EXPECT_EQ(first("MIGRATE 127.0.0.1 7001 {b}1 0 1000"),
            "-ERR Target instance replied with error: BUSYKEY Target key name already exists.|");
  EXPECT_EQ(first("GET {b}1"), "$1|v|");
  EXPECT_EQ(first("MIGRATE 127.0.0.1 7001 {b}1 0 1000 COPY REPLACE"), "+OK|");
  EXPECT_EQ(first("GET {b}1"), "$1|v|") << "a copy stays";
  EXPECT_EQ(first("MIGRATE 127.0.0.1 7001 {b}1 0 1000 REPLACE"), "+OK|");
  EXPECT_EQ(first("GET {b}1"), "-ASK 3300 127.0.0.1:7001|");
}

TEST_P(Migration, ExpiryTravels) {
  TestClient first(cluster_, kFirst);
  first("PEXPIRE {b}1 5000");
  ASSERT_TRUE(cluster_.MoveSlot(kTagSlot, kSecond).ok());
  EXPECT_EQ(TestClient(cluster_, kSecond)("PTTL {b}1"), ":5000|");
}

TEST_P(Migration, SetSlotRefusals) {
  TestClient first(cluster_, kFirst);
  const std::string first_id = cluster_.Node(kFirst).id;
  const std::string second_id = cluster_.Node(kSecond).id;
  EXPECT_EQ(first("CLUSTER SETSLOT 9000 MIGRATING " + second_id),
            "-ERR I'm not the owner of hash slot 9000|");
  EXPECT_EQ(first("CLUSTER SETSLOT 3300 IMPORTING " + second_id),
            "-ERR I'm already the owner of hash slot 3300|");
  EXPECT_EQ(first("CLUSTER SETSLOT 3300 MIGRATING abc"), "-ERR I don't know about node abc|");
  EXPECT_EQ(first("CLUSTER SETSLOT 3300 NODE abc"), "-ERR Unknown node abc|");
  EXPECT_EQ(first("CLUSTER SETSLOT 3300 NODE " + second_id),
            "-ERR Can't assign hashslot 3300 to a different node while I still hold keys for this "
            "hash slot.|");
  EXPECT_EQ(first("CLUSTER SETSLOT 99999 STABLE"), "-ERR Invalid or out of range slot|");
  EXPECT_EQ(first("CLUSTER SETSLOT 3300 STABLE x"),
            "-ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP|");
  EXPECT_EQ(first("CLUSTER SETSLOT 3300 STABLE"), "+OK|");
}

TEST_P(Migration, WritesDuringTheWindowGoWhereTheServersPutThem) {
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_TRUE(cluster_.Put("{b}new", "1").ok());
  EXPECT_EQ(cluster_.Node(kSecond).keys, 1u) << "a new key is created at the destination";
  ASSERT_TRUE(cluster_.Put("{b}1", "2").ok());
  EXPECT_EQ(cluster_.Node(kFirst).keys, 20u) << "a present one stays at the source";
  EXPECT_TRUE(cluster_.Remove("{b}new"));
  EXPECT_FALSE(cluster_.Remove("{b}new"));
}

TEST_P(Migration, RestartOfTheDestinationKeepsTheMark) {
  ASSERT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_EQ(cluster_.MigrateKeys(kTagSlot, 5).value(), 5u);
  ASSERT_TRUE(cluster_.Restart(kSecond, RestartMode::kKeepData).ok());
  EXPECT_FALSE(cluster_.FinishMigration(kTagSlot).ok()) << "its cluster state is fail";
  cluster_.AdvanceTime(2000);
  ASSERT_TRUE(cluster_.FinishMigration(kTagSlot).ok());
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
}

TEST_P(Migration, RestartWithOrphans) {
  ASSERT_TRUE(cluster_.PutOn(kSecond, "{b}orphan", "1").ok());
  ASSERT_TRUE(cluster_.Restart(kSecond, RestartMode::kKeepData).ok());
  std::string nodes = TestClient(cluster_, kSecond)("CLUSTER NODES");
  if (GetParam() == Flavor::kRedis70) {
    EXPECT_THAT(nodes, HasSubstr("[3300-<-" + cluster_.Node(kFirst).id + "]"));
  } else {
    EXPECT_EQ(cluster_.Node(kSecond).keys, 0u);
  }
}

class AtomicMigration : public testing::Test {
 protected:
  AtomicMigration()
      : cluster_({.primaries = 2,
                  .replicas_per_primary = 1,
                  .flavor = Flavor::kValkey91,
                  .gossip = GossipMode::kManual}) {
    for (int key = 0; key < 20; ++key) {
      EXPECT_TRUE(cluster_.Put("{b}" + std::to_string(key), "v").ok());
    }
  }

  Cluster cluster_;
};

TEST_F(AtomicMigration, ImportedKeysAreHiddenUntilTheTakeover) {
  ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
  TestClient second(cluster_, kSecond);
  EXPECT_EQ(second("SCAN 0 COUNT 100"), "*2|$1|0|*0|");
  EXPECT_EQ(second("KEYS *"), "*0|");
  EXPECT_EQ(second("DBSIZE"), ":0|");
  EXPECT_EQ(second("CLUSTER COUNTKEYSINSLOT 3300"), ":20|");
  EXPECT_THAT(second("CLUSTER GETSLOTMIGRATIONS"), HasSubstr("IMPORT"));
  EXPECT_EQ(second("GET {b}1"), "-MOVED 3300 127.0.0.1:7000|");
  TestClient first(cluster_, kFirst);
  EXPECT_EQ(first("SET {b}new 1"), "+OK|");
  EXPECT_EQ(first("DEL {b}1"), ":1|");
  EXPECT_EQ(second("CLUSTER COUNTKEYSINSLOT 3300"), ":20|") << "the copy follows";
  ASSERT_TRUE(cluster_.FinishAtomicMigration(kTagSlot).ok());
  EXPECT_EQ(second("GET {b}new"), "$1|1|");
  EXPECT_EQ(second("DBSIZE"), ":20|");
  EXPECT_EQ(first("DBSIZE"), ":20|") << "both list them until the source has heard";
  cluster_.Settle();
  EXPECT_EQ(first("DBSIZE"), ":0|");
  EXPECT_EQ(first("GET {b}new"), "-MOVED 3300 127.0.0.1:7001|");
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
}

TEST_F(AtomicMigration, SourceLearnsBeforeItWrites) {
  ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
  ASSERT_TRUE(cluster_.FinishAtomicMigration(kTagSlot).ok());
  TestClient first(cluster_, kFirst);
  EXPECT_EQ(first("SET {b}1 lost"), "-MOVED 3300 127.0.0.1:7001|");
  EXPECT_EQ(cluster_.ReachableValue("{b}1"), "v");
}

TEST_F(AtomicMigration, SourceLearnsFromWhoeverReplacedTheDestination) {
  ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
  ASSERT_TRUE(cluster_.FinishAtomicMigration(kTagSlot).ok());
  const NodeIndex successor = cluster_.ReplicasOf(kSecond).front();
  ASSERT_TRUE(cluster_.Failover(successor, FailoverKind::kForced).ok());
  ASSERT_TRUE(cluster_.Restart(kSecond, RestartMode::kKeepData).ok());
  TestClient first(cluster_, kFirst);
  EXPECT_EQ(first("SET {b}1 lost"),
            absl::StrCat("-MOVED 3300 127.0.0.1:", cluster_.Node(successor).endpoint.port, "|"));
  EXPECT_EQ(cluster_.ReachableValue("{b}1"), "v");
}

TEST_F(AtomicMigration, AbortThrowsTheCopyAway) {
  ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
  EXPECT_FALSE(cluster_.BeginMigration(kTagSlot, kSecond).ok()) << "moving already";
  ASSERT_TRUE(cluster_.AbortAtomicMigration(kTagSlot).ok());
  EXPECT_EQ(TestClient(cluster_, kSecond)("CLUSTER COUNTKEYSINSLOT 3300"), ":0|");
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
}

TEST_F(AtomicMigration, ARefusedEventIsNoNews) {
  ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
  cluster_.Settle();
  EXPECT_FALSE(cluster_.UnassignSlot(kTagSlot).ok());
  const size_t lines = cluster_.event_log().size();
  cluster_.Gossip();
  EXPECT_EQ(cluster_.event_log().size(), lines) << "nobody has anything to tell";
}

TEST_F(AtomicMigration, EitherProcessEndingAborts) {
  for (NodeIndex node : {kFirst, kSecond}) {
    ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
    ASSERT_TRUE(cluster_.Restart(node, RestartMode::kKeepData).ok());
    cluster_.AdvanceTime(2000);
    EXPECT_TRUE(cluster_.ImportingSlots().empty());
    EXPECT_EQ(TestClient(cluster_, kSecond)("CLUSTER COUNTKEYSINSLOT 3300"), ":0|");
    EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
  }
}

TEST_F(AtomicMigration, TakeoverSurvivesAFailoverOfTheSourceThatHasNotHeard) {
  ASSERT_TRUE(cluster_.BeginAtomicMigration(kTagSlot, kSecond).ok());
  ASSERT_TRUE(cluster_.FinishAtomicMigration(kTagSlot).ok());
  NodeIndex replica = cluster_.ReplicasOf(kFirst).front();
  ASSERT_TRUE(cluster_.Failover(replica, FailoverKind::kForced).ok());
  cluster_.Settle();
  EXPECT_EQ(cluster_.OwnerOf(kTagSlot), kSecond);
  EXPECT_EQ(cluster_.ReachableKeys().size(), 20u);
}

}  // namespace
}  // namespace mockcluster
