#include "tests/unit/mockcluster_helpers.h"

// Nodes that let their clients wait, for all commands or for writes.
namespace mockcluster {
namespace {

using ::testing::StartsWith;
using ::testing::Values;

class Waiting : public EachFlavor {
 protected:
  static ClusterOptions WithReplicas() {
    return {.primaries = 3, .replicas_per_primary = 1, .flavor = GetParam(), .seed = 11};
  }
  static NodeIndex ReplicaOf(Cluster& cluster, NodeIndex primary) {
    return cluster.ReplicasOf(primary).front();
  }
};

INSTANTIATE_TEST_SUITE_P(Flavors, Waiting,
                         Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(Waiting, APausedNodeAnswersWhenTheTimeHasPassed) {
  Cluster cluster(WithReplicas());
  TestClient client(cluster, kFirst);
  TestClient elsewhere(cluster, kSecond);
  ASSERT_TRUE(cluster.Pause(kFirst, 50).ok());
  std::string replies;
  EXPECT_EQ(cluster.Feed(client.id(), "SET {b}k 1\r\n", &replies), Delivery::kSilent);
  EXPECT_FALSE(cluster.Answers(client.id()));
  EXPECT_EQ(elsewhere("PING"), "+PONG|");
  cluster.AdvanceTime(49);
  EXPECT_EQ(cluster.Feed(client.id(), "", &replies), Delivery::kSilent);
  cluster.AdvanceTime(1);
  EXPECT_TRUE(cluster.Answers(client.id()));
  EXPECT_EQ(cluster.Feed(client.id(), "", &replies), Delivery::kReplied);
  EXPECT_EQ(replies, "+OK\r\n");
}

TEST_P(Waiting, APauseOfAllHoldsEverythingAndALaterOneOnlyProlongsIt) {
  Cluster cluster(WithReplicas());
  TestClient admin(cluster, kFirst);
  TestClient client(cluster, kFirst);
  ASSERT_EQ(admin("CLIENT PAUSE 100 WRITE"), "+OK|");
  EXPECT_EQ(client("GET {b}k"), "$-1|");
  ASSERT_EQ(admin("CLIENT PAUSE 50 ALL"), "+OK|");
  std::string replies;
  EXPECT_EQ(cluster.Feed(client.id(), "PING\r\nECHO x\r\n", &replies), Delivery::kSilent);
  cluster.AdvanceTime(99);
  EXPECT_FALSE(cluster.Answers(client.id()));
  cluster.AdvanceTime(1);
  EXPECT_TRUE(cluster.Answers(client.id()));
  EXPECT_EQ(cluster.Feed(client.id(), "", &replies), Delivery::kReplied);
  EXPECT_EQ(replies, "+PONG\r\n$1\r\nx\r\n");
  EXPECT_EQ(client("CLIENT PAUSE 10 WRITE"), "+OK|") << "an ended pause leaves nothing";
  EXPECT_EQ(client("PING"), "+PONG|");
}

// From the election until it learns of it, an old primary answers reads from before.
TEST_P(Waiting, APrimaryWhoseSuccessorItDoesNotKnowHoldsWritesBack) {
  ClusterOptions options = WithReplicas();
  options.gossip = GossipMode::kManual;
  for (const bool hears_in_time : {true, false}) {
    Cluster cluster(options);
    ASSERT_TRUE(cluster.Put("{b}k", "before").ok());
    const NodeIndex heir = ReplicaOf(cluster, kFirst);
    ASSERT_TRUE(cluster.Failover(heir, FailoverKind::kUnheard).ok());
    TestClient old_primary(cluster, kFirst);
    TestClient new_primary(cluster, heir);
    ASSERT_EQ(new_primary("SET {b}k after"), "+OK|");
    EXPECT_EQ(old_primary("GET {b}k"), "$6|before|");
    std::string reply;
    EXPECT_EQ(cluster.Feed(old_primary.id(), "PFCOUNT {b}no\r\n", &reply), Delivery::kSilent);
    EXPECT_EQ(cluster.StateOf("{b}k").value, "after");
    EXPECT_FALSE(cluster.BeginMigration(9000, kFirst).ok() && cluster.MigrateKeys(9000, 1).ok());
    cluster.AdvanceTime(4999);
    EXPECT_FALSE(cluster.Answers(old_primary.id()));
    if (hears_in_time) {
      cluster.DeliverNewsTo(kFirst);
    } else {
      ASSERT_TRUE(cluster.SetDeaf(kFirst, true).ok());
      cluster.AdvanceTime(1);
    }
    EXPECT_TRUE(cluster.Answers(old_primary.id()));
    EXPECT_EQ(cluster.Feed(old_primary.id(), "", &reply), Delivery::kReplied);
    EXPECT_THAT(reply, StartsWith("-MOVED 3300 "));
    EXPECT_EQ(cluster.Node(kFirst).primary, heir);
  }
}

// Servers give a failover up after 5 s.
TEST_P(Waiting, APrimaryWhoseSuccessorIsGoneTakesWritesAgain) {
  ClusterOptions options = WithReplicas();
  options.gossip = GossipMode::kManual;
  Cluster cluster(options);
  const NodeIndex heir = ReplicaOf(cluster, kFirst);
  ASSERT_TRUE(cluster.Failover(heir, FailoverKind::kUnheard).ok());
  ASSERT_TRUE(cluster.Kill(heir).ok());
  TestClient client(cluster, kFirst);
  std::string reply;
  EXPECT_EQ(cluster.Feed(client.id(), "SET {b}k v\r\n", &reply), Delivery::kSilent);
  cluster.AdvanceTime(4999);
  EXPECT_FALSE(cluster.Answers(client.id()));
  cluster.AdvanceTime(1);
  EXPECT_EQ(cluster.Feed(client.id(), "", &reply), Delivery::kReplied);
  EXPECT_EQ(reply, "+OK\r\n");
}

TEST_P(Waiting, DebugSleepStopsTheWholeNode) {
  Cluster cluster(WithReplicas());
  TestClient sleeper(cluster, kFirst);
  TestClient other(cluster, kFirst);
  std::string slept;
  std::string pong;
  EXPECT_EQ(cluster.Feed(sleeper.id(), "DEBUG SLEEP 0.2\r\nPING\r\n", &slept), Delivery::kSilent);
  EXPECT_EQ(cluster.Feed(other.id(), "PING\r\n", &pong), Delivery::kSilent);
  cluster.AdvanceTime(200);
  EXPECT_EQ(cluster.Feed(sleeper.id(), "", &slept), Delivery::kReplied);
  EXPECT_EQ(cluster.Feed(other.id(), "", &pong), Delivery::kReplied);
  EXPECT_EQ(slept, "+OK\r\n+PONG\r\n");
  EXPECT_EQ(pong, "+PONG\r\n");
  EXPECT_EQ(other("DEBUG SLEEP 0"), "+OK|");
}

}  // namespace
}  // namespace mockcluster
