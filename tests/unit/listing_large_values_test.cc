// A server that closes a connection over too many bytes (client-output-buffer-limit): the values
// are asked for in smaller portions, and the listing gets on.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "store/actor_store.h"
#include "store/embedded/embedded_transport.h"
#include "store/transport/request_queue.h"

namespace atestore {
namespace {

constexpr size_t kActors = 300;
constexpr size_t kValueBytes = 200 << 10;
constexpr size_t kOutputBytesMax = 8 << 20;

// Closes the connection instead of replying more than kOutputBytesMax to one request.
class BufferLimitedTransport final : public ShardTransport {
 public:
  explicit BufferLimitedTransport(std::shared_ptr<EmbeddedCluster> cluster)
      : inner_(std::move(cluster)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    RequestQueue queue(requests);
    for (size_t index = 0; index < queue.size(); ++index) {
      Collector collector;
      inner_.Execute({&queue[index], 1}, deadline, collector);
      if (collector.failure.ok() && collector.bytes > kOutputBytesMax) {
        ++closed;
        collector.failure = absl::UnavailableError("connection closed");
      }
      if (!collector.failure.ok()) {
        observer.OnFailure(index, collector.failure);
        continue;
      }
      for (size_t command = 0; command < collector.replies.size(); ++command) {
        observer.OnReply(index, command, collector.replies[command].view());
      }
      queue.Append(observer.More());
    }
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return inner_.Exclusive(); }

  size_t closed = 0;

 private:
  class Collector final : public ReplyObserver {
   public:
    void OnReply(size_t, size_t, const ReplyView& reply) override {
      bytes += reply.text().size();
      if (reply.is_array()) {
        for (ReplyView element : reply) bytes += element.text().size();
      }
      replies.emplace_back(reply);
    }
    void OnFailure(size_t, const absl::Status& status) override { failure = status; }

    size_t bytes = 0;
    std::vector<Reply> replies;
    absl::Status failure;
  };

  EmbeddedTransport inner_;
};

class ListingLargeValuesTest : public testing::TestWithParam<mockcluster::Flavor> {};

TEST_P(ListingLargeValuesTest, AreListedInSmallerPortions) {
  auto cluster = std::make_shared<EmbeddedCluster>(
      mockcluster::ClusterOptions{.primaries = 1, .flavor = GetParam()});
  const std::string value =
      absl::StrCat("{\"ateomPodName\":\"", std::string(kValueBytes, 'x'), "\"}");
  cluster->With([&](mockcluster::Cluster& emulated) {
    for (size_t actor = 0; actor < kActors; ++actor) {
      ASSERT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), value).ok());
    }
  });
  auto transport = std::make_unique<BufferLimitedTransport>(cluster);
  BufferLimitedTransport& limited = *transport;
  const std::unique_ptr<ActorStore> opened =
      ActorStore::Open(std::move(transport),
                       // However slow the machine is, it tries until the values fit.
                       {.seeds = cluster->Endpoints(), .retry_budget = absl::Seconds(1000)})
          .value();
  ActorStore& store = *opened;
  std::set<std::string> listed;
  ateapi::ListActorsRequest request;
  do {
    absl::StatusOr<ActorPage> page = store.ListActors(request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const ateapi::Actor& actor : page->response.actors()) {
      EXPECT_TRUE(listed.insert(actor.actor_id()).second) << actor.actor_id();
    }
    request.set_page_token(page->response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed.size(), kActors);
  EXPECT_GT(limited.closed, 0U) << "the first portions are too large, or the test tests nothing";
  EXPECT_LT(limited.closed, 10U);
}

INSTANTIATE_TEST_SUITE_P(Flavors, ListingLargeValuesTest,
                         testing::Values(mockcluster::Flavor::kRedis70,
                                         mockcluster::Flavor::kValkey80));

}  // namespace
}  // namespace atestore
