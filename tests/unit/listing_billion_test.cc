// A billion computed actors: a page or a count that finds next to nothing ends within its budget
// all the same, and gets on. Time passes with each request.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/embedded/embedded_transport.h"
#include "store/listing/actor_listing.h"
#include "tests/support/hooked_transport.h"
#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

constexpr uint64_t kActors = 1'000'000'000;
constexpr absl::Duration kBudget = absl::Milliseconds(250);
// About what a node takes for 1,000 names or 256 values, over a network.
constexpr absl::Duration kRequestTime = absl::Milliseconds(1);
// What is in flight when no more work is begun.
constexpr absl::Duration kLastRound = absl::Milliseconds(8);
constexpr size_t kExaminedMin = 10'000;  // by a page that looks at values

class ListingBillionTest : public testing::Test {
 protected:
  ListingBillionTest()
      : cluster_(std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{
            .synthetic = mockcluster::SyntheticActors{.actors = kActors}})),
        embedded_(cluster_),
        transport_(embedded_,
                   [this](const ShardRequest&) -> absl::StatusOr<std::optional<std::string>> {
                     clock_.Advance(kRequestTime);
                     return std::nullopt;
                   }),
        client_(transport_, clock_, cluster_->Endpoints(), {.budget = absl::Seconds(5)}),
        listing_(client_, {.page_work_budget = kBudget}, PageTokenCodec()) {
    EXPECT_TRUE(listing_.ListPage<ActorPage>({}, {}, {}).ok());  // learns what the cluster is like
  }

  struct Walked {
    size_t examined = 0;
    size_t matched = 0;
    size_t short_pages = 0;  // ended by the budget
    double progress = 0;
  };
  Walked Walk(const std::string& filter, size_t pages) {
    Walked walked;
    double progress = 0;
    ateapi::ListActorsRequest request;
    request.set_page_size(kPageSizeMax);
    request.set_filter(filter);
    for (size_t page = 0; page < pages; ++page) {
      const absl::Time begin = clock_.Now();
      absl::StatusOr<ActorPage> got = listing_.ListPage<ActorPage>(request, {}, {});
      EXPECT_TRUE(got.ok()) << got.status();
      if (!got.ok()) break;
      EXPECT_LE(clock_.Now() - begin, kBudget + kLastRound);
      EXPECT_NE(got->response.next_page_token(), request.page_token());
      EXPECT_GE(got->progress, progress);
      EXPECT_LE(got->response.next_page_token().size(), kPageTokenLengthMax);
      progress = got->progress;
      walked.examined += got->counters.examined;
      walked.matched += static_cast<size_t>(got->response.actors_size());
      walked.short_pages += got->response.actors_size() < kPageSizeMax;
      request.set_page_token(got->response.next_page_token());
    }
    walked.progress = progress;
    return walked;
  }

  // By calls of CountActors; how many are counted.
  int64_t Count(const ateapi::CountActorsRequest& asked, size_t calls) {
    ateapi::CountActorsRequest request = asked;
    int64_t counted = 0;
    double progress = 0;
    for (size_t call = 0; call < calls; ++call) {
      const absl::Time begin = clock_.Now();
      absl::StatusOr<ActorCounts> part = listing_.Count(request, {});
      EXPECT_TRUE(part.ok()) << part.status();
      if (!part.ok()) break;
      EXPECT_LE(clock_.Now() - begin, kBudget + kLastRound);
      EXPECT_NE(part->response.next_page_token(), request.page_token());
      EXPECT_GE(part->progress, progress);
      progress = part->progress;
      int64_t here = 0;
      for (const ateapi::ActorCount& count : part->response.counts()) here += count.count();
      EXPECT_GT(here, 0);
      EXPECT_LE(here, static_cast<int64_t>(kCountRecordsMax));
      counted += here;
      request.set_page_token(part->response.next_page_token());
    }
    return counted;
  }

  ManualClock clock_;
  std::shared_ptr<EmbeddedCluster> cluster_;
  EmbeddedTransport embedded_;
  HookedTransport transport_;
  ClusterClient client_;
  ActorListing listing_;
};

TEST_F(ListingBillionTest, AFilterThatMatchesNothing) {
  const Walked walked = Walk("status = STATUS_PAUSED", 4);
  EXPECT_EQ(walked.matched, 0U);
  EXPECT_EQ(walked.short_pages, 4U);
  EXPECT_GT(walked.examined, 4 * kExaminedMin);
}

// 1 of 65,536 addresses.
TEST_F(ListingBillionTest, AFilterThatMatchesNextToNothing) {
  const Walked walked = Walk("ateom_pod_ip = \"10.1.2.*\"", 8);
  EXPECT_GT(walked.matched, 0U);
  EXPECT_LT(walked.matched, 20U);
  EXPECT_EQ(walked.short_pages, 8U);
  EXPECT_GT(walked.examined, 8 * kExaminedMin);
}

// One actor a slot, decided on names: no other one is examined.
TEST_F(ListingBillionTest, AFilterOnNamesThatMatchesOneOfASlot) {
  const Walked walked = Walk("actor_id = \"a00000abc-*\"", 4);
  EXPECT_GT(walked.matched, 1U);
  EXPECT_EQ(walked.examined, walked.matched);
  // One in 61,000, and a slot that is not done with.
  EXPECT_GE(walked.progress * kSlotCount + 1, static_cast<double>(walked.matched));
}

TEST_F(ListingBillionTest, CountsEndWithinTheirBudget) {
  EXPECT_GT(Count({}, 3), 300'000);
  ateapi::CountActorsRequest by_status;
  by_status.add_group_by("status");
  EXPECT_GT(Count(by_status, 3), static_cast<int64_t>(3 * kExaminedMin));
}

}  // namespace
}  // namespace atestore
