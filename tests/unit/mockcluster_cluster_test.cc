#include <algorithm>

#include "tests/unit/mockcluster_helpers.h"

// What nodes know of each other: identities, epochs, views, roles.
namespace mockcluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Values;

class ClusterTest : public EachFlavor {};

INSTANTIATE_TEST_SUITE_P(Flavors, ClusterTest,
                         Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

std::string Nodes(Cluster& cluster, NodeIndex node) {
  return TestClient(cluster, node)("CLUSTER NODES");
}

TEST_P(ClusterTest, SlotsAreSpreadAsRedisCliDoes) {
  Cluster cluster({.primaries = 3, .replicas_per_primary = 1, .flavor = GetParam()});
  std::vector<NodeInfo> nodes = cluster.Nodes();
  ASSERT_EQ(nodes.size(), 6u);
  std::string expected = "*3|";
  const char* const kRanges[] = {":0|:5460|", ":5461|:10922|", ":10923|:16383|"};
  for (size_t index = 0; index < 3; ++index) {
    expected += "*4|" + std::string(kRanges[index]);
    for (size_t node : {index, index + 3}) {
      expected +=
          "*4|$9|127.0.0.1|:" + std::to_string(7000 + node) + "|$40|" + nodes[node].id + "|*0|";
    }
  }
  TestClient client(cluster, kThird);
  EXPECT_EQ(client("CLUSTER SLOTS"), expected);
}

TEST_P(ClusterTest, NodesLinesHaveTheServersFormat) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  std::vector<NodeInfo> nodes = cluster.Nodes();
  std::string text = Nodes(cluster, kFirst);
  EXPECT_THAT(text, HasSubstr(nodes[0].id +
                              " 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-8191|"));
  EXPECT_THAT(text, HasSubstr(nodes[1].id + " 127.0.0.1:7001@17001 master - 0 "));
  EXPECT_THAT(text, HasSubstr(" 2 connected 8192-16383|"));
  EXPECT_THAT(text, HasSubstr("127.0.0.1:7002@17002 slave " + nodes[0].id + " 0 "));
}

TEST_P(ClusterTest, MarksShowOnTheTwoNodesAlone) {
  Cluster cluster({.primaries = 3, .flavor = GetParam()});
  ASSERT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
  std::vector<NodeInfo> nodes = cluster.Nodes();
  EXPECT_THAT(Nodes(cluster, kFirst), HasSubstr(" 0-5460 [3300->-" + nodes[1].id + "]|"));
  EXPECT_THAT(Nodes(cluster, kSecond), HasSubstr(" 5461-10922 [3300-<-" + nodes[0].id + "]|"));
  EXPECT_THAT(Nodes(cluster, kThird), Not(HasSubstr("[")));
}

TEST_P(ClusterTest, RestartChangesTheProcessAlone) {
  ClusterOptions options = TwoPrimaries(GetParam());
  Cluster cluster(options);
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  TestClient before(cluster, kFirst);
  NodeInfo old = cluster.Node(kFirst);
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kKeepData).ok());
  NodeInfo now = cluster.Node(kFirst);
  EXPECT_EQ(now.id, old.id);
  EXPECT_EQ(now.endpoint, old.endpoint);
  EXPECT_EQ(now.config_epoch, old.config_epoch);
  EXPECT_NE(now.run_id, old.run_id);
  EXPECT_EQ(cluster.OwnerOf(kTagSlot), kFirst);
  EXPECT_EQ(before("PING"), "(closed)");
  TestClient client(cluster, kFirst);
  EXPECT_THAT(client("INFO server"), HasSubstr("run_id:" + now.run_id));
  EXPECT_EQ(client("GET {b}k"), "-CLUSTERDOWN The cluster is down|");
  EXPECT_EQ(client("SCAN 0"), "*2|$1|0|*1|$4|{b}k|");
  cluster.AdvanceTime(options.rejoin_delay_ms);
  EXPECT_EQ(client("GET {b}k"), "$1|1|");
}

TEST_P(ClusterTest, RestartModes) {
  Cluster cluster(TwoPrimaries(GetParam()));
  ASSERT_TRUE(cluster.Put("{b}saved", "1").ok());
  ASSERT_TRUE(cluster.Save(kFirst).ok());
  ASSERT_TRUE(cluster.Put("{b}later", "1").ok());
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kLastSave).ok());
  EXPECT_EQ(TestClient(cluster, kFirst)("KEYS *"), "*1|$8|{b}saved|");
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kEmpty).ok());
  EXPECT_EQ(TestClient(cluster, kFirst)("DBSIZE"), ":0|");
}

TEST_P(ClusterTest, SecondImportChangesNoEpoch) {
  Cluster cluster(TwoPrimaries(GetParam()));
  ASSERT_TRUE(cluster.MoveSlot(1, kSecond).ok());
  uint64_t epoch = cluster.Node(kSecond).config_epoch;
  ASSERT_TRUE(cluster.MoveSlot(2, kSecond).ok());
  EXPECT_EQ(cluster.Node(kSecond).config_epoch, epoch) << "it has the greatest already";
  ASSERT_TRUE(cluster.MoveSlot(16000, kFirst).ok());
  EXPECT_EQ(cluster.Node(kFirst).config_epoch, epoch + 1);
  EXPECT_EQ(cluster.Node(kSecond).config_epoch, epoch) << "losing a slot changes nothing";
}

TEST_P(ClusterTest, GracefulFailoverSwapsRoles) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  NodeIndex replica = cluster.ReplicasOf(kFirst).front();
  NodeInfo old = cluster.Node(replica);
  TestClient client(cluster, replica);
  EXPECT_EQ(client("CLUSTER FAILOVER"), "+OK|");
  EXPECT_EQ(cluster.OwnerOf(kTagSlot), replica);
  EXPECT_EQ(cluster.Node(kFirst).primary, replica);
  EXPECT_EQ(cluster.Node(replica).config_epoch, 3u);
  EXPECT_EQ(cluster.Node(replica).run_id, old.run_id);
  EXPECT_EQ(client("GET {b}k"), "$1|1|");
  EXPECT_EQ(TestClient(cluster, kFirst)("GET {b}k"), "-MOVED 3300 127.0.0.1:7002|");
  EXPECT_EQ(TestClient(cluster, kFirst)("SCAN 0"), "*2|$1|0|*1|$4|{b}k|") << "SCAN goes on";
}

TEST_P(ClusterTest, ForcedFailoverLosesWhatWasHeldBack) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  NodeIndex replica = cluster.ReplicasOf(kFirst).front();
  ASSERT_TRUE(cluster.Put("{b}old", "1").ok());
  ASSERT_TRUE(cluster.SetReplicationPaused(replica, true).ok());
  ASSERT_TRUE(cluster.Put("{b}new", "1").ok());
  ASSERT_TRUE(cluster.Failover(replica, FailoverKind::kForced).ok());
  EXPECT_FALSE(cluster.Node(kFirst).alive);
  EXPECT_TRUE(cluster.ReachableValue("{b}old").has_value());
  EXPECT_FALSE(cluster.ReachableValue("{b}new").has_value());
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kKeepData).ok());
  EXPECT_EQ(cluster.Node(kFirst).primary, replica);
  EXPECT_EQ(TestClient(cluster, kFirst)("KEYS *"), "*1|$6|{b}old|");
}

TEST_P(ClusterTest, AReplacedPrimaryComesBackAsAReplicaThatServes) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  NodeIndex replica = cluster.ReplicasOf(kFirst).front();
  ASSERT_TRUE(cluster.Failover(replica, FailoverKind::kForced).ok());
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kKeepData).ok());
  TestClient client(cluster, kFirst);
  EXPECT_EQ(client("READONLY"), "+OK|");
  EXPECT_EQ(client("GET {b}k"), "$1|1|");
}

TEST_P(ClusterTest, AHardResetIsAnotherNodeInTheSameProcess) {
  Cluster cluster(TwoPrimaries(GetParam()));
  const NodeIndex old = cluster.AddNode().value();
  const NodeInfo before = cluster.Node(old);
  TestClient client(cluster, old);
  EXPECT_EQ(client("MULTI"), "+OK|");
  EXPECT_EQ(client("CLUSTER RESET HARD"), "+QUEUED|");
  EXPECT_EQ(client("CLUSTER MYID"), "+QUEUED|");
  const std::string reply = client("EXEC");
  const NodeIndex now = cluster.FindNode(before.endpoint).value();
  const NodeInfo after = cluster.Node(now);
  EXPECT_EQ(reply, "*2|+OK|$40|" + after.id + "|");
  EXPECT_NE(now, old);
  EXPECT_NE(after.id, before.id);
  EXPECT_EQ(after.run_id, before.run_id);
  EXPECT_FALSE(cluster.Node(old).alive);
  EXPECT_FALSE(cluster.Node(old).member);
}

TEST_P(ClusterTest, AResetNodeIsAStrangerUntilItMeetsSomebody) {
  Cluster cluster(TwoPrimaries(GetParam()));
  const NodeIndex third = cluster.AddNode().value();
  const NodeInfo info = cluster.Node(third);
  TestClient client(cluster, third);
  TestClient first(cluster, kFirst);
  TestClient second(cluster, kSecond);
  EXPECT_EQ(client("CLUSTER RESET"), "+OK|");
  cluster.Settle();
  EXPECT_EQ(client("CLUSTER SLOTS"), "*0|");
  EXPECT_EQ(client("GET {b}k"), "-CLUSTERDOWN Hash slot not served|");
  EXPECT_EQ(client("CLUSTER MYID"), "$40|" + info.id + "|");
  const std::string port = std::to_string(info.endpoint.port);
  EXPECT_EQ(first("CLUSTER MEET 127.0.0.1 " + port), "+OK|");
  cluster.Settle();
  EXPECT_EQ(client("CLUSTER SLOTS"), second("CLUSTER SLOTS"));
  EXPECT_EQ(client("GET {b}k"), "-MOVED 3300 127.0.0.1:7000|");
}

ClusterOptions WithReplicas(Flavor flavor) {
  ClusterOptions options = TwoPrimaries(flavor);
  options.replicas_per_primary = 1;
  return options;
}

// The only key of slot 3300 has moved from the first to the second primary, the slot has not, and
// `primary` fails over. The new primary.
NodeIndex FailOverWithAnOpenSlot(Cluster& cluster, NodeIndex primary) {
  EXPECT_TRUE(cluster.Put("{b}k", "1").ok());
  EXPECT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
  EXPECT_EQ(cluster.MigrateKeys(kTagSlot, 10).value(), 1u);
  const NodeIndex replica = cluster.ReplicasOf(primary).front();
  EXPECT_TRUE(cluster.Failover(replica, FailoverKind::kGraceful).ok());
  return replica;
}

TEST_P(ClusterTest, FailoverOfAMigratingSource) {
  Cluster cluster(WithReplicas(GetParam()));
  const NodeIndex replica = FailOverWithAnOpenSlot(cluster, kFirst);
  TestClient client(cluster, replica);
  if (GetParam() == Flavor::kRedis70) {
    EXPECT_EQ(client("GET {b}k"), "$-1|") << "the mark is lost, the key out of reach";
    EXPECT_TRUE(cluster.OpenSlots().empty());
  } else {
    EXPECT_EQ(client("GET {b}k"), "-ASK 3300 127.0.0.1:7001|");
    EXPECT_TRUE(cluster.FinishMigration(kTagSlot).ok());
    EXPECT_TRUE(cluster.ReachableValue("{b}k").has_value());
  }
}

TEST_P(ClusterTest, FailoverOfADestination) {
  Cluster cluster(WithReplicas(GetParam()));
  FailOverWithAnOpenSlot(cluster, kSecond);
  TestClient source(cluster, kFirst);
  if (GetParam() == Flavor::kRedis70) {
    EXPECT_EQ(source("GET {b}k"), "-ASK 3300 127.0.0.1:7001|") << "still the demoted node";
  } else {
    EXPECT_EQ(source("GET {b}k"), "-ASK 3300 127.0.0.1:7003|");
    EXPECT_EQ(cluster.OpenSlots(), std::vector<atestore::Slot>{kTagSlot});
    EXPECT_TRUE(cluster.ReachableValue("{b}k").has_value());
  }
}

// A server runs no cluster cron while it loads, and answers LOADING to CLUSTER FAILOVER.
TEST_P(ClusterTest, AReplicaIsNotElectedWhileItLoads) {
  ClusterOptions options = WithReplicas(GetParam());
  options.primaries = 3;
  options.node_timeout_ms = 1000;
  Cluster cluster(options);
  const NodeIndex loading = cluster.ReplicasOf(kFirst).at(0);
  ASSERT_TRUE(cluster.Reload(loading, 10'000).ok());
  EXPECT_FALSE(cluster.Failover(loading, FailoverKind::kGraceful).ok());
  EXPECT_FALSE(cluster.Failover(loading, FailoverKind::kForced).ok());
  ASSERT_TRUE(cluster.Kill(kFirst).ok());
  cluster.AdvanceTime(5'000);
  EXPECT_EQ(cluster.Node(loading).primary, kFirst);
  cluster.AdvanceTime(10'000);
  EXPECT_EQ(cluster.Node(loading).primary, std::nullopt);
}

TEST_P(ClusterTest, PrimaryWithoutSlotsTurnsReplica) {
  Cluster cluster({.primaries = 2, .flavor = GetParam()});
  NodeIndex third = cluster.AddNode().value();
  ASSERT_TRUE(cluster.MoveSlot(5, third).ok());
  ASSERT_TRUE(cluster.MoveSlot(5, kFirst).ok());
  EXPECT_EQ(cluster.Node(third).primary, kFirst);
}

TEST_P(ClusterTest, ViewsAreStaleUntilNewsArrive) {
  ClusterOptions options{.primaries = 3, .flavor = GetParam(), .gossip = GossipMode::kManual};
  Cluster cluster(options);
  ASSERT_TRUE(cluster.MoveSlot(kTagSlot, kSecond).ok());
  TestClient third(cluster, kThird);
  EXPECT_EQ(third("GET {b}"), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(TestClient(cluster, kFirst)("GET {b}"), "-MOVED 3300 127.0.0.1:7001|");
  for (int news = 0; news < 20; ++news) cluster.Gossip();
  EXPECT_EQ(third("GET {b}"), "-MOVED 3300 127.0.0.1:7001|");
}

TEST_P(ClusterTest, IsolatedPrimaryAnswersUntilItNotices) {
  ClusterOptions options{.primaries = 3,
                         .replicas_per_primary = 1,
                         .flavor = GetParam(),
                         .gossip = GossipMode::kManual};
  Cluster cluster(options);
  NodeIndex replica = cluster.ReplicasOf(kFirst).front();
  ASSERT_TRUE(cluster.SetIsolated(kFirst, true).ok());
  TestClient old_primary(cluster, kFirst);
  EXPECT_EQ(old_primary("SET {b}lost 1"), "+OK|");
  cluster.Settle();
  EXPECT_EQ(old_primary("SET {b}lost 1"), "-CLUSTERDOWN The cluster is down|");
  TestClient promoted(cluster, replica);
  EXPECT_EQ(promoted("CLUSTER FAILOVER"),
            "-ERR Master is down or failed, please use CLUSTER FAILOVER FORCE|");
  EXPECT_EQ(promoted("CLUSTER FAILOVER FORCE"), "+OK|");
  ASSERT_TRUE(cluster.SetIsolated(kFirst, false).ok());
  cluster.Settle();
  EXPECT_EQ(cluster.Node(kFirst).primary, replica);
  EXPECT_FALSE(cluster.ReachableValue("{b}lost").has_value());
}

TEST_P(ClusterTest, AnotherNodeAtTheAddressOfADeadOne) {
  Cluster cluster(TwoPrimaries(GetParam()));
  NodeInfo dead = cluster.Node(kSecond);
  ASSERT_TRUE(cluster.Kill(kSecond).ok());
  EXPECT_FALSE(cluster.Connect(dead.endpoint).ok());
  NodeIndex fresh = cluster.ReplaceAtAddress(kSecond).value();
  EXPECT_EQ(cluster.Node(fresh).endpoint, dead.endpoint);
  EXPECT_NE(cluster.Node(fresh).id, dead.id);
  EXPECT_EQ(cluster.FindNode(dead.endpoint), fresh);
}

TEST_P(ClusterTest, JoinAndLeave) {
  Cluster cluster(TwoPrimaries(GetParam()));
  NodeIndex third = cluster.AddNode().value();
  EXPECT_EQ(cluster.Node(third).endpoint.port, 7002);
  EXPECT_EQ(TestClient(cluster, third)("GET {b}"), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_FALSE(cluster.RemoveNode(kFirst).ok()) << "it has slots";
  ASSERT_TRUE(cluster.RemoveNode(third).ok());
  EXPECT_THAT(Nodes(cluster, kFirst), Not(HasSubstr(":7002")));
}

TEST_P(ClusterTest, LoadingAnswersByTheFlavoursRules) {
  Cluster cluster(TwoPrimaries(GetParam()));
  ASSERT_TRUE(cluster.SetLoading(kFirst, 100).ok());
  TestClient client(cluster, kFirst);
  const std::string loading = GetParam() == Flavor::kRedis70
                                  ? "-LOADING Redis is loading the dataset in memory|"
                                  : "-LOADING Valkey is loading the dataset in memory|";
  EXPECT_EQ(client("SCAN 0"), loading);
  EXPECT_EQ(client("GET {b}"), loading);
  EXPECT_EQ(client("PING"), loading);
  EXPECT_THAT(client("INFO persistence"), HasSubstr("loading:1"));
  EXPECT_EQ(client("CLUSTER MYID") == loading, GetParam() == Flavor::kRedis70);
  client("MULTI");
  EXPECT_EQ(client("GET {b}"), loading);
  EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
  cluster.AdvanceTime(100);
  EXPECT_EQ(client("GET {b}"), "$-1|");
}

}  // namespace
}  // namespace mockcluster
