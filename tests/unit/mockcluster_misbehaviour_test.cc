#include "tests/unit/mockcluster_helpers.h"

// Clusters that do not behave, as real ones were seen to; tests/differential compares with them.
namespace mockcluster {
namespace {

using ::testing::StartsWith;
using ::testing::Values;

class Misbehaviour : public EachFlavor {
 protected:
  static ClusterOptions WithReplicas() {
    return {.primaries = 3, .replicas_per_primary = 1, .flavor = GetParam(), .seed = 11};
  }
  static NodeIndex ReplicaOf(Cluster& cluster, NodeIndex primary) {
    return cluster.ReplicasOf(primary).front();
  }
  // {b}moved is on the second node, {b}here still on the first.
  static void MigrateHalf(Cluster& cluster) {
    ASSERT_TRUE(cluster.Put("{b}moved", "1").ok());
    ASSERT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
    ASSERT_TRUE(cluster.MigrateKeys(kTagSlot, 1).ok());
    TestClient source(cluster, kFirst);
    ASSERT_EQ(source("SET {b}new 3"), "-ASK 3300 127.0.0.1:7001|");
    ASSERT_TRUE(cluster.PutOn(kFirst, "{b}here", "2").ok());
  }
};

INSTANTIATE_TEST_SUITE_P(Flavors, Misbehaviour,
                         Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(Misbehaviour, ADemotedDestinationAndItsSourceSendClientsInACircle) {
  Cluster cluster(WithReplicas());
  MigrateHalf(cluster);
  ASSERT_TRUE(cluster.SetDeaf(kFirst, true).ok());
  const NodeIndex heir = ReplicaOf(cluster, kSecond);
  ASSERT_TRUE(cluster.Failover(heir, FailoverKind::kGraceful).ok());
  TestClient source(cluster, kFirst);
  TestClient demoted(cluster, kSecond);
  EXPECT_EQ(source("GET {b}moved"), "-ASK 3300 127.0.0.1:7001|");
  demoted("ASKING");
  EXPECT_EQ(demoted("GET {b}moved"), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(cluster.StateOf("{b}moved").truth, KeyTruth::kUnreachable);
  EXPECT_EQ(cluster.StateOf("{b}never").truth, KeyTruth::kUnreachable) << "it might be there";
  EXPECT_EQ(cluster.StateOf("{b}here").truth, KeyTruth::kReadable);
  EXPECT_FALSE(cluster.Put("{b}moved", "x").ok());

  ASSERT_TRUE(cluster.SetDeaf(kFirst, false).ok());
  const bool follows = GetParam() != Flavor::kRedis70;
  EXPECT_EQ(source("GET {b}moved"),
            follows ? "-ASK 3300 127.0.0.1:7004|" : "-ASK 3300 127.0.0.1:7001|");
  EXPECT_EQ(cluster.StateOf("{b}moved").truth,
            follows ? KeyTruth::kReadable : KeyTruth::kUnreachable);
  if (follows) return;
  // What an operator does there: the marks once more, on the new primary first.
  TestClient repaired(cluster, heir);
  EXPECT_EQ(repaired("CLUSTER SETSLOT 3300 IMPORTING " + cluster.Node(kFirst).id), "+OK|");
  EXPECT_EQ(source("CLUSTER SETSLOT 3300 MIGRATING " + cluster.Node(heir).id), "+OK|");
  EXPECT_EQ(cluster.StateOf("{b}moved").value, "1");
  EXPECT_TRUE(cluster.FinishMigration(kTagSlot).ok());
  EXPECT_EQ(cluster.StateOf("{b}moved").value, "1");
}

TEST_P(Misbehaviour, AClientGetsNilWhereTheMarkOrTheKeysAreLost) {
  Cluster aborted(WithReplicas());
  MigrateHalf(aborted);
  ASSERT_TRUE(aborted.AbortMigration(kTagSlot, AbortMode::kLeaveOrphans).ok());
  EXPECT_EQ(aborted.StateOf("{b}moved").truth, KeyTruth::kAbsent);

  Cluster handed_over(WithReplicas());
  MigrateHalf(handed_over);
  const NodeIndex heir = ReplicaOf(handed_over, kFirst);
  ASSERT_TRUE(handed_over.Failover(heir, FailoverKind::kGraceful).ok());
  EXPECT_EQ(handed_over.StateOf("{b}moved").truth,
            GetParam() == Flavor::kRedis70 ? KeyTruth::kAbsent : KeyTruth::kReadable);
}

TEST_P(Misbehaviour, AnErrorIsNotAbsence) {
  Cluster cluster(WithReplicas());
  MigrateHalf(cluster);
  ASSERT_TRUE(cluster.SetLoading(kSecond, 100).ok());
  EXPECT_EQ(cluster.StateOf("{b}moved").truth, KeyTruth::kUnreachable);
  EXPECT_EQ(cluster.StateOf("{b}here").truth, KeyTruth::kReadable);
  cluster.AdvanceTime(100);
  EXPECT_EQ(cluster.StateOf("{b}moved").value, "1");
  EXPECT_EQ(cluster.StateOf("{b}never").truth, KeyTruth::kAbsent);
  ASSERT_TRUE(cluster.SetClusterDown(kFirst, 100).ok());
  EXPECT_EQ(cluster.StateOf("{b}here").truth, KeyTruth::kUnreachable);
  ASSERT_TRUE(cluster.SetClusterDown(kFirst, 0).ok());
  ASSERT_TRUE(cluster.Kill(kSecond).ok());
  EXPECT_EQ(cluster.StateOf("{b}moved").truth, KeyTruth::kUnreachable);
  ASSERT_TRUE(cluster.UnassignSlot(kTagSlot).ok());
  EXPECT_EQ(cluster.StateOf("{b}here").truth, KeyTruth::kUnreachable);
}

TEST(MixedVersions, EachNodeHasTheTablesAndTheRulesOfItsServer) {
  Cluster cluster({.primaries = 2, .replicas_per_primary = 1, .flavor = Flavor::kValkey80});
  for (int key = 0; key < 100; ++key) {
    ASSERT_TRUE(cluster.Put("k" + std::to_string(key), std::to_string(key)).ok());
  }
  const NodeInfo before = cluster.Node(kFirst);
  ASSERT_TRUE(cluster.RestartAs(kFirst, Flavor::kRedis70).ok());
  cluster.AdvanceTime(2000);
  EXPECT_EQ(cluster.Node(kFirst).keys, before.keys);
  EXPECT_EQ(cluster.Node(kFirst).id, before.id);
  EXPECT_NE(cluster.Node(kFirst).run_id, before.run_id);
  EXPECT_EQ(cluster.Node(kFirst).flavor, Flavor::kRedis70);
  TestClient first(cluster, kFirst);
  TestClient second(cluster, kSecond);
  EXPECT_THAT(first("INFO server"), ::testing::HasSubstr("redis_version:7.0.15"));
  EXPECT_THAT(second("INFO server"), ::testing::HasSubstr("valkey_version:8.0.1"));
  // A number of a slot is a place in hash order there: the cursor goes on below it.
  EXPECT_EQ(first("CLUSTER MYSHARDID"), "-ERR unknown subcommand 'MYSHARDID'. Try CLUSTER HELP.|");
  EXPECT_EQ(first("SCAN -1 COUNT 1").substr(0, 2), "*2") << "read by strtoul";
  EXPECT_EQ(second("SCAN -1"), "-ERR invalid cursor|");
  // A full synchronisation between servers of two kinds.
  const NodeIndex replica = cluster.ReplicasOf(kFirst).front();
  EXPECT_EQ(cluster.Node(replica).keys, before.keys);
  ASSERT_TRUE(cluster.RestartAs(kFirst, Flavor::kValkey91).ok());
  cluster.AdvanceTime(2000);
  EXPECT_EQ(cluster.ReachableKeys().size(), 100u);
}

TEST(MixedVersions, MarksFollowOnlyWhereBothServersKnowOfIt) {
  for (Flavor replica_flavor : {Flavor::kRedis70, Flavor::kValkey80}) {
    Cluster cluster({.primaries = 2, .replicas_per_primary = 1, .flavor = Flavor::kValkey80});
    const NodeIndex replica = cluster.ReplicasOf(kFirst).front();
    ASSERT_TRUE(cluster.RestartAs(replica, replica_flavor).ok());
    ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
    ASSERT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
    ASSERT_TRUE(cluster.MigrateKeys(kTagSlot, 1).ok());
    ASSERT_TRUE(cluster.Failover(replica, FailoverKind::kGraceful).ok());
    EXPECT_EQ(cluster.StateOf("{b}k").truth,
              replica_flavor == Flavor::kRedis70 ? KeyTruth::kAbsent : KeyTruth::kReadable);
  }
}

TEST_P(Misbehaviour, APrimaryOfTheMinorityAnswersReadsForEverIfAllowed) {
  Cluster cluster(WithReplicas());
  ASSERT_TRUE(cluster.Put("{b}k", "old").ok());
  ASSERT_TRUE(cluster.Configure(kFirst, {.allow_reads_when_down = true}).ok());
  const NodeIndex heir = ReplicaOf(cluster, kFirst);
  ASSERT_TRUE(cluster.SetIsolated(kFirst, true).ok());
  ASSERT_TRUE(cluster.Failover(heir, FailoverKind::kPartition).ok());
  ASSERT_TRUE(cluster.Put("{b}k", "new").ok());
  cluster.AdvanceTime(1'000'000);
  TestClient minority(cluster, kFirst);
  EXPECT_EQ(minority("GET {b}k"), "$3|old|");
  EXPECT_EQ(minority("GET {b}never"), "$-1|");
  EXPECT_THAT(minority("CLUSTER INFO"), ::testing::HasSubstr("cluster_state:fail"));
  EXPECT_EQ(minority("SET {b}k x"),
            "-CLUSTERDOWN The cluster is down and only accepts read commands|");
  EXPECT_EQ(cluster.StateOf("{b}k").value, "new");
  EXPECT_EQ(minority("CONFIG SET cluster-allow-reads-when-down no"), "+OK|");
  EXPECT_EQ(minority("GET {b}k"), "-CLUSTERDOWN The cluster is down|");
  ASSERT_TRUE(cluster.SetIsolated(kFirst, false).ok());
  EXPECT_EQ(minority("GET {b}k"), "-MOVED 3300 127.0.0.1:7003|");
  EXPECT_EQ(cluster.Node(kFirst).primary, heir);
}

// It cannot count on a majority whose answers it does not get.
TEST_P(Misbehaviour, AReplacedPrimaryStaysDownWhileItHearsNothing) {
  for (GossipMode gossip : {GossipMode::kImmediate, GossipMode::kManual}) {
    Cluster cluster(
        {.primaries = 3, .replicas_per_primary = 1, .flavor = GetParam(), .gossip = gossip});
    ASSERT_TRUE(cluster.Put("{b}k", "old").ok());
    const NodeIndex heir = ReplicaOf(cluster, kFirst);
    ASSERT_TRUE(cluster.SetDeaf(kFirst, true).ok());
    ASSERT_TRUE(cluster.SetIsolated(kFirst, true).ok());
    ASSERT_TRUE(cluster.Failover(heir, FailoverKind::kPartition).ok());
    ASSERT_TRUE(cluster.SetIsolated(kFirst, false).ok());
    cluster.AdvanceTime(1'000'000);
    cluster.Settle();
    TestClient replaced(cluster, kFirst);
    EXPECT_EQ(replaced("GET {b}k"), "-CLUSTERDOWN The cluster is down|");
    cluster.SetDeaf(kFirst, false).IgnoreError();
    cluster.Settle();
    EXPECT_EQ(replaced("GET {b}k"), "-MOVED 3300 127.0.0.1:7003|");
  }
}

// It would claim slots that others took since, and no vote reaches it.
TEST_P(Misbehaviour, ADeafReplicaIsNotElected) {
  ClusterOptions options = WithReplicas();
  options.node_timeout_ms = 1000;
  Cluster cluster(options);
  const NodeIndex deaf = ReplicaOf(cluster, kFirst);
  ASSERT_TRUE(cluster.SetDeaf(deaf, true).ok());
  ASSERT_TRUE(cluster.MoveSlot(kTagSlot, kSecond).ok());
  EXPECT_FALSE(cluster.Failover(deaf, FailoverKind::kGraceful).ok());
  EXPECT_FALSE(cluster.Failover(deaf, FailoverKind::kForced).ok());
  EXPECT_EQ(TestClient(cluster, deaf)("CLUSTER FAILOVER FORCE"), "+OK|");
  ASSERT_TRUE(cluster.Kill(kFirst).ok());
  cluster.AdvanceTime(10'000);
  EXPECT_EQ(cluster.Node(deaf).primary, kFirst);
  ASSERT_TRUE(cluster.SetDeaf(deaf, false).ok());
  cluster.AdvanceTime(10'000);
  EXPECT_EQ(cluster.Node(deaf).primary, std::nullopt);
  EXPECT_EQ(cluster.OwnerOf(kTagSlot), kSecond);
}

TEST_P(Misbehaviour, OneClientTooManyIsToldSo) {
  Cluster cluster({.primaries = 2, .flavor = GetParam()});
  TestClient client(cluster, kFirst);
  EXPECT_EQ(client("CONFIG SET maxclients 3"), "+OK|");
  ClientId refused = cluster.Connect(cluster.Node(kFirst).endpoint).value();
  std::string replies;
  EXPECT_EQ(cluster.Feed(refused, "AUTH x\r\nPING\r\n", &replies), Delivery::kClosed);
  EXPECT_EQ(TestClient::Visible(replies),
            "-ERR max number of clients + cluster connections reached|");
  EXPECT_FALSE(cluster.IsOpen(refused));
  EXPECT_EQ(client("CONFIG SET maxclients 4"), "+OK|");
  EXPECT_EQ(TestClient(cluster, kFirst)("PING"), "+PONG|");
}

TEST_P(Misbehaviour, AReloadingSourceAsksForKeysThatItHolds) {
  Cluster cluster(WithReplicas());
  MigrateHalf(cluster);
  for (int key = 0; key < 40; ++key) {
    ASSERT_TRUE(cluster.PutOn(kFirst, "{b}" + std::to_string(key), "v").ok());
  }
  const std::string run_id = cluster.Node(kFirst).run_id;
  ASSERT_TRUE(cluster.Reload(kFirst, 100).ok());
  TestClient source(cluster, kFirst);
  int asked = 0;
  int loading = 0;
  for (int key = 0; key < 40; ++key) {
    const std::string name = "{b}" + std::to_string(key);
    const std::string reply = source("GET " + name);
    asked += reply == "-ASK 3300 127.0.0.1:7001|" ? 1 : 0;
    loading += reply.starts_with("-LOADING") ? 1 : 0;
    EXPECT_EQ(cluster.StateOf(name).truth, KeyTruth::kUnreachable);
  }
  EXPECT_GT(asked, 5);
  EXPECT_GT(loading, 5);
  EXPECT_EQ(asked + loading, 40);
  EXPECT_THAT(source("INFO persistence"), ::testing::HasSubstr("loading:1"));
  EXPECT_EQ(source("SCAN 0").substr(0, 8), "-LOADING");
  EXPECT_EQ(cluster.Calls(kFirst, "cluster|setslot"), 1u);
  cluster.AdvanceTime(100);
  EXPECT_EQ(source("GET {b}7"), "$1|v|");
  EXPECT_EQ(cluster.Node(kFirst).run_id, run_id);
  EXPECT_THAT(source("INFO persistence"), ::testing::HasSubstr("loading:0"));
}

TEST_P(Misbehaviour, AReloadEndsBeforeItsDataChange) {
  Cluster cluster(WithReplicas());
  for (int key = 0; key < 40; ++key) {
    ASSERT_TRUE(cluster.Put("{b}" + std::to_string(key), "v").ok());
  }
  ASSERT_TRUE(cluster.Reload(kFirst, 100).ok());
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kKeepData).ok());
  EXPECT_EQ(cluster.ReachableKeys().size(), 40u);
  const NodeIndex replica = ReplicaOf(cluster, kFirst);
  ASSERT_TRUE(cluster.Reload(replica, 100).ok());
  ASSERT_TRUE(cluster.Put("{b}new", "v").ok());
  EXPECT_EQ(cluster.Node(replica).keys, 41u);
  ASSERT_TRUE(cluster.Reload(kFirst, 100).ok());
  ASSERT_TRUE(cluster.Failover(replica, FailoverKind::kForced).ok());
  EXPECT_EQ(cluster.ReachableKeys().size(), 41u);
}

TEST_P(Misbehaviour, AHungNodeAnswersWhenItGoesOn) {
  Cluster cluster(WithReplicas());
  TestClient before(cluster, kFirst);
  ASSERT_TRUE(cluster.SetHung(kFirst, true).ok());
  std::string replies;
  EXPECT_EQ(cluster.Feed(before.id(), "SET {b}k 1\r\nGET {b}k\r\nGE", &replies), Delivery::kSilent);
  absl::StatusOr<ClientId> meanwhile = cluster.Connect(cluster.Node(kFirst).endpoint);
  ASSERT_TRUE(meanwhile.ok()) << "connections are accepted";
  EXPECT_EQ(cluster.Feed(*meanwhile, "PING\r\n", &replies), Delivery::kSilent);
  EXPECT_EQ(replies, "");
  EXPECT_EQ(cluster.StateOf("{b}k").truth, KeyTruth::kUnreachable);
  EXPECT_TRUE(cluster.IsOpen(before.id()));
  ASSERT_TRUE(cluster.SetHung(kFirst, false).ok());
  EXPECT_EQ(cluster.Feed(before.id(), "T {b}k\r\n", &replies), Delivery::kReplied);
  EXPECT_EQ(TestClient::Visible(replies), "+OK|$1|1|$1|1|");
  replies.clear();
  EXPECT_EQ(cluster.Feed(*meanwhile, "", &replies), Delivery::kReplied);
  EXPECT_EQ(replies, "+PONG\r\n");
}

// Three primaries whose failures are noticed after a second.
ClusterOptions WithTimeout(Flavor flavor, size_t replicas) {
  return {.primaries = 3,
          .replicas_per_primary = replicas,
          .flavor = flavor,
          .seed = 3,
          .node_timeout_ms = 1000};
}

TEST_P(Misbehaviour, ADeathTakesTimeUntilAReplicaTakesOver) {
  Cluster cluster(WithTimeout(GetParam(), 1));
  ASSERT_TRUE(cluster.Put("{b}k", "v").ok());
  const NodeIndex replica = ReplicaOf(cluster, kFirst);
  TestClient other(cluster, kSecond);
  TestClient heir(cluster, replica);
  ASSERT_TRUE(cluster.Kill(kFirst).ok());
  EXPECT_FALSE(cluster.Connect(cluster.Node(kFirst).endpoint).ok());
  cluster.AdvanceTime(999);
  EXPECT_THAT(other("GET {b}k"), StartsWith("-MOVED ")) << "nobody has noticed";
  cluster.AdvanceTime(1);
  EXPECT_THAT(other("GET {b}k"), StartsWith("-CLUSTERDOWN"));
  EXPECT_THAT(heir("GET {b}k"), StartsWith("-CLUSTERDOWN"));
  cluster.AdvanceTime(499);
  EXPECT_EQ(cluster.Node(replica).primary, kFirst);
  cluster.AdvanceTime(1);
  EXPECT_EQ(heir("GET {b}k"), "$1|v|");
  EXPECT_THAT(other("GET {b}k"), StartsWith("-MOVED ")) << "to the replica";
  // The old primary comes back as a replica.
  ASSERT_TRUE(cluster.Restart(kFirst, RestartMode::kKeepData).ok());
  EXPECT_EQ(cluster.Node(kFirst).primary, replica);
}

TEST_P(Misbehaviour, AHungPrimaryIsReplacedAndFollows) {
  Cluster cluster(WithTimeout(GetParam(), 1));
  ASSERT_TRUE(cluster.Put("{b}k", "v").ok());
  ASSERT_TRUE(cluster.SetHung(kFirst, true).ok());
  cluster.AdvanceTime(900);
  ASSERT_TRUE(cluster.SetHung(kFirst, false).ok());
  cluster.AdvanceTime(1000);
  EXPECT_FALSE(cluster.Node(kFirst).primary) << "it was back in time";
  ASSERT_TRUE(cluster.SetHung(kFirst, true).ok());
  cluster.AdvanceTime(1500);
  EXPECT_EQ(TestClient(cluster, NodeIndex{3})("GET {b}k"), "$1|v|");
  ASSERT_TRUE(cluster.SetHung(kFirst, false).ok());
  EXPECT_EQ(cluster.Node(kFirst).primary, NodeIndex{3});
}

TEST_P(Misbehaviour, NobodyTakesOverWithoutAMajority) {
  Cluster cluster(WithTimeout(GetParam(), 1));
  ASSERT_TRUE(cluster.Kill(kFirst).ok());
  ASSERT_TRUE(cluster.Kill(kSecond).ok());
  cluster.AdvanceTime(10'000);
  EXPECT_THAT(TestClient(cluster, NodeIndex{2})("GET {b}k"), StartsWith("-CLUSTERDOWN"));
  ASSERT_TRUE(cluster.Restart(kSecond, RestartMode::kKeepData).ok());
  cluster.AdvanceTime(10'000);
  EXPECT_FALSE(cluster.Node(NodeIndex{3}).primary);
}

TEST_P(Misbehaviour, NewsTravelsForAsLongAsTheGossipDelay) {
  Cluster cluster({.primaries = 3,
                   .replicas_per_primary = 1,
                   .flavor = GetParam(),
                   .seed = 3,
                   .gossip_delay_ms = 300});
  const std::string old_address = ToString(cluster.Node(kFirst).endpoint);
  const std::string new_address = ToString(cluster.Node(NodeIndex{3}).endpoint);
  ASSERT_TRUE(cluster.Failover(NodeIndex{3}, FailoverKind::kGraceful).ok());
  TestClient other(cluster, kSecond);
  cluster.AdvanceTime(299);
  EXPECT_EQ(other("GET {b}1"), "-MOVED 3300 " + old_address + "|");
  cluster.AdvanceTime(1);
  EXPECT_EQ(other("GET {b}1"), "-MOVED 3300 " + new_address + "|");
}

TEST_P(Misbehaviour, WhatExpiredGoesThoughNobodyAsksForIt) {
  Cluster cluster(WithReplicas());
  TestClient client(cluster, kFirst);
  TestClient replica(cluster, ReplicaOf(cluster, kFirst));
  ASSERT_EQ(client("SET {b}short 1 PX 10"), "+OK|");
  ASSERT_EQ(client("SET {b}prolonged 1 PX 10"), "+OK|");
  ASSERT_EQ(client("SET {b}kept 1 PX 10"), "+OK|");
  ASSERT_EQ(client("PEXPIRE {b}prolonged 100"), ":1|");
  ASSERT_EQ(client("PERSIST {b}kept"), ":1|");
  cluster.AdvanceTime(10);
  EXPECT_EQ(client("DBSIZE"), ":2|");
  EXPECT_EQ(replica("DBSIZE"), ":2|");
  // Whoever is the primary then.
  ASSERT_TRUE(cluster.Failover(ReplicaOf(cluster, kFirst), FailoverKind::kForced).ok());
  cluster.AdvanceTime(90);
  EXPECT_EQ(replica("DBSIZE"), ":1|");
  EXPECT_EQ(replica("GET {b}kept"), "$1|1|");
}

TEST_P(Misbehaviour, AnAddressPassesToAnotherCluster) {
  Cluster cluster(WithReplicas());
  Cluster other({.primaries = 2, .flavor = GetParam(), .seed = 12, .base_port = 9000});
  cluster.SetNeighbour(&other);
  EXPECT_TRUE(cluster.Connect({"127.0.0.1", 9001}).ok()) << "one network";
  const atestore::Endpoint address = cluster.Node(kFirst).endpoint;
  ASSERT_TRUE(cluster.Failover(ReplicaOf(cluster, kFirst), FailoverKind::kForced).ok());
  EXPECT_FALSE(cluster.Connect(address).ok());
  ASSERT_TRUE(other.MoveAddress(kSecond, address).ok());
  absl::StatusOr<ClientId> client = cluster.Connect(address);
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(cluster.NodeIdOf(*client), other.Node(kSecond).id);
  std::string replies;
  EXPECT_EQ(cluster.Feed(*client, "CLUSTER MYID\r\nCLUSTER SLOTS\r\n", &replies),
            Delivery::kReplied);
  EXPECT_THAT(replies, ::testing::HasSubstr(other.Node(kFirst).id));
  EXPECT_EQ(replies.find(cluster.Node(kSecond).id), std::string::npos);
  EXPECT_FALSE(cluster.Restart(kFirst, RestartMode::kKeepData).ok()) << "its address is taken";
  ASSERT_TRUE(cluster.MoveAddress(kFirst, {"127.0.0.1", 7100}).ok());
  EXPECT_EQ(TestClient(cluster, kFirst)("CLUSTER MYID"), "$40|" + cluster.Node(kFirst).id + "|");
  ASSERT_TRUE(other.Kill(kSecond).ok());
  EXPECT_FALSE(cluster.IsOpen(*client));
  cluster.Disconnect(*client);
  cluster.SetNeighbour(nullptr);
}

TEST_P(Misbehaviour, ANodeOfTheNeighbourServesAtAnAddressThatPassed) {
  Cluster cluster(WithReplicas());
  Cluster other({.primaries = 2, .flavor = GetParam(), .seed = 12, .base_port = 9000});
  cluster.SetNeighbour(&other);
  const std::vector<NodeInfo> before = cluster.Nodes();
  ASSERT_TRUE(cluster.InjectFault(Fault::kPassAddress).ok());
  size_t passed = 0;
  for (const NodeInfo& node : before) {
    if (cluster.Node(node.index).endpoint == node.endpoint) continue;
    ++passed;
    absl::StatusOr<ClientId> client = cluster.Connect(node.endpoint);
    ASSERT_TRUE(client.ok());
    std::string replies;
    cluster.Feed(*client, "CLUSTER INFO\r\n", &replies);
    EXPECT_THAT(replies, ::testing::HasSubstr("cluster_state:ok"));
    cluster.Disconnect(*client);
  }
  EXPECT_EQ(passed, 1u);
  cluster.SetNeighbour(nullptr);
}

// It lost its only slot, but had not heard of it.
TEST_P(Misbehaviour, ADestinationThatTurnsReplicaTakesNoSlot) {
  Cluster cluster({.primaries = 3, .flavor = GetParam(), .gossip = GossipMode::kManual});
  absl::StatusOr<NodeIndex> joined = cluster.AddNode();
  ASSERT_TRUE(joined.ok());
  cluster.Settle();
  ASSERT_TRUE(cluster.BeginAtomicMigration(kTagSlot, *joined).ok());
  ASSERT_TRUE(cluster.FinishAtomicMigration(kTagSlot).ok());
  cluster.Settle();
  const atestore::Slot wanted = 16000;
  ASSERT_TRUE(cluster.BeginAtomicMigration(wanted, *joined).ok());
  ASSERT_TRUE(cluster.BeginAtomicMigration(kTagSlot, kFirst).ok());
  ASSERT_TRUE(cluster.FinishAtomicMigration(kTagSlot).ok());
  EXPECT_FALSE(cluster.FinishAtomicMigration(wanted).ok());
  cluster.Settle();
  EXPECT_EQ(cluster.Node(*joined).primary, kFirst);
  EXPECT_NE(cluster.OwnerOf(wanted), *joined);
}

TEST(Calm, EndsWhatMisbehaves) {
  Cluster cluster({.primaries = 3, .replicas_per_primary = 1, .gossip = GossipMode::kManual});
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    cluster.SetFaultPlan(FaultPlan::EverythingAndMisbehaviour(seed, 1000, 10));
    for (const NodeInfo& node : cluster.Nodes()) {
      absl::StatusOr<ClientId> client = cluster.Connect(node.endpoint);
      if (!client.ok()) continue;
      std::string replies;
      cluster.Feed(*client, "PING\r\nPING\r\n", &replies);
      cluster.Disconnect(*client);
    }
    cluster.ClearFaultPlan();
    cluster.EndMisbehaviour();
    cluster.AdvanceTime(2000);
    cluster.Settle();
    for (const NodeInfo& node : cluster.Nodes()) {
      if (!node.member) continue;
      EXPECT_EQ(TestClient(cluster, node.index)("PING"), "+PONG|");
    }
  }
}

}  // namespace
}  // namespace mockcluster
