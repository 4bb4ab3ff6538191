#include <map>

#include "mockcluster/random.h"
#include "tests/unit/mockcluster_helpers.h"

// Faults by call and by plan: they happen between commands, from a seed, and lose nothing that
// they do not announce.
namespace mockcluster {
namespace {

using ::testing::Values;

TEST(ConnectionFaults, DropBeforeAndAfterTheCommand) {
  Cluster cluster({.primaries = 1});
  for (ConnectionFault fault : {ConnectionFault::kDropBefore, ConnectionFault::kDropAfter}) {
    TestClient client(cluster, kFirst);
    cluster.InjectConnectionFault(client.id(), fault);
    EXPECT_EQ(client("INCR n"), "(closed)");
    EXPECT_EQ(client("INCR n"), "(closed)");
    EXPECT_EQ(cluster.ReachableValue("n").has_value(), fault == ConnectionFault::kDropAfter);
  }
}

TEST(ConnectionFaults, TruncatedReplyIsNeverWhole) {
  Cluster cluster({.primaries = 1});
  TestClient client(cluster, kFirst);
  cluster.InjectConnectionFault(client.id(), ConnectionFault::kTruncateReply);
  std::string replies;
  EXPECT_EQ(cluster.Feed(client.id(), "ECHO 12345678\r\nPING\r\n", &replies), Delivery::kClosed);
  EXPECT_EQ(replies, "$8\r\n123");
}

TEST(Hook, RunsBetweenQueueingAndExec) {
  Cluster cluster(TwoPrimaries(Flavor::kRedis70));
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  TestClient client(cluster, kFirst);
  std::vector<std::string> seen;
  cluster.SetBetweenCommands([&](const NextCommand& next) {
    seen.emplace_back(next.arguments[0]);
    if (next.arguments[0] != "EXEC") return;
    EXPECT_TRUE(cluster.MoveSlot(kTagSlot, kSecond).ok());
  });
  std::string replies;
  cluster.Feed(client.id(), "MULTI\r\nGET {b}k\r\nGET {b}k\r\nEXEC\r\n", &replies);
  EXPECT_EQ(TestClient::Visible(replies), "+OK|+QUEUED|+QUEUED|-MOVED 3300 127.0.0.1:7001|");
  EXPECT_EQ(seen, (std::vector<std::string>{"MULTI", "GET", "GET", "EXEC"}));
}

TEST(Hook, KillingTheProcessClosesTheConnection) {
  Cluster cluster({.primaries = 1});
  TestClient client(cluster, kFirst);
  cluster.SetBetweenCommands([&](const NextCommand& next) {
    if (next.arguments[0] != "GET") return;
    EXPECT_TRUE(cluster.Kill(kFirst).ok());
  });
  EXPECT_EQ(client("PING"), "+PONG|");
  EXPECT_EQ(client("GET a"), "(closed)");
}

TEST(Faults, EachKindHasANameAndAPlace) {
  for (size_t index = 0; index < kFaultCount; ++index) {
    Fault fault = static_cast<Fault>(index);
    EXPECT_FALSE(FaultName(fault).empty());
    Cluster cluster({.primaries = 3,
                     .replicas_per_primary = 1,
                     .flavor = Flavor::kValkey91,
                     .gossip = GossipMode::kManual});
    for (int key = 0; key < 50; ++key) {
      ASSERT_TRUE(cluster.Put("k" + std::to_string(key), "v").ok());
    }
    ASSERT_TRUE(cluster.AddNode().ok());
    TestClient client(cluster, kFirst);
    Cluster neighbour({.primaries = 1, .base_port = 9000});
    cluster.SetNeighbour(&neighbour);
    if (fault == Fault::kHearAgain) {
      ASSERT_TRUE(cluster.SetDeaf(kThird, true).ok());
    }
    if (fault == Fault::kResume) {
      ASSERT_TRUE(cluster.SetHung(kThird, true).ok());
    }
    if (fault == Fault::kHealPartition) {
      ASSERT_TRUE(cluster.SetIsolated(kThird, true).ok());
    }
    absl::Status caused = cluster.InjectFault(fault, client.id());
    // A table can only shrink from a size above the least.
    if (caused.ok() || fault == Fault::kForceShrink) continue;
    // Those that need an open slot or an import find one now.
    ASSERT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
    ASSERT_TRUE(cluster.BeginAtomicMigration(1, kSecond).ok());
    caused = cluster.InjectFault(fault, client.id());
    EXPECT_TRUE(caused.ok()) << FaultName(fault) << ": " << caused;
  }
}

struct PlanCase {
  Flavor flavor;
  GossipMode gossip;
  uint64_t seed;
};

// Sends keyed commands the way a careful client does not: wherever, ignoring replies.
std::vector<std::string> Churn(Cluster& cluster, int commands) {
  Random random(99);
  std::vector<ClientId> clients;
  for (int round = 0; round < commands; ++round) {
    std::vector<NodeInfo> nodes = cluster.Nodes();
    const NodeInfo& node = nodes[random.Below(nodes.size())];
    absl::StatusOr<ClientId> client = cluster.Connect(node.endpoint);
    if (!client.ok()) continue;
    std::string replies;
    cluster.Feed(*client, "PING\r\nSCAN 0 COUNT 5\r\nCLUSTER NODES\r\n", &replies);
    cluster.Disconnect(*client);
  }
  return cluster.event_log();
}

Cluster& Populate(Cluster& cluster, int keys) {
  for (int key = 0; key < keys; ++key) {
    EXPECT_TRUE(cluster.Put("k" + std::to_string(key), std::to_string(key)).ok());
  }
  return cluster;
}

std::string Log(const Cluster& cluster) {
  std::string text;
  for (const std::string& line : cluster.event_log()) text += line + "\n";
  return text;
}

class Plan : public testing::TestWithParam<PlanCase> {
 protected:
  static ClusterOptions Options() {
    return {.primaries = 3,
            .replicas_per_primary = 2,
            .flavor = GetParam().flavor,
            .seed = GetParam().seed,
            .gossip = GetParam().gossip};
  }
  static FaultPlan Everything() { return FaultPlan::Everything(GetParam().seed, 500, 0); }
};

INSTANTIATE_TEST_SUITE_P(Seeds, Plan,
                         Values(PlanCase{Flavor::kRedis70, GossipMode::kImmediate, 1},
                                PlanCase{Flavor::kRedis70, GossipMode::kManual, 2},
                                PlanCase{Flavor::kValkey80, GossipMode::kImmediate, 3},
                                PlanCase{Flavor::kValkey80, GossipMode::kManual, 4},
                                PlanCase{Flavor::kValkey91, GossipMode::kImmediate, 5},
                                PlanCase{Flavor::kValkey91, GossipMode::kManual, 6}));

TEST_P(Plan, SameSeedSameLog) {
  Cluster one(Options());
  Cluster two(Options());
  for (Cluster* cluster : {&one, &two}) {
    Populate(*cluster, 100);
    cluster->SetFaultPlan(Everything());
  }
  std::vector<std::string> log = Churn(one, 300);
  EXPECT_EQ(log, Churn(two, 300));
  EXPECT_GT(one.faults_done(), 100u);
  EXPECT_EQ(one.Nodes().size(), two.Nodes().size());
}

// The keys that no client can reach, with their slots.
std::string Missing(const Cluster& cluster, int keys) {
  std::map<std::string, std::string> reachable;
  for (const ReachableKey& key : cluster.ReachableKeys()) {
    EXPECT_TRUE(reachable.emplace(key.key, key.value).second) << key.key << " twice";
  }
  std::string missing;
  for (int key = 0; key < keys; ++key) {
    std::string name = "k" + std::to_string(key);
    if (reachable.contains(name)) continue;
    missing += name + " of slot " + std::to_string(atestore::KeySlot(name)) + "\n";
  }
  return missing;
}

TEST_P(Plan, NothingIsLostOnceTheClusterIsSettled) {
  constexpr int kKeys = 300;
  constexpr uint64_t kRuns = 2;
  for (uint64_t run = 0; run < kRuns; ++run) {
    ClusterOptions options = Options();
    options.seed += run * 100;
    Cluster cluster(options);
    Populate(cluster, kKeys);
    cluster.SetFaultPlan(FaultPlan::Everything(options.seed, 500, 0));
    for (int round = 0; round < 10; ++round) {
      Churn(cluster, 100);
      cluster.Settle();
      ASSERT_EQ(Missing(cluster, kKeys), "") << "seed " << options.seed << "\n" << Log(cluster);
    }
  }
}

TEST_P(Plan, ReplicasHoldWhatTheirPrimariesHold) {
  Cluster cluster(Options());
  Populate(cluster, 200);
  cluster.SetFaultPlan(Everything());
  Churn(cluster, 300);
  cluster.Settle();
  for (NodeIndex primary : cluster.Primaries()) {
    for (NodeIndex replica : cluster.ReplicasOf(primary)) {
      EXPECT_EQ(cluster.Node(replica).keys, cluster.Node(primary).keys);
    }
  }
}

TEST(FaultPlan, SilentAfterItsBound) {
  Cluster cluster({.primaries = 3, .replicas_per_primary = 1});
  cluster.SetFaultPlan(FaultPlan::Everything(7, 1000, 5));
  Churn(cluster, 100);
  EXPECT_EQ(cluster.faults_done(), 5u);
}

}  // namespace
}  // namespace mockcluster
