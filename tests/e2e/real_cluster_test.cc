#include "tests/support/real_cluster.h"

#include <algorithm>

#include "core/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/require_server.h"
#include "tests/support/slot_move.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class RealClusterTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void Start(RealClusterOptions options) {
    ATESTORE_REQUIRE_SERVER(GetParam());
    options.kind = GetParam();
    absl::StatusOr<std::unique_ptr<RealCluster>> started = RealCluster::Start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.status();
    cluster_ = std::move(*started);
  }

  std::string Get(size_t node, const std::string& key) {
    absl::StatusOr<HiredisReply> reply = cluster_->Run(node, {"GET", key});
    return reply.ok() ? reply->text : std::string(ToStd(reply.status().message()));
  }

  std::unique_ptr<RealCluster> cluster_;
};

INSTANTIATE_TEST_SUITE_P(Servers, RealClusterTest, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(RealClusterTest, FailsOverAndKeepsDataThroughAKill) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 2, .replicas = 1, .persistent = true}));
  if (!cluster_) return;
  ASSERT_TRUE(cluster_->SetAll({{"x", "1"}, {"0", "2"}}).ok());
  EXPECT_EQ(KeySlot("x") / (kSlotCount / 2), 1);
  EXPECT_EQ(Get(1, "x"), "1");

  ASSERT_TRUE(cluster_->Failover(3, FailoverMode::kGraceful).ok());
  ASSERT_TRUE(cluster_->WaitUntilSettled().ok());
  EXPECT_EQ(*cluster_->OwnerOf(KeySlot("x")), 3);
  EXPECT_THAT(*cluster_->ReplicasOf(3), ElementsAre(1));
  EXPECT_THAT(*cluster_->Primaries(), UnorderedElementsAre(0, 3));
  EXPECT_EQ(Get(3, "x"), "1");

  ASSERT_TRUE(cluster_->Stop(3, StopMode::kKill).ok());
  ASSERT_TRUE(cluster_->Launch(3).ok());
  absl::Status settled = cluster_->WaitUntilSettled();
  ASSERT_TRUE(settled.ok()) << settled;
  EXPECT_EQ(Get(*cluster_->OwnerOf(KeySlot("x")), "x"), "1");
}

TEST_P(RealClusterTest, MovesASlotStepByStep) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 2}));
  if (!cluster_) return;
  std::vector<std::pair<std::string, std::string>> records;
  for (int i = 0; i < 250; ++i) records.emplace_back("{x}" + std::to_string(i), "v");
  ASSERT_TRUE(cluster_->SetAll(records).ok());
  SlotMove move{.slot = KeySlot("x"), .from = 1, .to = 0};
  std::string slot = std::to_string(move.slot);
  auto count = [&](size_t node) {
    return cluster_->Run(node, {"CLUSTER", "COUNTKEYSINSLOT", slot})->integer;
  };

  ASSERT_TRUE(BeginMove(*cluster_, move).ok());
  EXPECT_EQ(*MoveKeys(*cluster_, move, 120), 120);
  EXPECT_EQ(count(0), 120);
  absl::Status aborted = AbortMove(*cluster_, move);
  ASSERT_TRUE(aborted.ok()) << aborted;
  EXPECT_EQ(count(0), 0);
  EXPECT_EQ(count(1), 250);

  absl::Status moved = MoveSlot(*cluster_, move);
  ASSERT_TRUE(moved.ok()) << moved;
  ASSERT_TRUE(cluster_->WaitUntilSettled().ok());
  EXPECT_EQ(*cluster_->OwnerOf(move.slot), 0);
  EXPECT_EQ(count(0), 250);
  EXPECT_THAT(Get(1, "{x}1"), HasSubstr("MOVED " + slot));
}

TEST_P(RealClusterTest, SpeaksTlsAndKnowsUsers) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 1,
                                 .replicas = 1,
                                 .tls = true,
                                 .tls_client_certificates = true,
                                 .password = "secret",
                                 .users = {"ate on >word ~actor:* +get"}}));
  if (!cluster_) return;
  const TlsFiles& files = cluster_->tls_files();
  std::vector<std::string> tls{"--tls",
                               "--cacert",
                               files.ca.string(),
                               "--cert",
                               files.client_bundle.string(),
                               "--key",
                               files.client_bundle.string(),
                               "-p",
                               std::to_string(cluster_->endpoint(0).port)};
  std::vector<std::string> ping = tls;
  ping.push_back("PING");
  EXPECT_THAT(*cluster_->RunCli(ping), HasSubstr("PONG"));
  std::vector<std::string> get = tls;
  get.insert(get.end(), {"--user", "ate", "--pass", "word", "GET", "other"});
  EXPECT_THAT(*cluster_->RunCli(get), HasSubstr("NOPERM"));
}

TEST_P(RealClusterTest, GrowsAndReshards) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 2, .password = "secret"}));
  if (!cluster_) return;
  ASSERT_TRUE(cluster_->SetAll({{"x", "1"}}).ok());
  absl::StatusOr<size_t> added = cluster_->AddNode();
  ASSERT_TRUE(added.ok()) << added.status();
  std::string address = ToString(cluster_->endpoint(0));
  absl::StatusOr<std::string> output =
      cluster_->RunCli({"--cluster", "reshard", address, "--cluster-from", "all", "--cluster-to",
                        cluster_->id(*added), "--cluster-slots", "200", "--cluster-yes"});
  ASSERT_TRUE(output.ok()) << output.status();
  ASSERT_TRUE(cluster_->WaitUntilSettled().ok());
  EXPECT_THAT(*cluster_->Primaries(), UnorderedElementsAre(0, 1, *added));
}

// The relay does to the bus what a network would.
TEST_P(RealClusterTest, ANodeBehindACutBusIsReplaced) {
  ASSERT_NO_FATAL_FAILURE(
      Start({.primaries = 3, .replicas = 1, .node_timeout = absl::Seconds(1), .bus_relay = true}));
  if (!cluster_) return;
  for (size_t other = 1; other < cluster_->size(); ++other) {
    cluster_->relay().Cut(0, other);
    cluster_->relay().Cut(other, 0);
  }
  auto sees_replacement = [&](size_t node) {
    absl::StatusOr<std::vector<ServerLine>> view = cluster_->View(node);
    return view.ok() && std::any_of(view->begin(), view->end(), [](const ServerLine& line) {
             return line.node == 3 && line.is_primary && !line.slots.empty();
           });
  };
  EXPECT_TRUE(Poll(absl::Seconds(40), [&] { return sees_replacement(1); }));
  EXPECT_FALSE(sees_replacement(0));  // nobody could tell it
  EXPECT_GT(cluster_->relay().lost(), 0);
  cluster_->relay().MendAll();
  absl::Status settled = cluster_->WaitUntilSettled();
  ASSERT_TRUE(settled.ok()) << settled;
  EXPECT_THAT(*cluster_->ReplicasOf(3), ElementsAre(0));
}

}  // namespace
}  // namespace atestore
