// Pages by hand, walked through as one of the nodes sees the cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/listing/list_walk.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"
#include "store/embedded/embedded_transport.h"
#include "tests/unit/keys_sink.h"
#include "tests/unit/mockcluster_helpers.h"

namespace atestore {
namespace {

using mockcluster::Flavor;

constexpr size_t kSlots = 3;
// So many that each slot has a transaction of its own.
constexpr size_t kKeysPerSlot = 200;
constexpr mockcluster::NodeIndex kOld{0};  // owns the slots, and is asked for the topology
constexpr mockcluster::NodeIndex kOther{1};

class Feeder final : public ReplyObserver {
 public:
  Feeder(ListWalk& walk, const Topology& topology) : walk_(walk), topology_(topology) {}
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    walk_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    walk_.OnFailure(request, status);
  }
  std::vector<ShardRequest> More() override { return walk_.More(topology_); }

 private:
  ListWalk& walk_;
  const Topology& topology_;
};

class WalkTest : public testing::TestWithParam<Flavor> {
 protected:
  void SetUp() override {
    cluster_->With([this](mockcluster::Cluster& cluster) {
      for (Slot slot = 0; slot < kSlots; ++slot) {
        for (size_t index = 0; index < kKeysPerSlot; ++index) {
          const std::string key = NextKey(slot);
          ASSERT_TRUE(cluster.Put(key, "v").ok());
          expected_.insert(key);
        }
      }
    });
  }

  absl::StatusOr<Topology> FindTopology() {
    ShardRequest request{.endpoint = cluster_->Endpoints().at(0)};
    request.pipeline.Add({"CLUSTER", "SLOTS"});
    absl::StatusOr<std::vector<Reply>> replies =
        ExecuteAt(transport_, request, absl::InfiniteFuture());
    if (!replies.ok()) return replies.status();
    return Topology::FromClusterSlots(replies->at(0).view(), request.endpoint);
  }

  // A key in `slot` that no other call returns.
  std::string NextKey(Slot slot) {
    return absl::StrCat("actor:a:{", ToAbsl(SlotTag(slot)), "}-", ++keys_);
  }

  ListWalk::Options Everything() const {
    return {.filter = KeyFilter::AllActors(),
            .start = {.slot = 0, .end = kSlots},
            .page_size = 10'000,
            .page_bytes = 1 << 20,
            .reading = {.per_slot_tables = GetParam() != Flavor::kRedis70},
            .hints = {.keys_per_slot = kKeysPerSlot}};
  }

  struct Page {
    std::vector<std::string> keys;
    std::optional<Position> position;
  };
  Page ReadPage(const ListWalk::Options& options) {
    KeysSink sink;
    ListWalk walk(options, &sink);
    absl::StatusOr<Topology> topology = FindTopology();
    EXPECT_TRUE(topology.ok()) << topology.status();
    Feeder feeder(walk, *topology);
    constexpr int kStepsMax = 100;
    for (int step = 0; step < kStepsMax; ++step) {
      ListWalk::Action action = walk.Next(*topology);
      if (auto* send = std::get_if<ListWalk::Send>(&action)) {
        transport_.Execute(send->requests, absl::InfiniteFuture(), feeder);
      } else if (std::holds_alternative<ListWalk::Done>(action)) {
        break;
      }
    }
    return {std::move(sink.keys), walk.position()};
  }

  std::multiset<std::string> List() {
    const Page page = ReadPage(Everything());
    is_complete_ = !page.position;
    return {page.keys.begin(), page.keys.end()};
  }

  std::shared_ptr<EmbeddedCluster> cluster_ = std::make_shared<EmbeddedCluster>(
      mockcluster::ClusterOptions{.primaries = 2,
                                  .replicas_per_primary = 1,
                                  .flavor = GetParam(),
                                  .gossip = mockcluster::GossipMode::kManual});
  EmbeddedTransport transport_{cluster_};
  std::multiset<std::string> expected_;
  size_t keys_ = 0;
  bool is_complete_ = false;  // List() came to the end
};

// The reply that keeps a slot from being read must not be taken for one about its neighbour.
TEST_P(WalkTest, BesideASlotThatMigratesNoTakenProbeIsSkipped) {
  for (Slot migrating = 0; migrating < kSlots; ++migrating) {
    cluster_->With([&](mockcluster::Cluster& cluster) {
      for (Slot slot = 0; slot < kSlots; ++slot) {
        const std::string probe = KeyFilter::AllActors().ProbeKey(slot, 0);
        slot == migrating ? static_cast<void>(cluster.Remove(probe))
                          : cluster.Put(probe, "x").IgnoreError();
      }
      ASSERT_TRUE(cluster.BeginMigration(migrating, kOther).ok());
      ASSERT_TRUE(cluster.MigrateKeys(migrating, kKeysPerSlot / 2).ok());
      cluster.Settle();
    });
    EXPECT_EQ(List(), expected_) << "slot " << migrating << " migrates";
    EXPECT_TRUE(is_complete_);
    cluster_->With([&](mockcluster::Cluster& cluster) {
      ASSERT_TRUE(cluster.AbortMigration(migrating, mockcluster::AbortMode::kMoveBack).ok());
    });
  }
}

// Redis 7.0 does not tell the successor of a slot's migration, so it takes writes for a slot of
// which the old primary has no key left. Nothing in that slot waits there, but its other slots do.
TEST_P(WalkTest, AnOldSourceWithoutKeysIsNotRead) {
  std::string written;
  cluster_->With([&](mockcluster::Cluster& cluster) {
    ASSERT_TRUE(cluster.BeginMigration(0, kOther).ok());
    ASSERT_TRUE(cluster.MigrateKeys(0, kKeysPerSlot).ok());
    cluster.Settle();
    const mockcluster::NodeIndex heir = cluster.ReplicasOf(kOld).front();
    ASSERT_TRUE(cluster.Failover(heir, mockcluster::FailoverKind::kUnheard).ok());
    mockcluster::TestClient client(cluster, heir);
    const std::string key = NextKey(0);
    if (client("SET " + key + " v") == "+OK|") written = key;
  });
  EXPECT_EQ(written.empty(), GetParam() != Flavor::kRedis70);
  const std::multiset<std::string> listed = List();
  EXPECT_TRUE(listed.empty() || listed.contains(written));
  EXPECT_FALSE(is_complete_);
}

// It says cluster_state:ok, and knows nothing of its successor.
TEST_P(WalkTest, ANodeThatWasStartedAloneIsNotRead) {
  cluster_->With([&](mockcluster::Cluster& cluster) {
    const mockcluster::NodeIndex heir = cluster.ReplicasOf(kOld).front();
    ASSERT_TRUE(cluster.SetIsolated(kOld, true).ok());
    ASSERT_TRUE(cluster.Failover(heir, mockcluster::FailoverKind::kPartition).ok());
    ASSERT_EQ(mockcluster::TestClient(cluster, heir)("SET " + NextKey(0) + " v"), "+OK|");
    ASSERT_TRUE(cluster.Restart(kOld, mockcluster::RestartMode::kKeepData).ok());
    cluster.AdvanceTime(cluster.options().rejoin_delay_ms);
    mockcluster::TestClient client(cluster, kOld);
    ASSERT_THAT(client("CLUSTER INFO"), testing::HasSubstr("cluster_state:ok|"));
    ASSERT_EQ(client("GET " + NextKey(0)), "$-1|");
  });
  EXPECT_TRUE(List().empty());
  EXPECT_FALSE(is_complete_);
}

// A process that has not heard from the servers in time takes them for some without cursors inside
// a slot. Read whole, the slot would begin again.
TEST_P(WalkTest, ALargeSlotGoesOnAtItsCursor) {
  if (GetParam() == Flavor::kRedis70) GTEST_SKIP() << "it has no such cursors";
  ListWalk::Options options = Everything();
  options.start = {.slot = 0, .end = 1};
  options.page_size = kKeysPerSlot / 4;
  options.reading = {.per_slot_tables = true, .whole_slot_keys = 1, .scan_count_max = 10};
  Page page = ReadPage(options);
  std::multiset<std::string> listed(page.keys.begin(), page.keys.end());
  while (page.position) {
    ASSERT_TRUE(std::holds_alternative<InSlotCursor>(page.position->place));
    options.start = *page.position;
    options.reading.per_slot_tables = false;
    page = ReadPage(options);
    ASSERT_FALSE(page.keys.empty());
    listed.insert(page.keys.begin(), page.keys.end());
  }
  EXPECT_EQ(listed.size(), kKeysPerSlot);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), kKeysPerSlot);
}

INSTANTIATE_TEST_SUITE_P(Flavors, WalkTest, testing::Values(Flavor::kRedis70, Flavor::kValkey80));

}  // namespace
}  // namespace atestore
