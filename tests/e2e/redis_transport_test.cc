#include "store/redis/redis_transport.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/shard_transport.h"
#include "tests/support/reply_recorder.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Commands = std::vector<std::vector<std::string>>;

ShardRequest Request(const Endpoint& endpoint, const Commands& commands) {
  ShardRequest request{.endpoint = endpoint};
  for (const std::vector<std::string>& command : commands) {
    request.pipeline.Begin(command.size());
    for (const std::string& argument : command) request.pipeline.AddArgument(argument);
  }
  return request;
}

// The outcome of one request.
struct Outcome {
  std::vector<std::string> replies;
  absl::Status failure;
};

Outcome Execute(ShardTransport& transport, const Endpoint& endpoint, const Commands& commands,
                absl::Duration limit = absl::Seconds(20)) {
  ReplyRecorder recorder;
  ShardRequest request = Request(endpoint, commands);
  transport.Execute({&request, 1}, absl::Now() + limit, recorder);
  return {recorder.replies(0), recorder.failure(0)};
}

class RedisTransportTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void Start(RealClusterOptions cluster) {
    ATESTORE_REQUIRE_SERVER(GetParam());
    cluster.kind = GetParam();
    absl::StatusOr<std::unique_ptr<RealCluster>> started = RealCluster::Start(std::move(cluster));
    ASSERT_TRUE(started.ok()) << started.status();
    cluster_ = std::move(*started);
  }

  std::unique_ptr<RedisTransport> Connect(const RedisOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(options);
    EXPECT_TRUE(transport.ok()) << transport.status();
    return transport.ok() ? std::move(*transport) : nullptr;
  }

  std::unique_ptr<RealCluster> cluster_;
};

INSTANTIATE_TEST_SUITE_P(Servers, RedisTransportTest, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(RedisTransportTest, SendsNothingToANodeThatItIsNotFor) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 3}));
  if (!cluster_) return;
  std::unique_ptr<RedisTransport> transport = Connect();
  const Endpoint endpoint = cluster_->endpoints()[0];
  const std::string id = Execute(*transport, endpoint, {{"CLUSTER", "MYID"}}).replies.at(0);
  ShardRequest request = Request(endpoint, {{"CONFIG", "RESETSTAT"}});
  request.node_id = std::string(40, 'f');
  ReplyRecorder wrong;
  transport->Execute({&request, 1}, absl::Now() + absl::Seconds(20), wrong);
  EXPECT_THAT(wrong.failure(0).ToString(), HasSubstr("UNAVAILABLE: " + ToString(endpoint)));
  EXPECT_TRUE(WasNotSent(wrong.failure(0)));
  request.node_id = id.substr(1);  // without the '$' of ToText()
  ReplyRecorder right;
  transport->Execute({&request, 1}, absl::Now() + absl::Seconds(20), right);
  EXPECT_THAT(right.replies(0), ElementsAre("+OK"));
}

TEST_P(RedisTransportTest, KeepsOrderAcrossNodesAndThreads) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 3}));
  if (!cluster_) return;
  std::unique_ptr<RedisTransport> transport = Connect();
  constexpr int kThreads = 8;
  constexpr int kRounds = 40;
  constexpr int kCommands = 50;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        std::vector<ShardRequest> requests;
        for (const Endpoint& endpoint : cluster_->endpoints()) {
          Commands commands;
          for (int i = 0; i < kCommands; ++i) {
            commands.push_back({"ECHO", std::to_string((thread * kRounds + round) * 1000 + i)});
          }
          requests.push_back(Request(endpoint, commands));
        }
        ReplyRecorder recorder;
        transport->Execute(requests, absl::InfiniteFuture(), recorder);
        for (size_t request = 0; request < requests.size(); ++request) {
          std::vector<std::string> replies = recorder.replies(request);
          for (int i = 0; i < kCommands && i < static_cast<int>(replies.size()); ++i) {
            right += replies[i] == "$" + std::to_string((thread * kRounds + round) * 1000 + i);
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kRounds * kCommands * 3);
}

TEST_P(RedisTransportTest, RunsTransactionsAndTakesBigReplies) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 1}));
  if (!cluster_) return;
  RedisOptions options;
  options.resp_limits.bulk_bytes_max = size_t{4} << 20;
  std::unique_ptr<RedisTransport> transport = Connect(options);
  std::string big(size_t{3} << 20, 'b');
  std::string too_big(size_t{5} << 20, 'c');
  Outcome set = Execute(*transport, cluster_->endpoint(0),
                        {{"SET", "big", big}, {"SET", "too-big", too_big}, {"SET", "n", "1"}});
  EXPECT_THAT(set.replies, Each("+OK"));
  Outcome outcome = Execute(*transport, cluster_->endpoint(0),
                            {{"MULTI"},
                             {"INCR", "n"},
                             {"EXISTS", "{n}one"},
                             {"EXEC"},
                             {"GET", "big"},
                             {"GET", "too-big"},
                             {"NOSUCHCOMMAND"},
                             {"GET", "none"}});
  ASSERT_TRUE(outcome.failure.ok()) << outcome.failure;
  ASSERT_EQ(outcome.replies.size(), 8);
  EXPECT_TRUE(outcome.replies[4] == "$" + big);
  outcome.replies.erase(outcome.replies.begin() + 4);
  EXPECT_THAT(outcome.replies, ElementsAre("+OK", "+QUEUED", "+QUEUED", "[:2 :0]",
                                           "dropped(5242880)", StartsWith("-ERR unknown"), "nil"));
}

TEST_P(RedisTransportTest, ComesBackAfterARestart) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 2, .persistent = true}));
  if (!cluster_) return;
  std::unique_ptr<RedisTransport> transport = Connect();
  Endpoint node = cluster_->endpoint(0);
  EXPECT_THAT(Execute(*transport, node, {{"PING"}}).replies, ElementsAre("+PONG"));
  ASSERT_TRUE(cluster_->Stop(0, StopMode::kKill).ok());
  EXPECT_EQ(Execute(*transport, node, {{"PING"}}).failure.code(), absl::StatusCode::kUnavailable);
  // The other node does not suffer.
  EXPECT_THAT(Execute(*transport, cluster_->endpoint(1), {{"PING"}}).replies, ElementsAre("+PONG"));
  ASSERT_TRUE(cluster_->Launch(0).ok());
  EXPECT_TRUE(
      Poll(absl::Seconds(5), [&] { return Execute(*transport, node, {{"PING"}}).failure.ok(); }));
}

TEST_P(RedisTransportTest, HoldsDeadlinesAgainstAServerThatHangs) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 1, .node_timeout = absl::Seconds(60)}));
  if (!cluster_) return;
  RedisOptions options;
  options.request_timeout = absl::Milliseconds(1500);
  std::unique_ptr<RedisTransport> transport = Connect(options);
  Endpoint node = cluster_->endpoint(0);
  Execute(*transport, node, {{"PING"}});
  cluster_->Pause(0);
  absl::Time begin = absl::Now();
  Outcome hung = Execute(*transport, node, {{"ECHO", "late"}}, absl::Milliseconds(100));
  EXPECT_EQ(hung.failure.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - begin, absl::Milliseconds(1200));
  cluster_->Resume(0);
  // The late reply comes first, and is nobody's.
  EXPECT_THAT(Execute(*transport, node, {{"ECHO", "next"}}).replies, ElementsAre("$next"));

  cluster_->Pause(0);
  Outcome lost = Execute(*transport, node, {{"PING"}}, absl::InfiniteDuration());
  EXPECT_EQ(lost.failure.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.failure.message()), HasSubstr("request timeout"));
  cluster_->Resume(0);
  EXPECT_TRUE(
      Poll(absl::Seconds(5), [&] { return Execute(*transport, node, {{"PING"}}).failure.ok(); }));
}

TEST_P(RedisTransportTest, FailsFastWhereNobodyListens) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 1}));
  if (!cluster_) return;
  absl::StatusOr<PortLease> nobody = PortLease::Take();
  ASSERT_TRUE(nobody.ok());
  std::unique_ptr<RedisTransport> transport = Connect();
  std::vector<ShardRequest> requests{Request({"127.0.0.1", nobody->port()}, {{"PING"}}),
                                     Request(cluster_->endpoint(0), {{"PING"}}),
                                     Request({"no-such-host.invalid", 1}, {{"PING"}})};
  ReplyRecorder recorder;
  transport->Execute(requests, absl::InfiniteFuture(), recorder);
  EXPECT_EQ(recorder.failure(0).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(recorder.failure(0).message()),
              HasSubstr(ToString(requests[0].endpoint)));
  EXPECT_THAT(recorder.replies(1), ElementsAre("+PONG"));
  EXPECT_EQ(recorder.failure(2).code(), absl::StatusCode::kUnavailable);
}

TEST_P(RedisTransportTest, AuthenticatesAsItsUser) {
  ASSERT_NO_FATAL_FAILURE(
      Start({.primaries = 1, .password = "secret", .users = {"ate on >word ~* +echo +set"}}));
  if (!cluster_) return;
  Endpoint node = cluster_->endpoint(0);
  RedisOptions options;
  EXPECT_THAT(Execute(*Connect(options), node, {{"PING"}}).replies,
              ElementsAre(StartsWith("-NOAUTH")));
  options.credentials = RedisCredentials{.password = "secret"};
  EXPECT_THAT(Execute(*Connect(options), node, {{"PING"}}).replies, ElementsAre("+PONG"));
  options.credentials = RedisCredentials{.username = "ate", .password = "word"};
  EXPECT_THAT(Execute(*Connect(options), node, {{"ECHO", "x"}, {"PING"}}).replies,
              ElementsAre("$x", StartsWith("-NOPERM")));
  options.credentials = RedisCredentials{.username = "ate", .password = "wrong"};
  std::unique_ptr<RedisTransport> wrong = Connect(options);
  for (int again = 0; again < 3; ++again) {
    Outcome refused = Execute(*wrong, node, {{"ECHO", "x"}});
    EXPECT_EQ(refused.failure.code(), absl::StatusCode::kUnauthenticated) << refused.failure;
    EXPECT_THAT(refused.replies, ElementsAre());
  }
}

TEST_P(RedisTransportTest, SpeaksTlsAndVerifiesTheServer) {
  ASSERT_NO_FATAL_FAILURE(
      Start({.primaries = 1, .tls = true, .tls_client_certificates = true, .password = "secret"}));
  if (!cluster_) return;
  Endpoint node = cluster_->endpoint(0);
  const TlsFiles& files = cluster_->tls_files();
  RedisOptions options;
  options.credentials = RedisCredentials{.password = "secret"};
  options.tls = RedisTlsOptions{.ca_file = files.ca, .client_cert_file = files.client_bundle};
  auto ping = [&] { return Execute(*Connect(options), node, {{"PING"}}); };
  EXPECT_THAT(ping().replies, ElementsAre("+PONG")) << ping().failure;
  options.tls->server_name = kTlsServerName;
  EXPECT_THAT(ping().replies, ElementsAre("+PONG")) << ping().failure;

  auto code = [&] { return ping().failure.code(); };
  options.tls->server_name = "other.test";
  EXPECT_EQ(code(), absl::StatusCode::kFailedPrecondition);
  options.tls->server_name = "";
  options.tls->client_cert_file = "";  // the server wants one
  EXPECT_EQ(code(), absl::StatusCode::kFailedPrecondition);
  options.tls->client_cert_file = files.client_bundle;
  options.tls->ca_file = "";  // the system's authorities do not know this one
  EXPECT_EQ(code(), absl::StatusCode::kFailedPrecondition);
  options.tls.reset();
  EXPECT_THAT(code(), AnyOf(absl::StatusCode::kDataLoss, absl::StatusCode::kUnavailable));

  options.tls = RedisTlsOptions{.ca_file = "/no/such/file"};
  absl::Status no_file = RedisTransport::Create(options).status();
  EXPECT_EQ(no_file.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(no_file.message()), HasSubstr("/no/such/file"));
}

TEST_P(RedisTransportTest, ExclusiveConnectionsSeeOnlyTheirOwnWatches) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 1}));
  if (!cluster_) return;
  std::unique_ptr<RedisTransport> transport = Connect();
  Endpoint node = cluster_->endpoint(0);
  const Commands kCommit{{"MULTI"}, {"SET", "k", "mine"}, {"EXEC"}};
  std::unique_ptr<ShardTransport> watcher = transport->Exclusive();
  std::unique_ptr<ShardTransport> bystander = transport->Exclusive();
  Execute(*watcher, node, {{"WATCH", "k"}});
  Execute(*transport, node, {{"SET", "k", "theirs"}});
  EXPECT_EQ(Execute(*bystander, node, kCommit).replies.back(), "[+OK]");
  EXPECT_EQ(Execute(*watcher, node, kCommit).replies.back(), "nil");
  EXPECT_EQ(Execute(*watcher, node, kCommit).replies.back(), "[+OK]");

  // A connection that comes back with a WATCH and an open MULTI is as good as new for the next one.
  auto id = [&](ShardTransport& own) {
    return Execute(own, node, {{"CLIENT", "ID"}}).replies.front();
  };
  std::string watcher_id = id(*watcher);
  Execute(*watcher, node, {{"WATCH", "k"}, {"MULTI"}});
  watcher.reset();
  Execute(*transport, node, {{"SET", "k", "theirs"}});
  ASSERT_TRUE(Poll(absl::Seconds(5), [&] {
    watcher = transport->Exclusive();
    return id(*watcher) == watcher_id;
  }));
  EXPECT_EQ(Execute(*watcher, node, kCommit).replies.back(), "[+OK]");
}

TEST_P(RedisTransportTest, AnExclusiveConnectionThatIsLostFailsARequest) {
  ASSERT_NO_FATAL_FAILURE(Start({.primaries = 1}));
  if (!cluster_) return;
  std::unique_ptr<RedisTransport> transport = Connect();
  Endpoint node = cluster_->endpoint(0);
  std::unique_ptr<ShardTransport> watcher = transport->Exclusive();
  std::string id = Execute(*watcher, node, {{"WATCH", "k"}, {"CLIENT", "ID"}}).replies.back();
  ASSERT_TRUE(cluster_->Run(0, {"CLIENT", "KILL", "ID", id.substr(1)}).ok());
  Outcome first = Execute(*watcher, node, {{"PING"}});
  EXPECT_EQ(first.failure.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Execute(*watcher, node, {{"PING"}}).replies, ElementsAre("+PONG"));
}

}  // namespace
}  // namespace atestore
