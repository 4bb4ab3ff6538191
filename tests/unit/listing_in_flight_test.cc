// What wide listings ask of a node at a time, however wide they are and however many there are.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/actor_store.h"
#include "store/cluster/bounded_transport.h"
#include "store/embedded/embedded_transport.h"
#include "store/options.h"
#include "store/shard_transport.h"
#include "store/transport/request_queue.h"

namespace atestore {
namespace {

constexpr size_t kActors = 20'000;
constexpr size_t kPrimaries = 3;
constexpr std::chrono::seconds kPatience(60);

// Counts the requests that each node has not answered yet.
class CountingTransport final : public ShardTransport {
 public:
  explicit CountingTransport(std::shared_ptr<EmbeddedCluster> cluster)
      : inner_(std::move(cluster)) {}

  // From now on. No node answers until each has had so many requests at a time.
  void CountAndHold(size_t requests) {
    std::lock_guard lock(mutex_);
    counting_ = true;
    hold_for_ = requests;
  }
  std::map<Endpoint, size_t> most() {
    std::lock_guard lock(mutex_);
    return most_;
  }

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    RequestQueue queue(requests);
    for (const ShardRequest& request : requests) Begin(request.endpoint);
    Hold();
    for (size_t index = 0; index < queue.size(); ++index) {
      Numbered numbered(*this, observer, index, queue[index]);
      inner_.Execute({&queue[index], 1}, deadline, numbered);
      if (numbered.failed) continue;
      std::vector<ShardRequest> more = observer.More();
      for (const ShardRequest& request : more) Begin(request.endpoint);
      queue.Append(std::move(more));
    }
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return inner_.Exclusive(); }

 private:
  struct Numbered final : ReplyObserver {
    Numbered(CountingTransport& owner, ReplyObserver& observer, size_t index,
             const ShardRequest& request)
        : owner_(owner), observer_(observer), index_(index), request_(request) {}
    void OnReply(size_t, size_t command, const ReplyView& reply) override {
      if (command + 1 == request_.pipeline.size()) owner_.End(request_.endpoint);
      observer_.OnReply(index_, command, reply);
    }
    void OnFailure(size_t, const absl::Status& status) override {
      failed = true;
      owner_.End(request_.endpoint);
      observer_.OnFailure(index_, status);
    }
    bool failed = false;

   private:
    CountingTransport& owner_;
    ReplyObserver& observer_;
    const size_t index_;
    const ShardRequest& request_;
  };

  void Begin(const Endpoint& endpoint) {
    std::lock_guard lock(mutex_);
    const size_t now = ++in_flight_[endpoint];
    if (counting_) most_[endpoint] = std::max(most_[endpoint], now);
    changed_.notify_all();
  }
  void End(const Endpoint& endpoint) {
    std::lock_guard lock(mutex_);
    --in_flight_[endpoint];
  }
  void Hold() {
    std::unique_lock lock(mutex_);
    if (!counting_) return;
    const bool held = changed_.wait_for(lock, kPatience, [this] {
      return most_.size() == kPrimaries && std::ranges::all_of(most_, [this](const auto& node) {
               return node.second >= hold_for_;
             });
    });
    EXPECT_TRUE(held) << "a node has had fewer than " << hold_for_ << " requests at a time";
  }

  EmbeddedTransport inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool counting_ = false;
  size_t hold_for_ = 0;
  std::map<Endpoint, size_t> in_flight_;
  std::map<Endpoint, size_t> most_;
};

class ListingInFlightTest : public testing::Test {
 protected:
  void SetUp() override {
    auto cluster =
        std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.primaries = kPrimaries});
    cluster->With([](mockcluster::Cluster& emulated) {
      for (size_t actor = 0; actor < kActors; ++actor) {
        ASSERT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), "{\"version\":\"1\"}").ok());
      }
    });
    auto transport = std::make_unique<CountingTransport>(cluster);
    transport_ = transport.get();
    store_ = ActorStore::Open(std::move(transport), {.seeds = cluster->Endpoints()}).value();
    // Learns what the cluster is like, which is no part of a listing.
    ASSERT_TRUE(store_->ListActors({}).ok());
  }

  template <typename Reader>
  static size_t Drain(Reader& reader) {
    size_t actors = 0;
    for (;;) {
      absl::StatusOr<ActorPage> page = reader.Next();
      if (!page.ok()) {
        EXPECT_TRUE(absl::IsFailedPrecondition(page.status())) << page.status();
        return actors;
      }
      actors += static_cast<size_t>(page->response.actors_size());
    }
  }

  void ExpectMost(size_t requests) {
    const std::map<Endpoint, size_t> most = transport_->most();
    EXPECT_EQ(most.size(), kPrimaries);
    for (const auto& [node, count] : most) EXPECT_EQ(count, requests) << ToString(node);
  }

  CountingTransport* transport_ = nullptr;
  std::unique_ptr<ActorStore> store_;
};

TEST_F(ListingInFlightTest, AWideReaderIsBoundedAtEachNode) {
  transport_->CountAndHold(kBulkRequestsPerNodeMax);
  auto reader = store_->ReadActorsWide({}, {.width = kReaderWidthMax});
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(Drain(**reader), kActors);
  ExpectMost(kBulkRequestsPerNodeMax);
}

// As a service has them whose clients each read a part.
TEST_F(ListingInFlightTest, ManyReadersTogetherAreBoundedAtEachNode) {
  ateapi::PartitionActorsRequest parts;
  parts.set_partition_count(kReaderWidthMax);
  auto tokens = store_->PartitionActors(parts);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  transport_->CountAndHold(kBulkRequestsPerNodeMax);
  std::vector<std::unique_ptr<ActorReader>> readers;
  for (const std::string& token : *tokens) {
    ateapi::ListActorsRequest request;
    request.set_page_token(token);
    auto reader = store_->ReadActors(request);
    ASSERT_TRUE(reader.ok()) << reader.status();
    readers.push_back(*std::move(reader));
  }
  size_t actors = 0;
  for (auto& reader : readers) actors += Drain(*reader);
  EXPECT_EQ(actors, kActors);
  ExpectMost(kBulkRequestsPerNodeMax);
}

TEST_F(ListingInFlightTest, CountsTogetherAreBoundedAtEachNode) {
  ateapi::PartitionActorsRequest parts;
  parts.set_partition_count(kReaderWidthMax);
  auto tokens = store_->PartitionActors(parts);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  transport_->CountAndHold(kBulkRequestsPerNodeMax);
  std::atomic<int64_t> actors = 0;
  std::vector<std::thread> threads;
  for (const std::string& token : *tokens) {
    threads.emplace_back([&, token] {
      ateapi::CountActorsRequest request;
      request.set_page_token(token);
      do {
        auto part = store_->CountActors(request);
        ASSERT_TRUE(part.ok()) << part.status();
        for (const auto& count : part->response.counts()) actors += count.count();
        request.set_page_token(part->response.next_page_token());
      } while (!request.page_token().empty());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(actors, static_cast<int64_t>(kActors));
  ExpectMost(kBulkRequestsPerNodeMax);
}

// Answers nothing until it is told to.
class HeldTransport final : public ShardTransport {
 public:
  void Execute(std::span<const ShardRequest> requests, absl::Time,
               ReplyObserver& observer) override {
    std::unique_lock lock(mutex_);
    ++executing_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
    for (size_t index = 0; index < requests.size(); ++index) {
      observer.OnFailure(index, UnavailableError("gone"));
    }
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return nullptr; }

  void WaitUntilExecuting() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return executing_ > 0; });
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t executing_ = 0;
  bool released_ = false;
};

struct Failures final : ReplyObserver {
  void OnReply(size_t, size_t, const ReplyView&) override {}
  void OnFailure(size_t request, const absl::Status& status) override {
    failed.emplace_back(request, status);
  }
  bool Abandon() override { return abandoned; }
  std::vector<std::pair<size_t, absl::Status>> failed;
  bool abandoned = false;
};

std::vector<ShardRequest> RequestsTo(const Endpoint& node, size_t count) {
  std::vector<ShardRequest> requests(count);
  for (ShardRequest& request : requests) {
    request.endpoint = node;
    request.pipeline.Add({"PING"});
  }
  return requests;
}

// The node hangs: who waits behind others gets his call back in time, and knows that nothing was
// sent; another node is not in the way.
TEST(BoundedTransportTest, WhoWaitsInVainHasSentNothing) {
  const Endpoint hung{.host = "a", .port = 1};
  HeldTransport inner;
  BoundedTransport bounded(inner, 2);
  Failures first;
  std::thread thread([&] { bounded.Execute(RequestsTo(hung, 2), absl::InfiniteFuture(), first); });
  inner.WaitUntilExecuting();
  Failures late;
  bounded.Execute(RequestsTo(hung, 3), SteadyNow() + absl::Milliseconds(30), late);
  Failures gone;
  gone.abandoned = true;
  bounded.Execute(RequestsTo(hung, 1), absl::InfiniteFuture(), gone);
  EXPECT_TRUE(first.failed.empty());
  inner.Release();
  thread.join();
  ASSERT_EQ(late.failed.size(), 3U);
  ASSERT_EQ(gone.failed.size(), 1U);
  EXPECT_EQ(late.failed[2].first, 2U);
  for (const absl::Status& status : {late.failed[0].second, gone.failed[0].second}) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
    EXPECT_TRUE(WasNotSent(status));
  }
  EXPECT_EQ(first.failed.size(), 2U);
  EXPECT_FALSE(WasNotSent(first.failed[0].second));
  // The places are free again.
  Failures next;
  bounded.Execute(RequestsTo(hung, 5), SteadyNow() + absl::Seconds(30), next);
  ASSERT_EQ(next.failed.size(), 5U);
  for (const auto& [request, status] : next.failed) EXPECT_TRUE(absl::IsUnavailable(status));
}

}  // namespace
}  // namespace atestore
