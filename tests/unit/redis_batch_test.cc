#include "store/redis/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/status.h"
#include "store/redis/batch_watch.h"
#include "store/shard_transport.h"
#include "tests/support/fake_loop.h"
#include "tests/support/reply_recorder.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ShardRequest Pings(size_t commands) {
  ShardRequest request{.endpoint = {.host = "127.0.0.1", .port = 7000}};
  for (size_t command = 0; command < commands; ++command) request.pipeline.Add({"PING"});
  return request;
}

// Wants to send what a test puts into `more`.
class Asking final : public ReplyObserver {
 public:
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    recorder.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    recorder.OnFailure(request, status);
  }
  std::vector<ShardRequest> More() override {
    ++asked;
    return std::exchange(more, {});
  }
  bool Abandon() override { return abandon; }

  ReplyRecorder recorder;
  std::vector<ShardRequest> more;
  int asked = 0;
  bool abandon = false;
};

class BatchTest : public ::testing::Test {
 protected:
  void Start(std::vector<size_t> commands) {
    for (size_t count : commands) requests_.push_back(Pings(count));
    batch_ = std::make_shared<Batch>(
        requests_, observer_,
        [this](const std::shared_ptr<Batch>&, size_t request) { sent_.push_back(request); });
    batch_->Start();
  }

  void Reply(size_t request) {
    RespReader reader;
    reader.Feed("+PONG\r\n");
    batch_->Deliver(request, **reader.Next());
  }

  std::vector<ShardRequest> requests_;
  Asking observer_;
  std::shared_ptr<Batch> batch_;
  std::vector<size_t> sent_;
};

TEST_F(BatchTest, SendsWhatHasCommands) {
  Start({1, 0, 2});
  EXPECT_THAT(sent_, ElementsAre(0, 2));
}

TEST_F(BatchTest, AsksForMoreAfterTheFirstAndTheLastReply) {
  Start({3, 1});
  std::vector<int> asked;
  for (size_t request : {0, 0, 0, 1}) {
    Reply(request);
    asked.push_back(observer_.asked);
  }
  EXPECT_THAT(asked, ElementsAre(1, 1, 2, 3));
}

TEST_F(BatchTest, EndsWhenWhatWasAddedHasEnded) {
  Start({1});
  observer_.more = {Pings(1), Pings(2)};
  Reply(0);
  EXPECT_THAT(sent_, ElementsAre(0, 1, 2));
  EXPECT_TRUE(batch_->has_open());
  Reply(2);
  Reply(1);
  Reply(2);
  EXPECT_FALSE(batch_->has_open());
  batch_->Wait();
  EXPECT_THAT(observer_.recorder.replies(1), ElementsAre("+PONG"));
  EXPECT_THAT(observer_.recorder.replies(2), ElementsAre("+PONG", "+PONG"));
}

TEST_F(BatchTest, EndsWhenItsCallerWaitsNoLonger) {
  Start({1, 2, 1});
  batch_->MarkSent(1);
  observer_.abandon = true;
  Reply(0);
  EXPECT_FALSE(batch_->has_open());
  batch_->Wait();
  EXPECT_TRUE(observer_.recorder.failure(0).ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(observer_.recorder.failure(1)));
  EXPECT_FALSE(WasNotSent(observer_.recorder.failure(1)));
  EXPECT_TRUE(WasNotSent(observer_.recorder.failure(2)));
  Reply(1);
  EXPECT_THAT(observer_.recorder.replies(1), IsEmpty());
}

TEST_F(BatchTest, IsWatchedUntilItsDeadlineOrItsCallersPatienceEnds) {
  FakeLoop loop;
  BatchWatch watch(loop);
  Start({1});
  watch.Add(batch_, loop.Now() + std::chrono::seconds(1));
  loop.Advance(absl::Milliseconds(500));
  EXPECT_TRUE(batch_->has_open());
  observer_.abandon = true;
  loop.Advance(kAbandonPoll);
  EXPECT_TRUE(absl::IsDeadlineExceeded(observer_.recorder.failure(0)));

  ReplyRecorder patient;
  auto other = std::make_shared<Batch>(requests_, patient, [](const auto&, size_t) {});
  other->Start();
  watch.Add(other, std::nullopt);
  auto third = std::make_shared<Batch>(requests_, patient, [](const auto&, size_t) {});
  watch.Add(third, loop.Now() + std::chrono::milliseconds(5));
  loop.Advance(absl::Milliseconds(4));
  EXPECT_TRUE(third->has_open());
  loop.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(third->has_open()) << "deadlines are kept to the millisecond";
  loop.Advance(absl::Hours(24));
  EXPECT_TRUE(other->has_open());
  other.reset();
  loop.Advance(kAbandonPoll);
  EXPECT_EQ(loop.timers(), 0) << "it does not wake up for nothing";
}

TEST_F(BatchTest, MarksTheFailureOfWhatWasNotSent) {
  Start({1, 1});
  batch_->MarkSent(0);
  batch_->FailAll(DeadlineExceededError("late"));
  EXPECT_FALSE(WasNotSent(observer_.recorder.failure(0)));
  EXPECT_TRUE(WasNotSent(observer_.recorder.failure(1)));
}

TEST_F(BatchTest, AFailureIsNotAskedAbout) {
  Start({1, 1});
  observer_.more = {Pings(1)};
  batch_->Fail(0, UnavailableError("lost"));
  EXPECT_EQ(observer_.asked, 0);
  Reply(1);
  EXPECT_THAT(sent_, ElementsAre(0, 1, 2));
  batch_->FailAll(DeadlineExceededError("late"));
  EXPECT_FALSE(batch_->has_open());
  EXPECT_TRUE(absl::IsDeadlineExceeded(observer_.recorder.failure(2)));
  EXPECT_TRUE(WasNotSent(observer_.recorder.failure(2)));
  EXPECT_THAT(observer_.recorder.replies(2), IsEmpty());
}

}  // namespace
}  // namespace atestore
