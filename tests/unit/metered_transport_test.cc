#include "apps/ateapi/metered_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/listing/migrating_slot.h"
#include "core/slot.h"
#include "mockcluster/cluster.h"
#include "store/cluster/execute_at.h"
#include "store/embedded/embedded_transport.h"

namespace atestore {
namespace {

using mockcluster::Cluster;
using mockcluster::NodeIndex;
using ::testing::HasSubstr;

// Hands on what one round of a step is answered.
class StepObserver final : public ReplyObserver {
 public:
  explicit StepObserver(ListingStep& step) : step_(step) {}
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    step_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    step_.OnFailure(request, status);
  }

 private:
  ListingStep& step_;
};

// Two nodes, and five actors whose keys all belong to one slot.
class MeteredTransportTest : public ::testing::Test {
 protected:
  static constexpr int kActors = 5;

  MeteredTransportTest() {
    cluster_->With([&](Cluster& cluster) {
      for (int i = 0; i < kActors; ++i) EXPECT_TRUE(cluster.Put(ActorKey(i), "{}").ok());
      owner_ = *cluster.OwnerOf(slot_);
      other_ = cluster.Primaries().at(owner_ == cluster.Primaries().at(0) ? 1 : 0);
      owner_endpoint_ = cluster.Node(owner_).endpoint;
      other_endpoint_ = cluster.Node(other_).endpoint;
    });
  }

  static std::string ActorKey(int number) { return absl::StrCat("actor:{tag}:", number); }

  // Sends these to the owner of the slot, in one request.
  void Send(const std::vector<std::vector<std::string_view>>& commands) {
    ShardRequest request{.endpoint = owner_endpoint_};
    for (const std::vector<std::string_view>& command : commands) request.pipeline.Add(command);
    EXPECT_TRUE(ExecuteAt(transport_, request, absl::InfiniteFuture()).ok());
  }

  void ExpectNames(int names) {
    EXPECT_THAT(metrics_.Text(), HasSubstr(absl::StrCat("ateapi_list_names_total ", names, "\n")));
  }

  const Slot slot_ = KeySlot(ActorKey(0));
  const std::string slot_text_ = absl::StrCat(slot_);
  std::shared_ptr<EmbeddedCluster> cluster_ =
      std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.primaries = 2});
  Metrics metrics_;
  NodeBulkhead nodes_{[](const std::string&) {}};
  MeteredTransport transport_{std::make_unique<EmbeddedTransport>(cluster_), metrics_, nodes_};
  NodeIndex owner_{};
  NodeIndex other_{};
  Endpoint owner_endpoint_;
  Endpoint other_endpoint_;
};

TEST_F(MeteredTransportTest, CountsTheNamesOfASlotInMigrationOnBothNodes) {
  cluster_->With([&](Cluster& cluster) {
    ASSERT_TRUE(cluster.BeginMigration(slot_, other_).ok());
    ASSERT_EQ(*cluster.MigrateKeys(slot_, 2), 2U);
  });
  const KeyFilter filter = KeyFilter::AllActors();
  MigratingSlot step({.slot = slot_, .source = owner_endpoint_, .destination = other_endpoint_},
                     &filter, HashKey, std::nullopt);
  StepObserver observer(step);
  for (auto requests = step.NextRound(); !requests.empty(); requests = step.NextRound()) {
    transport_.Execute(requests, absl::InfiniteFuture(), observer);
  }
  EXPECT_FALSE(step.error().has_value());
  ExpectNames(kActors);
}

TEST_F(MeteredTransportTest, CountsTheNamesOfSlotsAndOfScans) {
  Send({{"MULTI"},
        {"EXISTS", "nothing"},
        {"CLUSTER", "NODES"},
        {"CLUSTER", "GETKEYSINSLOT", slot_text_, "2"},  // as many as the reply to SCAN has parts
        {"CLUSTER", "GETKEYSINSLOT", slot_text_, "100"},
        {"EXEC"}});
  ExpectNames(2 + kActors);
  Send({{"MULTI"}, {"EXISTS", "nothing"}, {"SCAN", "0", "COUNT", "1000"}, {"EXEC"}});
  ExpectNames(2 + kActors + kActors);
}

TEST_F(MeteredTransportTest, CountsNothingElseAsNames) {
  Send({{"CLUSTER", "SLOTS"}});
  Send({{"MGET", "actor:{tag}:none", "actor:{tag}:1"}});
  Send({{"SCAN", "0", "COUNT", "1"}, {"CLUSTER", "GETKEYSINSLOT", slot_text_, "1"}});  // health
  Send({{"MULTI"}, {"SET", "actor:{tag}:1", "{}"}, {"EXEC"}});
  Send({{"MULTI"}, {"NONSENSE"}, {"EXEC"}});  // refused
  ExpectNames(0);
}

}  // namespace
}  // namespace atestore
