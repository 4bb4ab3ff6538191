// A node that hangs in the middle of a page: the page ends within its work budget all the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/cluster/cluster_client.h"
#include "store/embedded/embedded_transport.h"
#include "store/listing/listing.h"
#include "store/transport/request_queue.h"
#include "tests/support/manual_clock.h"

namespace atestore {
namespace {

constexpr absl::Duration kBudget = absl::Milliseconds(250);
constexpr size_t kActors = 3'000;

// From some request on, one node never answers. Time passes while it is waited for.
class HangingTransport final : public ShardTransport {
 public:
  HangingTransport(ShardTransport& inner, ManualClock& clock) : inner_(inner), clock_(clock) {}

  void HangFrom(size_t request, const Endpoint& endpoint) {
    hangs_from_ = requests_ + request;
    hung_ = endpoint;
  }

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    RequestQueue queue(requests);
    std::vector<size_t> unanswered;
    for (size_t index = 0; index < queue.size(); ++index) {
      if (requests_++ >= hangs_from_ && queue[index].endpoint == hung_) {
        unanswered.push_back(index);
        continue;
      }
      Numbered numbered(observer, index);
      inner_.Execute({&queue[index], 1}, deadline, numbered);
      queue.Append(observer.More());
    }
    if (unanswered.empty()) return;
    while (clock_.Now() < deadline && !observer.Abandon()) clock_.Advance(kAbandonPoll);
    for (size_t index : unanswered) {
      observer.OnFailure(index, absl::DeadlineExceededError("no reply before the deadline"));
    }
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return inner_.Exclusive(); }

 private:
  class Numbered final : public ReplyObserver {
   public:
    Numbered(ReplyObserver& observer, size_t index) : observer_(observer), index_(index) {}
    void OnReply(size_t, size_t command, const ReplyView& reply) override {
      observer_.OnReply(index_, command, reply);
    }
    void OnFailure(size_t, const absl::Status& status) override {
      observer_.OnFailure(index_, status);
    }

   private:
    ReplyObserver& observer_;
    const size_t index_;
  };

  ShardTransport& inner_;
  ManualClock& clock_;
  size_t requests_ = 0;
  size_t hangs_from_ = SIZE_MAX;
  Endpoint hung_;
};

// Counts records.
class CountingSink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view, std::string_view value) override {
    ++records_;
    return value.size();
  }
  size_t size() const override { return records_; }
  void Remove(std::span<const size_t> indexes) override { records_ -= indexes.size(); }
  void OnUnreadable(std::string_view, const absl::Status&) override {}

 private:
  size_t records_ = 0;
};

class ListingHungNodeTest : public testing::TestWithParam<mockcluster::Flavor> {
 protected:
  ListingHungNodeTest()
      : cluster_(
            std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.flavor = GetParam()})),
        embedded_(cluster_),
        transport_(embedded_, clock_),
        client_(transport_, clock_, cluster_->Endpoints(), {.budget = absl::Seconds(5)}) {
    cluster_->With([](mockcluster::Cluster& cluster) {
      for (size_t actor = 0; actor < kActors; ++actor) {
        EXPECT_TRUE(cluster.Put(absl::StrCat("actor:a:id-", actor), "{}").ok());
      }
    });
  }

  Endpoint OwnerOf(Slot slot) {
    return cluster_->With([&](mockcluster::Cluster& cluster) {
      return cluster.Node(*cluster.OwnerOf(slot)).endpoint;
    });
  }

  ManualClock clock_;
  std::shared_ptr<EmbeddedCluster> cluster_;
  EmbeddedTransport embedded_;
  HangingTransport transport_;
  ClusterClient client_;
};

// The page has read what the first node owns; the second one never answers.
TEST_P(ListingHungNodeTest, APageThatProgressedEndsWithinItsWorkBudget) {
  Listing listing(client_, kBudget);
  for (absl::Duration patience : {absl::Seconds(1), absl::Seconds(30), absl::InfiniteDuration()}) {
    transport_.HangFrom(0, OwnerOf(8000));
    CountingSink sink;
    const absl::Time begin = clock_.Now();
    absl::StatusOr<ListingEnd> page = listing.ListPage(
        {.filter = KeyFilter::AllActors(), .page_size = 2500, .page_bytes = 1 << 20}, sink,
        {.deadline = begin + patience});
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_GT(sink.size(), 0U);
    ASSERT_TRUE(page->next);
    EXPECT_LE(page->next->slot, 8000);
    EXPECT_LE(clock_.Now() - begin, kBudget + kAbandonPoll);
  }
}

// One that got nowhere uses the time it has, and says why it failed.
TEST_P(ListingHungNodeTest, APageThatGotNowhereIsUnavailable) {
  Listing listing(client_, kBudget);
  ASSERT_TRUE(client_.Refresh(nullptr, absl::InfiniteFuture()).ok());
  transport_.HangFrom(0, OwnerOf(0));
  CountingSink sink;
  absl::StatusOr<ListingEnd> page = listing.ListPage(
      {.filter = KeyFilter::AllActors(), .page_size = 100, .page_bytes = 1 << 20}, sink, {});
  EXPECT_TRUE(absl::IsUnavailable(page.status())) << page.status();
  EXPECT_EQ(sink.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Flavors, ListingHungNodeTest,
                         testing::Values(mockcluster::Flavor::kRedis70,
                                         mockcluster::Flavor::kValkey80));

}  // namespace
}  // namespace atestore
