#include "store/redis/connection_pool.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/lost_reply.h"
#include "core/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/redis/limits.h"
#include "store/shard_transport.h"
#include "tests/support/fake_loop.h"
#include "tests/support/reply_recorder.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

const Endpoint kNode{"10.0.0.1", 7000};
const Endpoint kOther{"10.0.0.2", 7000};
constexpr std::string_view kAskId = "*2\r\n$7\r\nCLUSTER\r\n$4\r\nMYID\r\n";
constexpr std::string_view kIdReply = "$40\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

class ConnectionPoolTest : public ::testing::Test {
 protected:
  // One PING; its outcome is outcome(its number).
  size_t Ping(const Endpoint& endpoint, ConnectionPool::Loan* loan = nullptr) {
    Call& call = *calls_.emplace_back(std::make_unique<Call>());
    call.request.endpoint = endpoint;
    call.request.pipeline.Add({"PING"});
    auto batch =
        std::make_shared<Batch>(std::span(&call.request, 1), call.recorder, Batch::SendRequest());
    loan == nullptr ? pool_.Send(batch, 0) : pool_.SendOn(*loan, batch, 0);
    return calls_.size() - 1;
  }

  // The reply, "waits", or the failure's code and text.
  std::string outcome(size_t call) const {
    const ReplyRecorder& recorder = calls_[call]->recorder;
    if (absl::Status failure = recorder.failure(0); !failure.ok()) return failure.ToString();
    std::vector<std::string> replies = recorder.replies(0);
    return replies.empty() ? "waits" : replies.front();
  }

  FakeStream& stream(size_t index) { return *loop_.streams().at(index); }
  // Accepts the connection and answers its handshake.
  void Open(size_t index) {
    stream(index).Accept();
    EXPECT_EQ(stream(index).TakeWritten(), kAskId);
    stream(index).Receive(kIdReply);
  }

  struct Call {
    ShardRequest request;
    ReplyRecorder recorder;
  };
  RedisOptions options_;
  FakeLoop loop_;
  std::vector<std::unique_ptr<Call>> calls_;
  ConnectionPool pool_{loop_, options_};  // its end fails the calls that wait
};

TEST_F(ConnectionPoolTest, SharesOneConnectionToANodeAndCoalescesWrites) {
  Ping(kNode);
  Ping(kNode);
  Ping(kOther);
  ASSERT_EQ(loop_.streams().size(), 2);
  EXPECT_EQ(stream(0).endpoint(), kNode);
  Open(0);
  EXPECT_EQ(stream(0).TakeWritten(), absl::StrCat(ToAbsl(kPing), ToAbsl(kPing)));
  stream(0).Receive("+ONE\r\n+TWO\r\n");
  EXPECT_EQ(outcome(0), "+ONE");
  EXPECT_EQ(outcome(1), "+TWO");
  EXPECT_EQ(outcome(2), "waits");
}

TEST(BackOffTest, DoublesUpToItsLimitAndEndsWithASuccess) {
  BackOff back_off;
  SteadyTime now{std::chrono::hours(1)};
  EXPECT_FALSE(back_off.Blocks(now));
  absl::Duration delay = kBackOffMin;
  for (int failure = 0; failure < 100; ++failure) {
    back_off.OnFailure(now, 0);
    EXPECT_TRUE(back_off.Blocks(now + absl::ToChronoMicroseconds(delay * 0.49)));
    EXPECT_FALSE(back_off.Blocks(now + absl::ToChronoMicroseconds(delay * 0.51)));
    delay = std::min(delay * 2, kBackOffMax);
  }
  back_off.OnFailure(now, 0.98);
  EXPECT_TRUE(back_off.Blocks(now + absl::ToChronoMicroseconds(kBackOffMax * 0.98)));
  EXPECT_FALSE(back_off.Blocks(now + absl::ToChronoMicroseconds(kBackOffMax)));
  back_off.OnSuccess();
  EXPECT_FALSE(back_off.Blocks(now));
}

TEST_F(ConnectionPoolTest, FailsAtOnceWhileItBacksOff) {
  size_t refused = Ping(kNode);
  stream(0).Refuse(UnavailableError("cannot connect: refused"));
  EXPECT_THAT(outcome(refused), HasSubstr("10.0.0.1:7000: cannot connect: refused"));
  EXPECT_EQ(outcome(Ping(kNode)), outcome(refused));
  EXPECT_EQ(loop_.streams().size(), 0);
  EXPECT_EQ(outcome(Ping(kOther)), "waits");
  loop_.Advance(kBackOffMin);
  EXPECT_EQ(outcome(Ping(kNode)), "waits");
}

TEST_F(ConnectionPoolTest, TellsWhatWasNotSent) {
  auto not_sent = [&](size_t call) { return WasNotSent(calls_[call]->recorder.failure(0)); };
  size_t refused = Ping(kNode);
  stream(0).Refuse(UnavailableError("cannot connect: refused"));
  EXPECT_TRUE(not_sent(refused));
  EXPECT_TRUE(not_sent(Ping(kNode))) << "backs off";
  size_t slow = Ping(kOther);
  loop_.Advance(options_.connect_timeout);
  EXPECT_TRUE(not_sent(slow));
  loop_.Advance(kBackOffMax);
  size_t written = Ping(kOther);
  Open(0);
  size_t behind_it = Ping(kOther);
  stream(0).Break();
  EXPECT_FALSE(not_sent(written));
  EXPECT_TRUE(not_sent(behind_it)) << "the first write was not over";
}

// As a server does whose client-output-buffer-limit a reply exceeds.
TEST_F(ConnectionPoolTest, TellsWhoseReplyTheServerBrokeOff) {
  const auto lost = [&](size_t call) { return LostReplyBytes(calls_[call]->recorder.failure(0)); };
  size_t answered = Ping(kNode);
  size_t broken_off = Ping(kNode);
  size_t behind_it = Ping(kNode);
  Open(0);
  stream(0).TakeWritten();
  stream(0).Receive("+PONG\r\n*2\r\n$1000\r\nxyz");
  stream(0).Break();
  EXPECT_EQ(outcome(answered), "+PONG");
  EXPECT_EQ(lost(broken_off), 14U);
  EXPECT_EQ(lost(behind_it), std::nullopt);
  // It may close before the first byte.
  size_t silent = Ping(kNode);
  Open(0);
  stream(0).Break();
  EXPECT_EQ(lost(silent), 0U);
  // A server that hangs has not refused anything.
  loop_.Advance(kBackOffMax);
  size_t hung = Ping(kNode);
  Open(0);
  loop_.Advance(options_.request_timeout);
  EXPECT_THAT(outcome(hung), HasSubstr("no reply within"));
  EXPECT_EQ(lost(hung), std::nullopt);
}

TEST_F(ConnectionPoolTest, AnAnswerEndsTheBackOff) {
  for (int failure = 0; failure < 5; ++failure) {
    Ping(kNode);
    stream(0).Refuse(UnavailableError("refused"));
    loop_.Advance(kBackOffMax);
  }
  size_t call = Ping(kNode);
  Open(0);
  stream(0).Receive("+PONG\r\n");
  EXPECT_EQ(outcome(call), "+PONG");
  // A connection that worked may be opened again at once.
  stream(0).Break();
  EXPECT_EQ(loop_.streams().size(), 0);
  Ping(kNode);
  EXPECT_EQ(loop_.streams().size(), 1);
  // One that was accepted and dropped may not; the back-off starts anew.
  stream(0).Accept();
  stream(0).Break();
  Ping(kNode);
  EXPECT_EQ(loop_.streams().size(), 0);
  loop_.Advance(kBackOffMin);
  Ping(kNode);
  EXPECT_EQ(loop_.streams().size(), 1);
}

TEST_F(ConnectionPoolTest, GivesUpConnectingAndWaiting) {
  size_t connecting = Ping(kNode);
  loop_.Advance(options_.connect_timeout);
  EXPECT_THAT(outcome(connecting), HasSubstr("connecting takes too long"));
  EXPECT_EQ(loop_.streams().size(), 0);

  size_t silent = Ping(kOther);
  Open(0);
  loop_.Advance(options_.request_timeout - absl::Milliseconds(1));
  EXPECT_EQ(outcome(silent), "waits");
  loop_.Advance(absl::Milliseconds(2));
  EXPECT_THAT(outcome(silent), HasSubstr("UNAVAILABLE: 10.0.0.2:7000: no reply within"));
}

TEST_F(ConnectionPoolTest, ATimeoutCountsFromTheRequestNotFromTheConnection) {
  Ping(kNode);
  Open(0);
  stream(0).TakeWritten();
  stream(0).Receive("+PONG\r\n");
  for (int round = 0; round < 5; ++round) {
    loop_.Advance(options_.request_timeout * 0.7);
    size_t call = Ping(kNode);
    stream(0).TakeWritten();
    loop_.Advance(options_.request_timeout * 0.7);
    EXPECT_EQ(outcome(call), "waits") << round;
    stream(0).Receive("+PONG\r\n");
    EXPECT_EQ(outcome(call), "+PONG") << round;
  }
  size_t call = Ping(kNode);
  loop_.Advance(options_.request_timeout);
  EXPECT_THAT(outcome(call), HasSubstr("no reply within"));
}

TEST_F(ConnectionPoolTest, ClosesWhatNobodyUses) {
  Ping(kNode);
  Open(0);
  stream(0).Receive("+PONG\r\n");
  loop_.Advance(kIdleTime - absl::Seconds(1));
  EXPECT_EQ(loop_.streams().size(), 1);
  loop_.Advance(2 * options_.request_timeout);
  EXPECT_EQ(loop_.streams().size(), 0);
}

TEST_F(ConnectionPoolTest, LimitsConnectionsAndDropsIdleOnesFirst) {
  for (size_t i = 0; i < kConnectionsMax; ++i) {
    Ping({"host", static_cast<uint16_t>(i)});
    Open(i);
  }
  size_t over = Ping(kNode);
  EXPECT_THAT(outcome(over), HasSubstr("too many connections"));
  stream(0).Receive("+PONG\r\n");
  EXPECT_EQ(outcome(Ping(kNode)), "waits");
  EXPECT_EQ(loop_.streams().size(), kConnectionsMax);
}

TEST_F(ConnectionPoolTest, ViolationsCloseTheConnection) {
  size_t call = Ping(kNode);
  Open(0);
  stream(0).Receive("HTTP/1.1 200 OK\r\n");
  EXPECT_THAT(outcome(call), HasSubstr("DATA_LOSS: 10.0.0.1:7000: RESP"));
  EXPECT_EQ(loop_.streams().size(), 0);
}

TEST_F(ConnectionPoolTest, ALoanHasItsOwnConnectionsWhichAreReused) {
  ConnectionPool::Loan loan;
  Ping(kNode);
  Ping(kNode, &loan);
  ASSERT_EQ(loop_.streams().size(), 2);
  Open(1);
  stream(1).TakeWritten();
  // Returned with a reply still owed: it comes before the reset's.
  pool_.Return(loan);
  EXPECT_EQ(stream(1).TakeWritten(), "*1\r\n$5\r\nRESET\r\n" + std::string(kAskId));
  ConnectionPool::Loan early;
  Ping(kNode, &early);
  EXPECT_EQ(loop_.streams().size(), 3);
  stream(1).Receive("+PONG\r\n+RESET\r\n" + std::string(kIdReply));
  ConnectionPool::Loan next;
  size_t call = Ping(kNode, &next);
  EXPECT_EQ(loop_.streams().size(), 3);
  stream(1).Receive("+MINE\r\n");
  EXPECT_EQ(outcome(call), "+MINE");
  // A server that cannot reset: not reused.
  pool_.Return(next);
  stream(1).TakeWritten();
  stream(1).Receive("-ERR unknown command\r\n" + std::string(kIdReply));
  EXPECT_TRUE(stream(1).is_closed());
}

TEST_F(ConnectionPoolTest, ALoanTellsALossOnce) {
  ConnectionPool::Loan loan;
  Ping(kNode, &loan);
  Open(0);
  stream(0).Receive("+PONG\r\n");
  stream(0).Break();
  EXPECT_THAT(outcome(Ping(kNode, &loan)), HasSubstr("the connection was lost"));
  EXPECT_EQ(outcome(Ping(kNode, &loan)), "waits");
  // This one is told by the request that waits.
  Open(0);
  stream(0).Receive("+PO");
  stream(0).Break();
  EXPECT_THAT(outcome(2), HasSubstr("the server closed the connection"));
  loop_.Advance(kBackOffMax);
  EXPECT_EQ(outcome(Ping(kNode, &loan)), "waits");
  EXPECT_EQ(loop_.streams().size(), 1);
}

}  // namespace
}  // namespace atestore
