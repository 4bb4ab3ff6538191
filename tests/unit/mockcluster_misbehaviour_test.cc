#include "tests/unit/mockcluster_helpers.h"

// Clusters that do not behave, as real ones were seen to; tests/differential compares with them.
namespace mockcluster {
namespace {

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

}  // namespace
}  // namespace mockcluster
