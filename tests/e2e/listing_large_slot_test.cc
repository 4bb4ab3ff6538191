// A slot too large to be read whole, on real servers: Valkey pages inside it by a cursor that dies
// with the server's process, Redis 7.0 reads it whole.
#include <functional>

#include "core/listing/keys_plan.h"
#include "gtest/gtest.h"
#include "store/actor_store.h"
#include "store/redis/redis_transport.h"
#include "tests/support/listing_audit.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

constexpr size_t kHugeSlotActors = 4 * kWholeSlotKeys;
constexpr size_t kOtherActors = 3000;
constexpr int32_t kPageSize = 100;
constexpr size_t kPagesToTheMiddle = kHugeSlotActors / kPageSize / 2;
constexpr size_t kListedBefore = kPagesToTheMiddle * kPageSize;

class ListingHugeSlotTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override {
    ATESTORE_REQUIRE_SERVER(GetParam());
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
        RealCluster::Start({.kind = GetParam(),
                            .primaries = 2,
                            .replicas = 1,
                            .node_timeout = absl::Seconds(3),
                            .persistent = true});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = std::move(*cluster);
    // The first slot, so that the pages before the middle are known to lie in it.
    records_ = ActorRecordsInSlot(0, kHugeSlotActors);
    for (auto& record : ActorRecords(kOtherActors, 3)) records_.push_back(std::move(record));
    ASSERT_TRUE(cluster_->SetAll(records_).ok());
    ASSERT_EQ(cluster_->Run(0, {"CLUSTER", "COUNTKEYSINSLOT", "0"})->integer, kHugeSlotActors);
    for (size_t primary : {0, 1}) {
      ASSERT_EQ(cluster_->Run(primary, {"WAIT", "1", "10000"})->integer, 1);
    }
    absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
    ASSERT_TRUE(transport.ok());
    StoreOptions options{.seeds = cluster_->endpoints()};
    store_ = ActorStore::Open(std::move(*transport), options).value();
  }

  // Lists everything, with `event` in the middle of the slot, and expects nothing to be missing.
  // The duplicates.
  size_t DuplicatesWith(const std::function<absl::Status()>& event) {
    ListingAudit audit(records_, "");
    ListingResult result = List({.page_size = kPageSize,
                                 .patience = absl::Seconds(20),
                                 .store = [this]() -> ActorStore& { return *store_; },
                                 .between_pages =
                                     [&](size_t pages) {
                                       if (pages != kPagesToTheMiddle) return;
                                       absl::Status status = event();
                                       EXPECT_TRUE(status.ok()) << status;
                                     }},
                                audit);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(audit.missing(), 0);
    EXPECT_EQ(audit.violations(), 0);
    return audit.duplicates();
  }

  std::unique_ptr<RealCluster> cluster_;
  std::vector<std::pair<std::string, std::string>> records_;
  std::unique_ptr<ActorStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Servers, ListingHugeSlotTest, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(ListingHugeSlotTest, IsListedOnceWhenNothingHappens) {
  EXPECT_EQ(DuplicatesWith([] { return absl::OkStatus(); }), 0);
}

TEST_P(ListingHugeSlotTest, IsCompleteThroughARestart) {
  size_t duplicates = DuplicatesWith([&] {
    absl::Status status = cluster_->Stop(0, StopMode::kKill);
    if (status.ok()) status = cluster_->Launch(0);
    return status.ok() ? cluster_->WaitUntilSettled() : status;
  });
  // Another process has another order: what was listed of this slot may come again, nothing else.
  EXPECT_LE(duplicates, kListedBefore);
  RecordProperty("duplicates", static_cast<int>(duplicates));
  if (GetParam() == ServerKind::kRedis) {
    EXPECT_EQ(duplicates, 0);
  }
}

TEST_P(ListingHugeSlotTest, IsCompleteThroughAFailover) {
  size_t duplicates = DuplicatesWith([&] {
    absl::Status status = cluster_->Failover(2, FailoverMode::kGraceful);
    return status.ok() ? cluster_->WaitUntilSettled() : status;
  });
  EXPECT_LE(duplicates, kListedBefore);
  RecordProperty("duplicates", static_cast<int>(duplicates));
  if (GetParam() == ServerKind::kRedis) {
    EXPECT_EQ(duplicates, 0);
  }
}

}  // namespace
}  // namespace atestore
