// A listing in parts: PartitionActors() and readers of several parts at once.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/page_token.h"
#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"

namespace atestore {
namespace {

using mockcluster::Flavor;

constexpr size_t kActors = 5'000;

using Counts = std::map<std::string, int>;

class ListingPartitionsTest : public testing::TestWithParam<Flavor> {
 protected:
  void SetUp() override {
    cluster_ = std::make_shared<EmbeddedCluster>(
        mockcluster::ClusterOptions{.primaries = 5, .flavor = GetParam()});
    cluster_->With([](mockcluster::Cluster& emulated) {
      for (size_t actor = 0; actor < kActors; ++actor) {
        ASSERT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), "{\"version\":\"1\"}").ok());
      }
    });
    store_ = MakeStore();
  }

  std::unique_ptr<ActorStore> MakeStore() {
    return ActorStore::Open(
               std::make_unique<EmbeddedTransport>(cluster_),
               StoreOptions{.seeds = cluster_->Endpoints(), .retry_budget = absl::Milliseconds(50)})
        .value();
  }

  std::vector<std::string> Partition(int32_t count, const std::string& token = "") {
    ateapi::PartitionActorsRequest request;
    request.set_page_token(token);
    request.set_partition_count(count);
    absl::StatusOr<std::vector<std::string>> tokens = store_->PartitionActors(request);
    EXPECT_TRUE(tokens.ok()) << tokens.status();
    return tokens.ok() ? *tokens : std::vector<std::string>();
  }

  // Takes up to `pages_max` pages; what is left then.
  std::vector<std::string> Read(const WideRead& wide, size_t pages_max, Counts* counts) {
    std::unique_ptr<ActorStore> store = MakeStore();
    ateapi::ListActorsRequest request;
    request.set_page_size(100);
    absl::StatusOr<std::unique_ptr<WideActorReader>> reader = store->ReadActorsWide(request, wide);
    EXPECT_TRUE(reader.ok()) << reader.status();
    if (!reader.ok()) return {};
    for (size_t page = 0; page < pages_max && !(*reader)->page_tokens().empty(); ++page) {
      absl::StatusOr<ActorPage> next = (*reader)->Next();
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok()) break;
      for (const ateapi::Actor& actor : next->response.actors()) ++(*counts)[actor.actor_id()];
    }
    return (*reader)->page_tokens();
  }

  static void ExpectEachOnce(const Counts& counts) {
    EXPECT_EQ(counts.size(), kActors);
    for (const auto& [actor, count] : counts) EXPECT_EQ(count, 1) << actor;
  }

  std::shared_ptr<EmbeddedCluster> cluster_;
  std::unique_ptr<ActorStore> store_;
};

TEST_P(ListingPartitionsTest, AsManyPartsAsPrimariesWhenNobodySaysHowMany) {
  EXPECT_EQ(Partition(0).size(), 5U);
  EXPECT_EQ(Partition(1).size(), 1U);
  EXPECT_EQ(Partition(2'000'000'000).size(), static_cast<size_t>(kPartitionsMax));
}

TEST_P(ListingPartitionsTest, RefusesANegativeCount) {
  ateapi::PartitionActorsRequest request;
  request.set_partition_count(-1);
  absl::StatusOr<std::vector<std::string>> tokens = store_->PartitionActors(request);
  EXPECT_TRUE(absl::IsInvalidArgument(tokens.status()));
  EXPECT_EQ(GetErrorInfo(tokens.status())->field, "partition_count");
}

// Each part by calls of its own, as other processes would.
TEST_P(ListingPartitionsTest, PartsTogetherHoldEveryActorOnce) {
  Counts counts;
  for (std::string token : Partition(7)) {
    ateapi::ListActorsRequest request;
    request.set_page_size(100);
    do {
      request.set_page_token(token);
      absl::StatusOr<ActorPage> page = store_->ListActors(request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const ateapi::Actor& actor : page->response.actors()) ++counts[actor.actor_id()];
      token = page->response.next_page_token();
      EXPECT_LE(token.size(), kPageTokenLengthMax);
    } while (!token.empty());
  }
  ExpectEachOnce(counts);
}

TEST_P(ListingPartitionsTest, AWideReaderReadsEveryActorOnce) {
  for (size_t width : {0, 1, 3, 16, 1000}) {
    Counts counts;
    EXPECT_TRUE(Read({.width = width}, SIZE_MAX, &counts).empty());
    ExpectEachOnce(counts);
  }
}

TEST_P(ListingPartitionsTest, WhatIsLeftIsReadWithAnotherWidthByAnotherProcess) {
  Counts counts;
  std::vector<std::string> left;
  size_t width = 8;
  do {
    left = Read({.page_tokens = left, .width = width}, 9, &counts);
    width = width == 8 ? 3 : width == 3 ? 11 : 1;
  } while (!left.empty());
  ExpectEachOnce(counts);
}

TEST_P(ListingPartitionsTest, AnErrorOfOnePartLeavesTokensThatGoOn) {
  Counts counts;
  std::vector<std::string> left = Read({.width = 5}, 7, &counts);
  std::vector<mockcluster::NodeIndex> primaries;
  cluster_->With([&](mockcluster::Cluster& cluster) {
    primaries = cluster.Primaries();
    ASSERT_TRUE(cluster.Kill(primaries[2]).ok());
  });
  std::unique_ptr<ActorStore> store = MakeStore();
  absl::StatusOr<std::unique_ptr<WideActorReader>> reader =
      store->ReadActorsWide({}, {.page_tokens = left, .width = 5});
  ASSERT_TRUE(reader.ok()) << reader.status();
  for (;;) {
    absl::StatusOr<ActorPage> page = (*reader)->Next();
    if (!page.ok()) {
      EXPECT_TRUE(absl::IsUnavailable(page.status())) << page.status();
      break;
    }
    for (const ateapi::Actor& actor : page->response.actors()) ++counts[actor.actor_id()];
  }
  left = (*reader)->page_tokens();
  EXPECT_FALSE(left.empty());
  cluster_->With([&](mockcluster::Cluster& cluster) {
    ASSERT_TRUE(cluster.Restart(primaries[2], mockcluster::RestartMode::kKeepData).ok());
    cluster.AdvanceTime(10'000);
    cluster.Settle();
  });
  EXPECT_TRUE(Read({.page_tokens = left, .width = 2}, SIZE_MAX, &counts).empty());
  ExpectEachOnce(counts);
}

INSTANTIATE_TEST_SUITE_P(Flavors, ListingPartitionsTest,
                         testing::Values(Flavor::kRedis70, Flavor::kValkey80));

}  // namespace
}  // namespace atestore
