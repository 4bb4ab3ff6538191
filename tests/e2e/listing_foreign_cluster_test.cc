// A node's address passes to a node of another cluster, as pods' addresses do.
#include <set>

#include "tests/e2e/real_listing.h"

namespace atestore {
namespace {

constexpr size_t kActors = 300;
constexpr size_t kMoved = 0;  // the node of either cluster

class ForeignCluster : public RealListing {
 protected:
  // Ours has the first half of the records, the other cluster the second.
  void StartBoth() {
    const RealClusterOptions options{
        .primaries = 3, .node_timeout = absl::Seconds(3), .persistent = true};
    RealRecords all = ActorRecords(2 * kActors, 3);
    ASSERT_NO_FATAL_FAILURE(Start(options, {all.begin(), all.begin() + kActors}));
    if (!cluster_) return;
    RealClusterOptions same = options;
    same.kind = GetParam();
    absl::StatusOr<std::unique_ptr<RealCluster>> other = RealCluster::Start(same);
    ASSERT_TRUE(other.ok()) << other.status();
    other_ = *std::move(other);
    ASSERT_TRUE(other_->SetAll({all.begin() + kActors, all.end()}).ok());
    for (const auto& [key, value] : all) known_.insert(key);
    for (const auto& [key, value] : records_) known_.erase(key);
  }

  // The other cluster's node comes back where ours was.
  void TakeOver() {
    const Endpoint address = cluster_->endpoint(kMoved);
    ASSERT_TRUE(cluster_->Stop(kMoved, StopMode::kKill).ok());
    ASSERT_TRUE(other_->Stop(kMoved, StopMode::kKill).ok());
    absl::Status launched = other_->LaunchAt(kMoved, address.port);
    ASSERT_TRUE(launched.ok()) << launched;
    absl::Status settled = other_->WaitUntilSettled();
    ASSERT_TRUE(settled.ok()) << settled;
  }

  // Actors of the other cluster among those that a listing gives; how it ended.
  absl::Status ExpectNothingForeign(ActorStore& store) {
    ateapi::ListActorsRequest request;
    request.set_page_size(50);
    size_t foreign = 0;
    size_t own = 0;
    absl::Status status;
    do {
      absl::StatusOr<ActorPage> page = store.ListActors(request);
      status = page.status();
      if (!page.ok()) break;
      for (const ateapi::Actor& actor : page->response.actors()) {
        const bool is_foreign =
            known_.contains("actor:" + actor.atespace() + ":" + actor.actor_id());
        ++(is_foreign ? foreign : own);
      }
      request.set_page_token(page->response.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(foreign, 0) << "of another cluster, and " << own << " of this one";
    if (status.ok()) {
      EXPECT_EQ(own, records_.size());
    }
    return status;
  }

  std::unique_ptr<RealCluster> other_;
  std::set<std::string> known_;  // keys of the other cluster
};

INSTANTIATE_TEST_SUITE_P(Servers, ForeignCluster, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(ForeignCluster, IsNotListed) {
  ASSERT_NO_FATAL_FAILURE(StartBoth());
  if (!cluster_) return;
  std::unique_ptr<ActorStore> store = NewStore(cluster_->endpoints());
  ASSERT_TRUE(ExpectNothingForeign(*store).ok());
  ASSERT_NO_FATAL_FAILURE(TakeOver());
  // A third of ours is out of reach.
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(ExpectNothingForeign(*store).code(), absl::StatusCode::kUnavailable);
  }
  // Ours has another address now, which its other nodes know.
  absl::StatusOr<PortLease> lease = PortLease::Take();
  ASSERT_TRUE(lease.ok());
  ASSERT_TRUE(cluster_->LaunchAt(kMoved, lease->port()).ok());
  absl::Status settled = cluster_->WaitUntilSettled(absl::Seconds(60));
  ASSERT_TRUE(settled.ok()) << settled;
  absl::Status status;
  EXPECT_TRUE(Poll(absl::Seconds(30), [&] {
    status = ExpectNothingForeign(*store);
    return status.ok() || HasFailure();
  })) << status;
  ExpectComplete(*store);
}

}  // namespace
}  // namespace atestore
