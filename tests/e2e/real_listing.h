#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/actor_store.h"
#include "store/redis/redis_transport.h"
#include "tests/support/listing_audit.h"
#include "tests/support/require_server.h"

namespace atestore {

using RealRecords = std::vector<std::pair<std::string, std::string>>;

// For tests of one situation on a real cluster, where a listing may fail as long as it lasts but
// must not say that it is complete when it is not.
class RealListing : public ::testing::TestWithParam<ServerKind> {
 protected:
  // A fatal failure, or a skipped test, leaves `cluster_` null.
  void Start(RealClusterOptions options, RealRecords records) {
    ATESTORE_REQUIRE_SERVER(GetParam());
    options.kind = GetParam();
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster = RealCluster::Start(std::move(options));
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    absl::Status set = (*cluster)->SetAll(records);
    ASSERT_TRUE(set.ok()) << set;
    records_ = std::move(records);
    cluster_ = std::move(*cluster);
  }

  static std::unique_ptr<ActorStore> NewStore(std::vector<Endpoint> seeds,
                                              absl::Duration retry_budget = absl::Seconds(1)) {
    absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create({});
    EXPECT_TRUE(transport.ok()) << transport.status();
    StoreOptions options{.seeds = std::move(seeds), .retry_budget = retry_budget};
    return ActorStore::Open(std::move(*transport), options).value();
  }

  // One listing of everything, given up after `patience` of UNAVAILABLE at one place. A listing
  // that says that it is complete holds every record, once; how it ended.
  absl::Status ExpectNeverIncomplete(ActorStore& store, absl::Duration patience,
                                     bool read_ahead = false) {
    ListingAudit audit(records_, "");
    const ListingResult result = List({.patience = patience,
                                       .store = [&]() -> ActorStore& { return store; },
                                       .read_ahead = read_ahead},
                                      audit);
    if (result.status.ok()) {
      EXPECT_EQ(audit.missing(), 0) << "of " << audit.expected() << ", and the listing is complete";
      EXPECT_EQ(audit.duplicates(), 0);
      EXPECT_EQ(audit.violations(), 0);
    } else {
      EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable) << result.status;
    }
    return result.status;
  }

  // The situation is over: the listing must come to its end.
  void ExpectComplete(ActorStore& store) {
    EXPECT_TRUE(ExpectNeverIncomplete(store, absl::Seconds(40)).ok());
  }

  // Writes about a third of `records` more: those in the first third of the slots, which `node`
  // acknowledges.
  void WriteMore(size_t node, size_t records) {
    RealRecords all = ActorRecords(records_.size() + records, 3);
    std::vector<HiredisClient::Command> sets;
    for (size_t i = all.size() - records; i < all.size(); ++i) {
      if (KeySlot(all[i].first) >= kSlotCount / 3) continue;
      sets.push_back({"SET", all[i].first, all[i].second});
      records_.push_back(all[i]);
    }
    ASSERT_GT(sets.size(), records / 6);
    absl::Status status = cluster_->RunAll(node, sets).status();
    ASSERT_TRUE(status.ok()) << status;
  }

  std::unique_ptr<RealCluster> cluster_;
  RealRecords records_;
};

}  // namespace atestore
