// Counting by status while statuses change: who lives throughout is counted once, under a status
// that he had meanwhile.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/embedded/embedded_transport.h"
#include "store/listing/actor_listing.h"
#include "tests/support/hooked_transport.h"
#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

constexpr size_t kActors = 4'000;
constexpr size_t kThatChange = 2'000;
constexpr size_t kChangesPerRequest = 20;
const char* const kStatuses[] = {"STATUS_RUNNING", "STATUS_SUSPENDED", "STATUS_PAUSED"};
// Who has it keeps it, and nobody gets it: exactly so many are counted.
const char* const kFixedStatus = kStatuses[2];

class ListingCountsTest : public testing::TestWithParam<mockcluster::Flavor> {
 protected:
  ListingCountsTest()
      : cluster_(
            std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.flavor = GetParam()})),
        embedded_(cluster_),
        transport_(embedded_,
                   [this](const ShardRequest&) -> absl::StatusOr<std::optional<std::string>> {
                     clock_.Advance(absl::Milliseconds(5));
                     for (size_t change = 0; change < kChangesPerRequest; ++change) {
                       const size_t actor = random_() % kThatChange;
                       if (now_[actor] != kFixedStatus) Set(actor, random_() % 2);
                     }
                     return std::nullopt;
                   }),
        client_(transport_, clock_, cluster_->Endpoints(), {.budget = absl::Seconds(5)}),
        listing_(client_, {.page_work_budget = absl::Milliseconds(15)}, PageTokenCodec()),
        had_(kActors) {
    for (size_t actor = 0; actor < kActors; ++actor) Set(actor, actor);
  }

  void Set(size_t actor, size_t status) {
    const std::string name = kStatuses[status % std::size(kStatuses)];
    had_[actor].insert(name);
    now_[actor] = name;
    cluster_->With([&](mockcluster::Cluster& cluster) {
      const std::string value = absl::StrCat(R"({"status":")", name, R"("})");
      ASSERT_TRUE(cluster.Put(absl::StrCat("actor:a:id-", actor), value).ok());
    });
  }

  ManualClock clock_;
  std::shared_ptr<EmbeddedCluster> cluster_;
  EmbeddedTransport embedded_;
  HookedTransport transport_;
  ClusterClient client_;
  ActorListing listing_;
  std::mt19937 random_{20261127};           // NOLINT: the same in each run
  std::vector<std::set<std::string>> had_;  // by actor, since the count began
  std::map<size_t, std::string> now_;
};

TEST_P(ListingCountsTest, WhoLivesThroughoutCountsOnce) {
  for (int run = 0; run < 10; ++run) {
    for (const auto& [actor, status] : now_) had_[actor] = {status};
    ateapi::CountActorsRequest request;
    request.add_group_by("status");
    std::map<std::string, size_t> counts;
    size_t calls = 0;
    do {
      absl::StatusOr<ActorCounts> part = listing_.Count(request, {});
      ASSERT_TRUE(part.ok()) << part.status();
      for (const ateapi::ActorCount& count : part->response.counts()) {
        counts[count.group(0)] += static_cast<size_t>(count.count());
      }
      request.set_page_token(part->response.next_page_token());
      ++calls;
    } while (!request.page_token().empty());
    EXPECT_GT(calls, 2U);
    size_t sum = 0;
    for (const auto& [status, count] : counts) sum += count;
    EXPECT_EQ(sum, kActors);
    size_t changed = 0;
    for (const std::set<std::string>& had : had_) changed += had.size() > 1;
    EXPECT_GT(changed, 100U);
    for (const char* status : kStatuses) {
      size_t always = 0;
      size_t ever = 0;
      for (const std::set<std::string>& had : had_) {
        ever += had.contains(status);
        always += had.contains(status) && had.size() == 1;
      }
      EXPECT_GE(counts[status], always) << status;
      EXPECT_LE(counts[status], ever) << status;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Flavors, ListingCountsTest,
                         testing::Values(mockcluster::Flavor::kRedis70,
                                         mockcluster::Flavor::kValkey80));

}  // namespace
}  // namespace atestore
