#include "store/redis/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/status.h"
#include "store/send_outcome.h"
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

  ReplyRecorder recorder;
  std::vector<ShardRequest> more;
  int asked = 0;
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
