#include "tests/unit/mockcluster_helpers.h"

// The table of redirections, as measured on real servers.
namespace mockcluster {
namespace {

using ::testing::Values;

// Slot kTagSlot moves from the first to the second primary: {b}here is still on the source,
// {b}moved is on the destination already.
class MigrationWindow : public EachFlavor {
 protected:
  MigrationWindow() : cluster_(TwoPrimaries(GetParam())) {
    EXPECT_TRUE(cluster_.Put("{b}moved", "m").ok());
    EXPECT_TRUE(cluster_.BeginMigration(kTagSlot, kSecond).ok());
    EXPECT_EQ(cluster_.MigrateKeys(kTagSlot, 10).value(), 1u);
    EXPECT_TRUE(cluster_.PutOn(kFirst, "{b}here", "h").ok());
  }

  static constexpr std::string_view kAsk = "-ASK 3300 127.0.0.1:7001|";
  static constexpr std::string_view kMoved = "-MOVED 3300 127.0.0.1:7000|";
  static constexpr std::string_view kTryAgain =
      "-TRYAGAIN Multiple keys request during rehashing of slot|";

  Cluster cluster_;
};

INSTANTIATE_TEST_SUITE_P(Flavors, MigrationWindow,
                         Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(MigrationWindow, SourceServesWhatItHasAndAsksForTheRest) {
  TestClient source(cluster_, kFirst);
  EXPECT_EQ(source("GET {b}here"), "$1|h|");
  EXPECT_EQ(source("SET {b}here 2"), "+OK|");
  EXPECT_EQ(source("GET {b}moved"), kAsk);
  EXPECT_EQ(source("SET {b}new 1"), kAsk);
  EXPECT_EQ(source("DEL {b}nosuch"), kAsk);
  EXPECT_EQ(source("MGET {b}moved {b}nosuch"), kAsk);
  EXPECT_EQ(source("MGET {b}here {b}moved"), kTryAgain);
  EXPECT_EQ(source("MGET {b}here {b}here"), "*2|$1|2|$1|2|");
  EXPECT_EQ(source("MGET {b}here {c}x"), "-CROSSSLOT Keys in request don't hash to the same slot|");
}

TEST_P(MigrationWindow, DestinationServesOneKeyAfterAsking) {
  TestClient destination(cluster_, kSecond);
  EXPECT_EQ(destination("GET {b}moved"), kMoved);
  EXPECT_EQ(destination("ASKING"), "+OK|");
  EXPECT_EQ(destination("GET {b}moved"), "$1|m|");
  EXPECT_EQ(destination("GET {b}moved"), kMoved) << "ASKING covers one command";
  destination("ASKING");
  EXPECT_EQ(destination("GET {b}here"), "$-1|");
  destination("ASKING");
  EXPECT_EQ(destination("MGET {b}moved {b}here"), kTryAgain);
  destination("ASKING");
  EXPECT_EQ(destination("MGET {b}x {b}y"), kTryAgain) << "all missing too";
  destination("ASKING");
  EXPECT_EQ(destination("MGET {b}x {b}x"), "*2|$-1|$-1|") << "one key twice is one key";
  destination("ASKING");
  EXPECT_EQ(destination("PING"), "+PONG|");
  EXPECT_EQ(destination("GET {b}moved"), kMoved) << "any command uses ASKING up";
}

TEST_P(MigrationWindow, AskingBeforeMultiLastsThroughExec) {
  TestClient destination(cluster_, kSecond);
  destination("ASKING");
  EXPECT_EQ(destination("MULTI"), "+OK|");
  EXPECT_EQ(destination("GET {b}moved"), "+QUEUED|");
  EXPECT_EQ(destination("GET {b}moved"), "+QUEUED|");
  EXPECT_EQ(destination("EXEC"), "*2|$1|m|$1|m|");
  EXPECT_EQ(destination("GET {b}moved"), kMoved);
}

TEST_P(MigrationWindow, KeylessCommandsAreNeverRedirected) {
  TestClient destination(cluster_, kSecond);
  EXPECT_EQ(destination("SCAN 0 COUNT 100"), "*2|$1|0|*1|$8|{b}moved|");
  EXPECT_EQ(destination("CLUSTER GETKEYSINSLOT 3300 10"), "*1|$8|{b}moved|");
  EXPECT_EQ(destination("CLUSTER COUNTKEYSINSLOT 3300"), ":1|");
}

TEST_P(MigrationWindow, ExecDecidesAgain) {
  TestClient source(cluster_, kFirst);
  source("MULTI");
  EXPECT_EQ(source("EXISTS {b}here"), "+QUEUED|");
  EXPECT_EQ(source("CLUSTER GETKEYSINSLOT 3300 10"), "+QUEUED|");
  ASSERT_EQ(cluster_.MigrateKeys(kTagSlot, 10).value(), 1u);
  EXPECT_EQ(source("EXEC"), kAsk);
  EXPECT_EQ(source("EXEC"), "-ERR EXEC without MULTI|");
}

TEST_P(MigrationWindow, ExecAfterTheSlotHasGone) {
  TestClient source(cluster_, kFirst);
  source("MULTI");
  EXPECT_EQ(source("EXISTS {b}here"), "+QUEUED|");
  ASSERT_TRUE(cluster_.FinishMigration(kTagSlot).ok());
  EXPECT_EQ(source("EXEC"), "-MOVED 3300 127.0.0.1:7001|");
}

TEST_P(MigrationWindow, MissingKeyInsideMulti) {
  TestClient source(cluster_, kFirst);
  source("MULTI");
  if (GetParam() == Flavor::kValkey91) {
    EXPECT_EQ(source("EXISTS {b}nosuch"), "+QUEUED|");
    EXPECT_EQ(source("EXEC"), kAsk);
  } else {
    EXPECT_EQ(source("EXISTS {b}nosuch"), kAsk);
    EXPECT_EQ(source("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
  }
}

class Routing : public EachFlavor {};

INSTANTIATE_TEST_SUITE_P(Flavors, Routing,
                         Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(Routing, OtherNodesSlotIsMoved) {
  Cluster cluster(TwoPrimaries(GetParam()));
  TestClient first(cluster, kFirst);
  EXPECT_EQ(first("GET x"), "-MOVED 16287 127.0.0.1:7001|");
  EXPECT_EQ(first("MULTI"), "+OK|");
  EXPECT_EQ(first("GET x"), "-MOVED 16287 127.0.0.1:7001|");
  EXPECT_EQ(first("GET {b}"), "+QUEUED|");
  EXPECT_EQ(first("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
}

TEST_P(Routing, UnassignedSlot) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.require_full_coverage = false;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.UnassignSlot(kTagSlot).ok());
  TestClient first(cluster, kFirst);
  EXPECT_EQ(first("GET {b}"), "-CLUSTERDOWN Hash slot not served|");
  EXPECT_EQ(first("MGET {b} x"), "-CLUSTERDOWN Hash slot not served|") << "before CROSSSLOT";
  EXPECT_EQ(first("GET {a}"), "-MOVED 15495 127.0.0.1:7001|");
}

TEST_P(Routing, FullCoverageTurnsTheWholeClusterDown) {
  Cluster cluster(TwoPrimaries(GetParam()));
  ASSERT_TRUE(cluster.UnassignSlot(0).ok());
  TestClient first(cluster, kFirst);
  EXPECT_EQ(first("GET {b}"), "-CLUSTERDOWN The cluster is down|");
  EXPECT_EQ(first("GET x"), "-CLUSTERDOWN The cluster is down|") << "before MOVED";
  EXPECT_EQ(first("SCAN 0"), "*2|$1|0|*0|");
  ASSERT_TRUE(cluster.AssignSlot(0, kSecond).ok());
  EXPECT_EQ(first("GET {b}"), "$-1|");
}

TEST_P(Routing, ReadsWhenDownIfAllowed) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.allow_reads_when_down = true;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.UnassignSlot(0).ok());
  TestClient first(cluster, kFirst);
  EXPECT_EQ(first("GET {b}"), "$-1|");
  EXPECT_EQ(first("SET {b} 1"), "-CLUSTERDOWN The cluster is down and only accepts read commands|");
}

TEST_P(Routing, ReplicaServesReadsOnlyAfterReadonly) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  TestClient replica(cluster, cluster.ReplicasOf(kFirst).front());
  EXPECT_EQ(replica("GET {b}k"), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(replica("SCAN 0 COUNT 10"), "*2|$1|0|*1|$4|{b}k|") << "no READONLY needed";
  EXPECT_EQ(replica("READONLY"), "+OK|");
  EXPECT_EQ(replica("GET {b}k"), "$1|1|");
  EXPECT_EQ(replica("GET x"), "-MOVED 16287 127.0.0.1:7001|");
  EXPECT_EQ(replica("SET {b}k 2"), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(replica("FLUSHALL"), "-READONLY You can't write against a read only replica.|");
  EXPECT_EQ(replica("READWRITE"), "+OK|");
  EXPECT_EQ(replica("GET {b}k"), "-MOVED 3300 127.0.0.1:7000|");
}

TEST_P(Routing, ReplicaOfAMigratingSource) {
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  ASSERT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
  ASSERT_EQ(cluster.MigrateKeys(kTagSlot, 10).value(), 1u);
  TestClient replica(cluster, cluster.ReplicasOf(kFirst).front());
  replica("READONLY");
  EXPECT_EQ(replica("GET {b}k"),
            GetParam() == Flavor::kRedis70 ? "$-1|" : "-ASK 3300 127.0.0.1:7001|");
}

}  // namespace
}  // namespace mockcluster
