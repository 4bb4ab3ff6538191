// Listings and counts of a part of what there is, over the embedded cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"

namespace atestore {
namespace {

using mockcluster::Flavor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kActors = 6000;

std::string StatusOf(int actor) { return actor % 100 == 7 ? "STATUS_RUNNING" : "STATUS_PAUSED"; }

std::string ValueOf(int actor) {
  return absl::StrCat(R"({"actorId":"id-)", actor, R"(","version":")", actor % 10,
                      R"(","status":")", StatusOf(actor),
                      R"(","workerSelector":{"matchLabels":{"zone":")", actor % 3,
                      R"("}},"ateomPodIp":"10.0.0.1"})");
}

// The commands by their names.
class CountingTransport final : public ShardTransport {
 public:
  explicit CountingTransport(std::shared_ptr<EmbeddedCluster> cluster)
      : transport_(std::move(cluster)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    Observer counting(*this, observer);
    Count(requests);
    transport_.Execute(requests, deadline, counting);
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return transport_.Exclusive(); }

  size_t values_asked_for = 0;  // commands that read values

 private:
  class Observer final : public ReplyObserver {
   public:
    Observer(CountingTransport& transport, ReplyObserver& next)
        : transport_(transport), next_(next) {}
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      next_.OnReply(request, command, reply);
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      next_.OnFailure(request, status);
    }
    std::vector<ShardRequest> More() override {
      std::vector<ShardRequest> more = next_.More();
      transport_.Count(more);
      return more;
    }

   private:
    CountingTransport& transport_;
    ReplyObserver& next_;
  };

  void Count(std::span<const ShardRequest> requests) {
    for (const ShardRequest& request : requests) {
      const std::string_view bytes = request.pipeline.bytes();
      if (bytes.find("GET\r\n") != std::string_view::npos) ++values_asked_for;
    }
  }

  EmbeddedTransport transport_;
};

class ListingAskingTest : public ::testing::TestWithParam<Flavor> {
 protected:
  ListingAskingTest() {
    auto cluster =
        std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.flavor = GetParam()});
    cluster->With([](mockcluster::Cluster& emulated) {
      for (int actor = 0; actor < kActors; ++actor) {
        const std::string key = absl::StrCat("actor:a", actor % 2, ":id-", actor);
        EXPECT_TRUE(emulated.Put(key, ValueOf(actor)).ok());
      }
      EXPECT_TRUE(emulated.Put("actor:a0:broken", "no json").ok());
      EXPECT_TRUE(
          emulated.Put("actor:a0:half", R"({"status":"STATUS_RUNNING","version":"x"})").ok());
    });
    const std::vector<Endpoint> seeds = cluster->Endpoints();
    auto transport = std::make_unique<CountingTransport>(std::move(cluster));
    transport_ = transport.get();
    store_ =
        ActorStore::Open(std::move(transport),
                         StoreOptions{.seeds = seeds, .page_work_budget = absl::InfiniteDuration()})
            .value();
  }

  struct Listed {
    std::multiset<std::string> ids;
    std::vector<ateapi::Actor> actors;
    int64_t skipped = 0;
    size_t examined = 0;
    size_t matched = 0;
    size_t pages = 0;
    size_t full_pages = 0;
  };
  void Take(const ActorPage& page, Listed* listed) {
    ++listed->pages;
    for (const ateapi::Actor& actor : page.response.actors()) {
      listed->ids.insert(actor.actor_id());
      listed->actors.push_back(actor);
    }
    if (page.response.actors_size() == 100) ++listed->full_pages;
    listed->skipped += page.skipped_records;
    listed->examined += page.counters.examined;
    listed->matched += page.counters.matched;
  }
  Listed List(ateapi::ListActorsRequest request) {
    request.set_page_size(100);
    Listed listed;
    do {
      const absl::StatusOr<ActorPage> page = store_->ListActors(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_LE(page->response.actors_size(), 100);
      Take(*page, &listed);
      request.set_page_token(page->response.next_page_token());
    } while (!request.page_token().empty());
    return listed;
  }
  Listed Read(ateapi::ListActorsRequest request) {
    request.set_page_size(100);
    Listed listed;
    auto reader = store_->ReadActors(request);
    EXPECT_TRUE(reader.ok()) << reader.status();
    for (bool more = reader.ok(); more;) {
      const absl::StatusOr<ActorPage> page = (*reader)->Next();
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      Take(*page, &listed);
      more = !page->response.next_page_token().empty();
    }
    return listed;
  }
  std::map<std::vector<std::string>, int64_t> Count(ateapi::CountActorsRequest request) {
    std::map<std::vector<std::string>, int64_t> counts;
    do {
      const absl::StatusOr<ActorCounts> page = store_->CountActors(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const ateapi::ActorCount& count : page->response.counts()) {
        counts[{count.group().begin(), count.group().end()}] += count.count();
      }
      request.set_page_token(page->response.next_page_token());
    } while (!request.page_token().empty());
    return counts;
  }

  CountingTransport* transport_ = nullptr;
  std::unique_ptr<ActorStore> store_;
};

ateapi::ListActorsRequest Asking(const std::string& filter, const std::vector<std::string>& mask) {
  ateapi::ListActorsRequest request;
  request.set_filter(filter);
  for (const std::string& path : mask) request.mutable_read_mask()->add_paths(path);
  return request;
}

TEST_P(ListingAskingTest, AFilterReturnsExactlyWhatMatches) {
  for (const bool by_calls : {true, false}) {
    const ateapi::ListActorsRequest request = Asking("status = RUNNING AND version > 3", {});
    const Listed listed = by_calls ? List(request) : Read(request);
    // Every hundredth, with version 7; "half" matches as far as it can be read.
    EXPECT_EQ(listed.ids.size(), kActors / 100u);
    EXPECT_EQ(listed.matched, listed.ids.size());
    EXPECT_EQ(listed.examined, kActors + 2u);
    EXPECT_LE(listed.pages, 2u) << "pages are filled, not cut";
    for (const ateapi::Actor& actor : listed.actors) {
      EXPECT_EQ(actor.status(), ateapi::Actor::STATUS_RUNNING);
      EXPECT_EQ(actor.ateom_pod_ip(), "10.0.0.1");
    }
    EXPECT_EQ(listed.skipped, 2);
  }
}

TEST_P(ListingAskingTest, FiltersThatWantEverythingOrNothing) {
  const Listed all = List(Asking("version >= 0", {}));
  EXPECT_EQ(all.ids.size(), static_cast<size_t>(kActors));
  EXPECT_GE(all.full_pages + 1, all.pages);
  EXPECT_EQ(List(Asking("version < 0", {})).ids.size(), 0u);
}

TEST_P(ListingAskingTest, WhatKeysDecideCostsNoValues) {
  const Listed none = List(Asking("atespace = nowhere AND status = RUNNING", {}));
  EXPECT_EQ(none.ids.size(), 0u);
  EXPECT_EQ(transport_->values_asked_for, 0u);
  const Listed names = List(Asking("actor_id = id-1*", {"actor_id"}));
  EXPECT_EQ(names.ids.size(), 1111u);
  EXPECT_EQ(transport_->values_asked_for, 0u);
  for (const ateapi::Actor& actor : names.actors) EXPECT_EQ(actor.atespace(), "");
}

TEST_P(ListingAskingTest, NamesAloneAreReadWithoutValues) {
  for (const bool by_calls : {true, false}) {
    const ateapi::ListActorsRequest request = Asking("", {"atespace", "actor_id"});
    const Listed listed = by_calls ? List(request) : Read(request);
    // Also those that cannot be read: that is not known.
    EXPECT_EQ(listed.ids.size(), kActors + 2u);
    EXPECT_EQ(listed.skipped, 0);
    EXPECT_EQ(std::set<std::string>(listed.ids.begin(), listed.ids.end()).size(), kActors + 2u);
    for (const ateapi::Actor& actor : listed.actors) {
      EXPECT_FALSE(actor.atespace().empty());
      EXPECT_EQ(actor.version(), 0);
    }
  }
  EXPECT_EQ(transport_->values_asked_for, 0u);
}

TEST_P(ListingAskingTest, AMaskReadsItsFieldsAlone) {
  const Listed listed =
      List(Asking("worker_selector.match_labels.zone = 1", {"actor_id", "version"}));
  EXPECT_EQ(listed.ids.size(), kActors / 3u);
  for (const ateapi::Actor& actor : listed.actors) {
    EXPECT_FALSE(actor.has_worker_selector());
    EXPECT_EQ(actor.atespace(), "");
    EXPECT_EQ(actor.status(), ateapi::Actor::STATUS_UNSPECIFIED);
    EXPECT_EQ(actor.version(), std::stoll(actor.actor_id().substr(3)) % 10);
  }
  // What is not asked for is not looked at: one more than the whole listing can read.
  EXPECT_EQ(List(Asking("", {"status"})).actors.size(), kActors + 1u);
}

TEST_P(ListingAskingTest, ATokenIsBoundToItsFilterNotToItsMask) {
  ateapi::ListActorsRequest request = Asking("status = PAUSED", {"actor_id"});
  request.set_page_size(10);
  const absl::StatusOr<ActorPage> page = store_->ListActors(request);
  ASSERT_TRUE(page.ok()) << page.status();
  request.set_page_token(page->response.next_page_token());
  request.mutable_read_mask()->add_paths("version");
  EXPECT_TRUE(store_->ListActors(request).ok());
  for (const std::string filter : {"", "status = RUNNING"}) {
    request.set_filter(filter);
    const absl::Status status = store_->ListActors(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(GetErrorInfo(status)->reason, "PAGE_TOKEN_OF_OTHER_REQUEST");
  }
}

TEST_P(ListingAskingTest, WhatIsWrongIsRefused) {
  EXPECT_EQ(GetErrorInfo(store_->ListActors(Asking("stauts = 1", {})).status())->reason,
            "FILTER_INVALID");
  EXPECT_EQ(GetErrorInfo(store_->ListActors(Asking("", {"stauts"})).status())->reason,
            "READ_MASK_INVALID");
  EXPECT_EQ(GetErrorInfo(store_->ReadActors(Asking("(", {})).status())->reason, "FILTER_INVALID");
  ateapi::CountActorsRequest count;
  for (const std::string path : {"stauts", "worker_selector", "worker_selector.match_labels"}) {
    count.clear_group_by();
    count.add_group_by(path);
    EXPECT_EQ(GetErrorInfo(store_->CountActors(count).status())->reason, "GROUP_BY_INVALID");
  }
}

TEST_P(ListingAskingTest, CountsByFields) {
  ateapi::CountActorsRequest request;
  using Counts = std::map<std::vector<std::string>, int64_t>;
  EXPECT_EQ(Count(request), (Counts{{{}, kActors + 2}}));
  request.set_atespace("a1");
  EXPECT_EQ(Count(request), (Counts{{{}, kActors / 2}}));
  request.clear_atespace();
  request.add_group_by("atespace");
  EXPECT_EQ(Count(request), (Counts{{{"a0"}, kActors / 2 + 2}, {{"a1"}, kActors / 2}}));
  EXPECT_EQ(transport_->values_asked_for, 0u);
  request.set_group_by(0, "status");
  // "half" can be read as far as it is asked for.
  EXPECT_EQ(Count(request), (Counts{{{"STATUS_PAUSED"}, kActors / 100 * 99},
                                    {{"STATUS_RUNNING"}, kActors / 100 + 1}}));
  request.add_group_by("worker_selector.match_labels.zone");
  request.set_filter("version = 7 AND status = RUNNING");
  EXPECT_EQ(Count(request), (Counts{{{"STATUS_RUNNING", "0"}, 20},
                                    {{"STATUS_RUNNING", "1"}, 20},
                                    {{"STATUS_RUNNING", "2"}, 20}}));
}

TEST_P(ListingAskingTest, AListingGoesOnAsACount) {
  ateapi::ListActorsRequest listing = Asking("status = PAUSED", {});
  listing.set_page_size(1000);
  const absl::StatusOr<ActorPage> page = store_->ListActors(listing);
  ASSERT_TRUE(page.ok()) << page.status();
  ateapi::CountActorsRequest rest;
  rest.set_filter("status = PAUSED");
  rest.set_page_token(page->response.next_page_token());
  const int64_t listed = page->response.actors_size();
  EXPECT_EQ((Count(rest)[{}]), kActors / 100 * 99 - listed);
}

TEST_P(ListingAskingTest, TooManyGroupsAreAnErrorThatSaysSo) {
  auto cluster =
      std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.flavor = GetParam()});
  cluster->With([](mockcluster::Cluster& emulated) {
    for (int actor = 0; actor < 11'000; ++actor) {
      EXPECT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), "{}").ok());
    }
  });
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(
          std::make_unique<EmbeddedTransport>(cluster),
          {.seeds = cluster->Endpoints(), .page_work_budget = absl::InfiniteDuration()})
          .value();
  ActorStore& store = *opened;
  ateapi::CountActorsRequest request;
  request.add_group_by("actor_id");
  const absl::Status status = store.CountActors(request).status();
  EXPECT_EQ(GetErrorInfo(status)->reason, "TOO_MANY_GROUPS");
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 10000 different values"));
}

INSTANTIATE_TEST_SUITE_P(Flavors, ListingAskingTest,
                         ::testing::Values(Flavor::kRedis70, Flavor::kValkey91));

}  // namespace
}  // namespace atestore
