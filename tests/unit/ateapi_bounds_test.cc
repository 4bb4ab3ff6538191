#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "apps/ateapi/node_bulkhead.h"
#include "apps/ateapi/places.h"
#include "apps/ateapi/port_probe.h"
#include "apps/ateapi/readiness.h"
#include "apps/ateapi/worker_pool.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/options.h"
#include "store/shard_transport.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

TEST(Places, NoPeerGetsMoreThanItsShare) {
  Places places({.total = 4, .per_peer = 3}, {});
  std::vector<Places::Place> taken(5);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(places.Take("a", &taken[i]), Places::Outcome::kTaken);
  }
  EXPECT_EQ(places.Take("a", &taken[3]), Places::Outcome::kPeerHasTooMany);
  EXPECT_EQ(places.Take("b", &taken[3]), Places::Outcome::kTaken);
  EXPECT_EQ(places.Take("b", &taken[4]), Places::Outcome::kFull);
  taken[0].Release();
  EXPECT_EQ(places.Take("b", &taken[4]), Places::Outcome::kTaken);
}

// Lets threads wait until told to go on.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitFor(int threads) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ == threads; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

TEST(WorkerPool, RefusesWhatFindsNoThreadAndWhatWaitsTooLong) {
  Gate gate;
  std::atomic<int> refused{0};
  {
    WorkerPool pool({.threads_max = 2, .queue_max = 1, .wait_max = absl::ZeroDuration()}, {});
    for (int i = 0; i < 2; ++i) pool.Run([&](bool) { gate.Wait(); });
    gate.WaitFor(2);
    const auto count = [&](bool may_run) { refused += may_run ? 0 : 1; };
    pool.Run(count);
    EXPECT_EQ(refused, 0);
    pool.Run(count);
    EXPECT_EQ(refused, 1);
    const absl::Time begin = SteadyNow();
    while (SteadyNow() == begin) std::this_thread::yield();
    pool.RefuseOverdue();
    EXPECT_EQ(refused, 2);
    gate.Open();
  }
  EXPECT_EQ(refused, 2);
}

// So many threads that wait for a node until the gate opens.
class Waiters {
 public:
  Waiters(NodeBulkhead& bulkhead, NodeBulkhead::Node& node, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      threads_.emplace_back([&] {
        EXPECT_TRUE(bulkhead.Enter(node).ok());
        gate_.Wait();
        bulkhead.Leave(node);
      });
    }
    gate_.WaitFor(static_cast<int>(count));
  }
  ~Waiters() {
    gate_.Open();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  Gate gate_;
  std::vector<std::thread> threads_;
};

// The patience has to pass for real: the bulkhead is about time.
void LetPass(absl::Duration time) {
  const absl::Time end = SteadyNow() + time;
  while (SteadyNow() < end) std::this_thread::yield();
}

TEST(NodeBulkhead, RefusesWhatComesToASilentNodeOnly) {
  int refusals = 0;
  NodeBulkhead bulkhead([&](const std::string& node) {
    EXPECT_EQ(node, "10.0.0.1:7000");
    ++refusals;
  });
  NodeBulkhead::Node& silent = bulkhead.Find("10.0.0.1:7000");
  NodeBulkhead::Node& other = bulkhead.Find("10.0.0.2:7000");
  Waiters waiters(bulkhead, silent, kSilentNode.waiting_max);
  Waiters busy(bulkhead, other, kSilentNode.waiting_max);
  LetPass(kSilentNode.silence);
  NodeBulkhead::Heard(other);
  const absl::Status status = bulkhead.Enter(silent);
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_TRUE(WasNotSent(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("10.0.0.1:7000"));
  EXPECT_EQ(refusals, 1);
  EXPECT_TRUE(bulkhead.Enter(other).ok());
  bulkhead.Leave(other);
  {
    const NodeBulkhead::Exemption exemption;
    EXPECT_TRUE(bulkhead.Enter(silent).ok());
    bulkhead.Leave(silent);
  }
  NodeBulkhead::Heard(silent);
  EXPECT_TRUE(bulkhead.Enter(silent).ok());
  bulkhead.Leave(silent);
}

TEST(NodeBulkhead, CallsBetweenTwoAttemptsCountAndMayGoOn) {
  NodeBulkhead bulkhead([](const std::string&) {});
  NodeBulkhead::Node& node = bulkhead.Find("dead:1");
  Gate gate;
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < kSilentNode.waiting_max; ++i) {
    threads.emplace_back([&] {
      EXPECT_TRUE(bulkhead.Enter(node).ok());
      bulkhead.Leave(node);
      bulkhead.Pause(node);
      gate.Wait();
      EXPECT_TRUE(bulkhead.Enter(node).ok());
      bulkhead.Leave(node);
    });
  }
  gate.WaitFor(static_cast<int>(kSilentNode.waiting_max));
  EXPECT_EQ(bulkhead.Waiting().at("dead:1"), kSilentNode.waiting_max);
  LetPass(kSilentNode.silence);
  EXPECT_FALSE(bulkhead.Enter(node).ok());
  gate.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bulkhead.Waiting().at("dead:1"), 0);
}

TEST(PortProbe, OneFailureIsNotYetAnEnd) {
  Gate gate;
  std::atomic<int> probes{0};
  PortProbe probe(
      [&] {
        if (++probes == 2) gate.Wait();
        return absl::UnavailableError("does not accept");
      },
      absl::ZeroDuration(), absl::Seconds(60));
  gate.WaitFor(1);
  EXPECT_TRUE(probe.status().ok());
  gate.Open();
  PortProbe impatient([] { return absl::UnavailableError("does not accept"); },
                      absl::Milliseconds(1), absl::Milliseconds(1));
  while (impatient.status().ok()) std::this_thread::yield();
  EXPECT_EQ(impatient.status().message(), "does not accept");
}

TEST(Readiness, OneDeadShardIsEnoughOnlyForTheStrictRule) {
  Metrics metrics;
  Readiness any(Readiness::Rule::kAnyShard, metrics);
  Readiness all(Readiness::Rule::kAllShards, metrics);
  const absl::StatusOr<std::vector<ShardHealth>> shards = std::vector<ShardHealth>{
      {.node = "a:1"}, {.node = "b:2", .status = absl::UnavailableError("hangs")}};
  any.Learn(shards);
  all.Learn(shards);
  EXPECT_TRUE(any.status().ok());
  EXPECT_EQ(any.missing(), "1 of 2 shards cannot be used: b:2: hangs");
  EXPECT_FALSE(all.status().ok());
  EXPECT_THAT(metrics.Text(), HasSubstr("ateapi_shard_ready{node=\"b:2\"} 0"));

  any.Learn(std::vector<ShardHealth>{
      {.node = "a:1"}, {.node = "b:2", .status = absl::UnavailableError("b:2: cannot connect")}});
  EXPECT_EQ(any.missing(), "1 of 2 shards cannot be used: b:2: cannot connect");

  any.Learn(std::vector<ShardHealth>{{.node = "b:2", .status = absl::UnavailableError("hangs")}});
  EXPECT_TRUE(absl::IsUnavailable(any.status()));
  any.Learn(std::vector<ShardHealth>{
      {.node = "a:1"}, {.node = "b:2", .status = absl::PermissionDeniedError("SCAN")}});
  EXPECT_TRUE(absl::IsPermissionDenied(any.status()));
}

}  // namespace
}  // namespace atestore
