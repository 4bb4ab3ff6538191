// What was measured on real servers about SCAN and the reading of whole slots, met again through
// the commands that a client sends. The table is in docs/mockcluster.md.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/resp.h"
#include "core/slot.h"
#include "tests/unit/mockcluster_helpers.h"

namespace mockcluster {
namespace {

// A SCAN of one node, page by page, on whichever node it is told to go on.
class Scan {
 public:
  explicit Scan(size_t count) : count_(count) {}

  // False when the scan is complete.
  bool Page(Cluster& cluster, NodeIndex node) {
    const ClientId client = *cluster.Connect(cluster.Node(node).endpoint);
    const std::string count = std::to_string(count_);
    const std::vector<std::string_view> command = {"SCAN", cursor_, "COUNT", count};
    std::string bytes;
    cluster.Execute(client, command, &bytes);
    cluster.Disconnect(client);
    atestore::RespReader reader;
    reader.Feed(bytes);
    const atestore::ReplyView reply = **reader.Next();
    for (atestore::ReplyView key : reply[1]) seen_.emplace(key.text());
    cursor_ = std::string(reply[0].text());
    return cursor_ != "0";
  }
  void Finish(Cluster& cluster, NodeIndex node) {
    while (Page(cluster, node)) {
    }
  }

  const std::set<std::string>& seen() const { return seen_; }

 private:
  const size_t count_;
  std::string cursor_ = "0";
  std::set<std::string> seen_;
};

constexpr size_t kKeys = 4000;

class Facts : public EachFlavor {
 protected:
  Facts() {
    for (size_t index = 0; index < kKeys; ++index) {
      keys_.push_back("key:" + std::to_string(index));
      EXPECT_TRUE(cluster_.Put(keys_.back(), "v").ok());
    }
  }

  // A scan of the primary until half of its keys were seen.
  Scan HalfAScan() {
    Scan scan(20);
    while (scan.seen().size() < kKeys / 2) scan.Page(cluster_, kFirst);
    return scan;
  }
  std::vector<std::string> Missed(const Scan& scan) const {
    std::vector<std::string> missed;
    for (const std::string& key : keys_) {
      if (!scan.seen().contains(key)) missed.push_back(key);
    }
    return missed;
  }
  static bool HasOneTable() { return GetParam() == Flavor::kRedis70; }

  Cluster cluster_{
      {.primaries = 1, .replicas_per_primary = 1, .flavor = GetParam(), .rejoin_delay_ms = 0}};
  std::vector<std::string> keys_;
};

INSTANTIATE_TEST_SUITE_P(Flavors, Facts,
                         testing::Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(Facts, AWholeScanOfOneProcessMissesNothing) {
  Scan scan = HalfAScan();
  scan.Finish(cluster_, kFirst);
  EXPECT_TRUE(Missed(scan).empty());
}

// f(1 − f)N at f = ½ is a quarter. With less than a key a slot, hardly a cursor stands inside one.
TEST_P(Facts, ARestartHalfWayMissesAQuarterInOneTableAndNothingInSparseSlots) {
  Scan scan = HalfAScan();
  ASSERT_TRUE(cluster_.Restart(kFirst, RestartMode::kKeepData).ok());
  scan.Finish(cluster_, kFirst);
  const double share = static_cast<double>(Missed(scan).size()) / kKeys;
  if (HasOneTable()) {
    EXPECT_NEAR(share, 0.25, 0.05);
  } else {
    EXPECT_EQ(share, 0);
  }
}

TEST_P(Facts, APrimarysCursorMeansNothingToItsReplica) {
  Scan scan = HalfAScan();
  scan.Finish(cluster_, kSecond);
  if (HasOneTable()) {
    EXPECT_NEAR(static_cast<double>(Missed(scan).size()) / kKeys, 0.25, 0.05);
  } else {
    EXPECT_TRUE(Missed(scan).empty());
  }
}

TEST_P(Facts, ADemotedPrimaryIsTheSameProcessAndMissesNothing) {
  Scan scan = HalfAScan();
  const std::string run_id = cluster_.Node(kFirst).run_id;
  ASSERT_TRUE(cluster_.Failover(kSecond, FailoverKind::kGraceful).ok());
  EXPECT_EQ(cluster_.Node(kFirst).run_id, run_id);
  scan.Finish(cluster_, kFirst);
  EXPECT_TRUE(Missed(scan).empty());
}

TEST_P(Facts, AnEmptyNodeEndsEveryScanWithoutAWord) {
  Scan scan = HalfAScan();
  ASSERT_TRUE(cluster_.Restart(kFirst, RestartMode::kEmpty).ok());
  EXPECT_FALSE(scan.Page(cluster_, kFirst));
  EXPECT_FALSE(Missed(scan).empty());
}

TEST_P(Facts, ASlotlessPrimaryShowsWhatItHolds) {
  const NodeIndex third = cluster_.AddNode().value();
  EXPECT_EQ(TestClient(cluster_, third)("SCAN 0"), "*2|$1|0|*0|");
  ASSERT_TRUE(cluster_.PutOn(third, "{b}orphan", "v").ok());
  EXPECT_EQ(TestClient(cluster_, third)("SCAN 0 COUNT 100"), "*2|$1|0|*1|$9|{b}orphan|");
  EXPECT_EQ(TestClient(cluster_, third)("GET {b}orphan"), "-MOVED 3300 127.0.0.1:7000|");
}

// MULTI, a keyed probe, CLUSTER GETKEYSINSLOT, EXEC: names only from the stable owner.
class Probe : public EachFlavor {
 protected:
  static std::string Names(Cluster& cluster, NodeIndex node) {
    TestClient client(cluster, node);
    client("MULTI");
    client("EXISTS {b}probe");
    client("CLUSTER GETKEYSINSLOT 3300 10");
    return client("EXEC");
  }
  // What the refusal of the probe is when it comes while queueing.
  static std::string Refusal(Cluster& cluster, NodeIndex node) {
    TestClient client(cluster, node);
    client("MULTI");
    return client("EXISTS {b}probe");
  }
};

INSTANTIATE_TEST_SUITE_P(Flavors, Probe,
                         testing::Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91),
                         FlavorName);

TEST_P(Probe, OnlyTheStableOwnerTellsTheNamesOfASlot) {
  constexpr std::string_view kDiscarded =
      "-EXECABORT Transaction discarded because of previous errors.|";
  ClusterOptions options = TwoPrimaries(GetParam());
  options.replicas_per_primary = 1;
  Cluster cluster(options);
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  EXPECT_EQ(Names(cluster, kFirst), "*2|:0|*1|$4|{b}k|");
  EXPECT_EQ(Names(cluster, kSecond), kDiscarded);
  EXPECT_EQ(Refusal(cluster, kSecond), "-MOVED 3300 127.0.0.1:7000|");
  EXPECT_EQ(Names(cluster, kThird), kDiscarded) << "a replica";

  ASSERT_TRUE(cluster.BeginMigration(kTagSlot, kSecond).ok());
  const std::string ask = "-ASK 3300 127.0.0.1:7001|";
  if (GetParam() == Flavor::kValkey91) {
    EXPECT_EQ(Names(cluster, kFirst), ask) << "EXEC decides";
  } else {
    EXPECT_EQ(Names(cluster, kFirst), kDiscarded);
    EXPECT_EQ(Refusal(cluster, kFirst), ask);
  }
  EXPECT_EQ(Refusal(cluster, kSecond), "-MOVED 3300 127.0.0.1:7000|") << "the importing node";
  ASSERT_TRUE(cluster.AbortMigration(kTagSlot, AbortMode::kMoveBack).ok());

  ASSERT_TRUE(cluster.SetClusterDown(kFirst, 1000).ok());
  EXPECT_EQ(Refusal(cluster, kFirst), "-CLUSTERDOWN The cluster is down|");
  EXPECT_EQ(TestClient(cluster, kFirst)("CLUSTER GETKEYSINSLOT 3300 10"), "*1|$4|{b}k|")
      << "without the probe";
}

TEST_P(Probe, ExecAsksAgain) {
  Cluster cluster(TwoPrimaries(GetParam()));
  ASSERT_TRUE(cluster.Put("{b}k", "1").ok());
  TestClient client(cluster, kFirst);
  client("MULTI");
  client("EXISTS {b}probe");
  client("CLUSTER GETKEYSINSLOT 3300 10");
  ASSERT_TRUE(cluster.MoveSlot(kTagSlot, kSecond).ok());
  EXPECT_EQ(client("EXEC"), "-MOVED 3300 127.0.0.1:7001|");
}

}  // namespace
}  // namespace mockcluster
