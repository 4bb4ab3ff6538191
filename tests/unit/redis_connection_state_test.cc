#include "store/redis/connection_state.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/redis/limits.h"
#include "store/shard_transport.h"
#include "tests/support/reply_recorder.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr SteadyTime kStart{std::chrono::hours(1)};

ShardRequest RequestOf(size_t commands, std::string_view name = "PING") {
  ShardRequest request;
  for (size_t i = 0; i < commands; ++i) request.pipeline.Add({name});
  return request;
}

constexpr std::string_view kAskId = "*2\r\n$7\r\nCLUSTER\r\n$4\r\nMYID\r\n";
constexpr std::string_view kId = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr std::string_view kOtherId = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

std::string IdReply(std::string_view id = kId) { return "$40\r\n" + std::string(id) + "\r\n"; }

enum class Handshake { kDone, kToCome };

// A connection and what is sent on it.
struct Fixture {
  explicit Fixture(RedisOptions with = {}, Handshake handshake = Handshake::kDone)
      : options(std::move(with)), state(options) {
    state.OnOpened(kStart);
    if (handshake == Handshake::kToCome) return;
    TakeOutput();
    EXPECT_TRUE(Read((options.credentials ? "+OK\r\n" : "") + IdReply()).ok());
    sent.clear();
  }

  // A batch of one request, sent when the handshake lets it.
  std::shared_ptr<Batch> Add(size_t commands, SteadyTime now = kStart) {
    std::shared_ptr<Batch> batch = AddUnsent(commands, now);
    sent += TakeOutput();
    return batch;
  }
  std::shared_ptr<Batch> AddUnsent(size_t commands, SteadyTime now = kStart) {
    return AddUnsent(RequestOf(commands), now);
  }
  std::shared_ptr<Batch> AddFor(std::string_view node_id) {
    ShardRequest request = RequestOf(1);
    request.node_id = node_id;
    std::shared_ptr<Batch> batch = AddUnsent(std::move(request), kStart);
    sent += TakeOutput();
    return batch;
  }
  std::shared_ptr<Batch> AddUnsent(ShardRequest request, SteadyTime now) {
    requests.push_back(std::make_unique<ShardRequest>(std::move(request)));
    recorders.push_back(std::make_unique<ReplyRecorder>());
    auto batch = std::make_shared<Batch>(std::span(requests.back().get(), 1), *recorders.back(),
                                         Batch::SendRequest());
    added = state.Add(batch, 0, now);
    return batch;
  }

  absl::Status Read(std::string_view bytes, SteadyTime now = kStart) {
    bytes.copy(state.PrepareRead().data(), bytes.size());
    absl::Status status = state.OnRead(bytes.size(), now);
    sent += TakeOutput();
    return status;
  }

  std::string TakeOutput() {
    std::string bytes;
    state.TakeOutput(bytes);
    return bytes;
  }

  RedisOptions options;
  ConnectionState state;
  std::vector<std::unique_ptr<ShardRequest>> requests;
  std::vector<std::unique_ptr<ReplyRecorder>> recorders;
  absl::Status added;
  std::string sent;
};

RedisOptions WithCredentials(std::string username) {
  RedisOptions options;
  options.credentials = RedisCredentials{.username = std::move(username), .password = "word"};
  return options;
}

TEST(ConnectionStateTest, AuthenticatesAndAsksWhoItIsBeforeTheFirstRequestIsSent) {
  Fixture one(WithCredentials(""), Handshake::kToCome);
  one.Add(1);
  EXPECT_EQ(one.sent, "*2\r\n$4\r\nAUTH\r\n$4\r\nword\r\n" + std::string(kAskId));
  one.sent.clear();
  ASSERT_TRUE(one.Read("+OK\r\n").ok());
  EXPECT_EQ(one.sent, "");
  ASSERT_TRUE(one.Read(IdReply()).ok());
  EXPECT_EQ(one.sent, "*1\r\n$4\r\nPING\r\n");
  Fixture two(WithCredentials("ate"), Handshake::kToCome);
  EXPECT_EQ(two.TakeOutput(),
            "*3\r\n$4\r\nAUTH\r\n$3\r\nate\r\n$4\r\nword\r\n" + std::string(kAskId));
}

TEST(ConnectionStateTest, ARequestThatEndedBeforeTheHandshakeIsNeverSent) {
  Fixture fixture({}, Handshake::kToCome);
  std::shared_ptr<Batch> given_up = fixture.Add(2);
  fixture.Add(1);
  given_up->FailAll(absl::DeadlineExceededError("late"));
  fixture.sent.clear();
  ASSERT_TRUE(fixture.Read(IdReply()).ok());
  EXPECT_EQ(fixture.sent, "*1\r\n$4\r\nPING\r\n");
  EXPECT_TRUE(WasNotSent(fixture.recorders[0]->failure(0)));
}

TEST(ConnectionStateTest, NothingIsSentToANodeThatItIsNotFor) {
  Fixture fixture;
  fixture.AddFor(kId);
  EXPECT_EQ(fixture.sent, "*1\r\n$4\r\nPING\r\n");
  fixture.sent.clear();
  // Asked again: a server may be told to take another id (CLUSTER RESET HARD).
  fixture.AddFor(kOtherId);
  EXPECT_EQ(fixture.sent, kAskId);
  fixture.sent.clear();
  ASSERT_TRUE(fixture.Read("+PONG\r\n" + IdReply()).ok());
  EXPECT_EQ(fixture.sent, "");
  absl::Status wrong = fixture.recorders[1]->failure(0);
  EXPECT_EQ(wrong.code(), absl::StatusCode::kUnavailable) << wrong;
  EXPECT_THAT(std::string(wrong.message()), HasSubstr(std::string(kId)));
  EXPECT_THAT(std::string(wrong.message()), HasSubstr(std::string(kOtherId)));
  EXPECT_TRUE(WasNotSent(wrong));
  EXPECT_TRUE(fixture.state.is_idle());
  fixture.AddFor(kOtherId);
  ASSERT_TRUE(fixture.Read(IdReply(kOtherId)).ok());
  ASSERT_TRUE(fixture.Read("+PONG\r\n").ok());
  EXPECT_THAT(fixture.recorders[2]->replies(0), ElementsAre("+PONG"));
}

TEST(ConnectionStateTest, AServerThatDoesNotTellItsIdServesWhatIsForAnybody) {
  struct Case {
    std::string reply;
    absl::StatusCode code;
    std::string text;
  };
  for (const Case& entry : std::vector<Case>{
           {"NOPERM User ate has no permissions to run the 'cluster|myid' command",
            absl::StatusCode::kPermissionDenied, "grant +cluster|myid"},
           {"NOAUTH Authentication required.", absl::StatusCode::kUnauthenticated, "NOAUTH"},
           {"LOADING Redis is loading the dataset in memory", absl::StatusCode::kUnavailable,
            "LOADING"},
           {"ERR This instance has cluster support disabled", absl::StatusCode::kFailedPrecondition,
            "disabled"},
           {"ERR unknown command 'CLUSTER'", absl::StatusCode::kFailedPrecondition, "unknown"}}) {
    Fixture fixture({}, Handshake::kToCome);
    fixture.Add(1);
    fixture.AddFor(kId);
    ASSERT_TRUE(fixture.Read("-" + entry.reply + "\r\n").ok());
    ASSERT_TRUE(fixture.Read("+PONG\r\n").ok());
    EXPECT_THAT(fixture.recorders[0]->replies(0), ElementsAre("+PONG"));
    absl::Status refused = fixture.recorders[1]->failure(0);
    EXPECT_EQ(refused.code(), entry.code) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(entry.text));
    EXPECT_TRUE(WasNotSent(refused));
    // It may have become able to tell.
    fixture.AddFor(kId);
    ASSERT_TRUE(fixture.Read(IdReply()).ok());
    ASSERT_TRUE(fixture.Read("+PONG\r\n").ok());
    EXPECT_THAT(fixture.recorders[2]->replies(0), ElementsAre("+PONG"));
  }
}

// A write may be tried again when it was not sent, and only then without looking.
TEST(ConnectionStateTest, TellsWhatWasNotSent) {
  Fixture fixture({}, Handshake::kToCome);
  fixture.Add(1);
  fixture.state.Fail(absl::UnavailableError("lost in the handshake"));
  EXPECT_TRUE(WasNotSent(fixture.recorders[0]->failure(0)));
  Fixture open;
  open.Add(1);
  open.AddUnsent(1);
  open.state.Fail(absl::UnavailableError("lost"));
  EXPECT_FALSE(WasNotSent(open.recorders[0]->failure(0)));
  EXPECT_TRUE(WasNotSent(open.recorders[1]->failure(0)));
}

TEST(ConnectionStateTest, AsksForTheCredentialsOfEachNewConnection) {
  int asked = 0;
  RedisOptions options;
  options.credentials_source = [&asked] {
    return RedisCredentials{.username = "", .password = std::to_string(++asked)};
  };
  const std::string ask_id(kAskId);
  Fixture first(options, Handshake::kToCome);
  EXPECT_EQ(first.TakeOutput(), "*2\r\n$4\r\nAUTH\r\n$1\r\n1\r\n" + ask_id);
  Fixture second(options, Handshake::kToCome);
  EXPECT_EQ(second.TakeOutput(), "*2\r\n$4\r\nAUTH\r\n$1\r\n2\r\n" + ask_id);
  // A connection that is made as good as new is no new one.
  first.state.AddReset(kStart);
  EXPECT_EQ(first.TakeOutput(), "*1\r\n$5\r\nRESET\r\n*2\r\n$4\r\nAUTH\r\n$1\r\n1\r\n" + ask_id);
}

TEST(ConnectionStateTest, RepliesReachTheirRequestsHoweverTheyAreCut) {
  const std::string kReplies = ":1\r\n*2\r\n$1\r\na\r\n$-1\r\n-ERR x\r\n";
  for (size_t cut = 0; cut <= kReplies.size(); ++cut) {
    Fixture fixture;
    std::shared_ptr<Batch> first = fixture.Add(2);
    std::shared_ptr<Batch> second = fixture.Add(1);
    ASSERT_TRUE(fixture.Read(kReplies.substr(0, cut)).ok());
    ASSERT_TRUE(fixture.Read(kReplies.substr(cut)).ok());
    EXPECT_THAT(fixture.recorders[0]->replies(0), ElementsAre(":1", "[$a nil]")) << cut;
    EXPECT_THAT(fixture.recorders[1]->replies(0), ElementsAre("-ERR x")) << cut;
    EXPECT_FALSE(first->has_open());
    EXPECT_FALSE(second->has_open());
    EXPECT_TRUE(fixture.state.is_idle());
  }
}

TEST(ConnectionStateTest, ARefusedAuthEndsTheConnection) {
  struct Case {
    std::string reply;
    absl::StatusCode code;
  };
  for (const Case& entry : std::vector<Case>{
           {"WRONGPASS invalid", absl::StatusCode::kUnauthenticated},
           {"ERR AUTH <password> called without any password configured for the default user.",
            absl::StatusCode::kUnauthenticated},
           {"NOPERM this user", absl::StatusCode::kPermissionDenied},
           {"LOADING Redis is loading", absl::StatusCode::kUnavailable}}) {
    Fixture fixture(WithCredentials("ate"), Handshake::kToCome);
    std::shared_ptr<Batch> batch = fixture.Add(1);
    // Nothing may follow it.
    absl::Status status = fixture.Read("-" + entry.reply + "\r\n+PONG\r\n");
    EXPECT_EQ(status.code(), entry.code) << entry.reply;
    EXPECT_THAT(fixture.recorders[0]->replies(0), IsEmpty());
    EXPECT_TRUE(fixture.state.Fail(status));
    EXPECT_EQ(fixture.recorders[0]->failure(0), MarkNotSent(status));
  }
}

TEST(ConnectionStateTest, LateRepliesOfAnAbandonedRequestAreDropped) {
  Fixture fixture;
  std::shared_ptr<Batch> late = fixture.Add(3);
  std::shared_ptr<Batch> next = fixture.Add(1);
  ASSERT_TRUE(fixture.Read(":1\r\n").ok());
  late->FailAll(absl::DeadlineExceededError("late"));
  ASSERT_TRUE(fixture.Read(":2\r\n:3\r\n:4\r\n").ok());
  EXPECT_THAT(fixture.recorders[0]->replies(0), ElementsAre(":1"));
  EXPECT_THAT(fixture.recorders[1]->replies(0), ElementsAre(":4"));
}

TEST(ConnectionStateTest, FailsWhatIsOwedAndOnlyThat) {
  Fixture fixture;
  std::shared_ptr<Batch> answered = fixture.Add(1);
  std::shared_ptr<Batch> half = fixture.Add(2);
  std::shared_ptr<Batch> abandoned = fixture.Add(1);
  ASSERT_TRUE(fixture.Read(":1\r\n:2\r\n").ok());
  abandoned->FailAll(absl::DeadlineExceededError("late"));
  EXPECT_TRUE(fixture.state.Fail(absl::UnavailableError("lost")));
  EXPECT_TRUE(fixture.recorders[0]->failure(0).ok());
  EXPECT_EQ(fixture.recorders[1]->failure(0).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(fixture.recorders[2]->failure(0).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(fixture.state.Fail(absl::UnavailableError("lost")));
}

TEST(ConnectionStateTest, RefusesWhatIsNotAReplyToSomething) {
  EXPECT_EQ(Fixture().Read("+OK\r\n").code(), absl::StatusCode::kDataLoss);
  Fixture twice;
  twice.Add(1);
  EXPECT_EQ(twice.Read("+OK\r\n+OK\r\n").code(), absl::StatusCode::kDataLoss);
  Fixture web;
  web.Add(1);
  EXPECT_EQ(web.Read("HTTP/1.1 400 Bad Request\r\n").code(), absl::StatusCode::kDataLoss);
  Fixture deep;
  deep.options.resp_limits.elements_max = 10;
  Fixture limited(deep.options);
  limited.Add(1);
  EXPECT_EQ(limited.Read("*11\r\n").code(), absl::StatusCode::kDataLoss);
}

TEST(ConnectionStateTest, LimitsWhatWaits) {
  Fixture commands;
  commands.Add(kPendingCommandsMax);
  EXPECT_TRUE(commands.added.ok());
  std::shared_ptr<Batch> over = commands.Add(1);
  EXPECT_EQ(commands.added.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(over->has_open());

  Fixture bytes;
  std::string big(kPendingBytesMax / 2, 'x');
  ShardRequest request;
  request.pipeline.Add({"ECHO", big});
  ReplyRecorder recorder;
  auto batch = std::make_shared<Batch>(std::span(&request, 1), recorder, Batch::SendRequest());
  EXPECT_TRUE(bytes.state.Add(batch, 0, kStart).ok());
  EXPECT_EQ(bytes.state.Add(batch, 0, kStart).code(), absl::StatusCode::kUnavailable);
  bytes.TakeOutput();
  EXPECT_TRUE(bytes.state.Add(batch, 0, kStart).ok());
}

TEST(ConnectionStateTest, SilenceCountsWhileSomethingIsOwed) {
  using std::chrono::seconds;
  RedisOptions options;
  options.request_timeout = absl::Seconds(5);
  Fixture fixture(options);
  EXPECT_EQ(fixture.state.overdue_at(), std::nullopt);
  fixture.Add(2, kStart + seconds(100));
  EXPECT_EQ(fixture.state.overdue_at(), kStart + seconds(105));
  fixture.Add(1, kStart + seconds(103));
  EXPECT_EQ(fixture.state.overdue_at(), kStart + seconds(105));
  ASSERT_TRUE(fixture.Read("$5\r\n", kStart + seconds(104)).ok());
  EXPECT_EQ(fixture.state.overdue_at(), kStart + seconds(109));
  ASSERT_TRUE(fixture.Read("hello\r\n:2\r\n:3\r\n", kStart + seconds(108)).ok());
  EXPECT_EQ(fixture.state.overdue_at(), std::nullopt);
}

TEST(ConnectionStateTest, AResetIsDoneWhenTheServerSaysSo) {
  Fixture fixture(WithCredentials("ate"));
  std::shared_ptr<Batch> before = fixture.Add(1);
  fixture.state.AddReset(kStart);
  EXPECT_EQ(fixture.TakeOutput(),
            "*1\r\n$5\r\nRESET\r\n"
            "*3\r\n$4\r\nAUTH\r\n$3\r\nate\r\n$4\r\nword\r\n" +
                std::string(kAskId));
  ASSERT_TRUE(fixture.Read("+PONG\r\n").ok());
  EXPECT_FALSE(fixture.state.reset_done());
  ASSERT_TRUE(fixture.Read("+RESET\r\n+OK\r\n" + IdReply()).ok());
  EXPECT_TRUE(fixture.state.reset_done());
  EXPECT_TRUE(fixture.state.is_idle());
  fixture.state.AddReset(kStart);
  ASSERT_TRUE(fixture.Read("-ERR unknown command\r\n+OK\r\n" + IdReply()).ok());
  EXPECT_FALSE(fixture.state.reset_done());
}

}  // namespace
}  // namespace atestore
