#include "store/cluster/cluster_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/cluster/retry_pacer.h"
#include "store/cluster/slot_call.h"
#include "store/error_info.h"
#include "store/options.h"
#include "store/transport/steady_timeline.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_transport.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

const Endpoint kFirst{"127.0.0.1", 7000};
const Endpoint kSecond{"127.0.0.1", 7001};

std::string Bulk(std::string_view text) {
  return absl::StrCat("$", text.size(), "\r\n", std::string(text), "\r\n");
}

constexpr std::string_view kOk =
    "cluster_state:ok\r\ncluster_size:3\r\ncluster_current_epoch:1\r\n"
    "cluster_stats_messages_pong_received:9\r\n";
// Of a node that was started while it was cut off.
constexpr std::string_view kOkAlone =
    "cluster_state:ok\r\ncluster_size:3\r\ncluster_current_epoch:1\r\n";
constexpr std::string_view kFail = "cluster_state:fail\r\n";

// What CLUSTER NODES says of the node that is asked.
std::string OwnLine(std::string_view id) {
  return absl::StrCat(std::string(id), " :0@0,,tls-port=0 myself,master - 0 0 1 connected\n");
}

// The answer to CLUSTER SLOTS, INFO and NODES of a node that knows one range, whose owner is at
// `port` of this host.
std::string Slots(int first, int last, int port) {
  return absl::StrCat("*1\r\n*3\r\n:", first, "\r\n:", last, "\r\n*2\r\n", Bulk("127.0.0.1"), ":",
                      port, "\r\n", Bulk(kOk), Bulk(OwnLine("me")));
}

// The same with the ids of a primary and its replica (at the next port).
struct View {
  int port;
  std::string primary;
  std::string replica;
  std::string_view info = kOk;
  std::string myself = primary;
  int last = 16383;
};
std::string Answer(const View& view) {
  return absl::StrCat("*1\r\n*4\r\n:0\r\n:", view.last, "\r\n*3\r\n", Bulk("127.0.0.1"), ":",
                      view.port, "\r\n", Bulk(view.primary), "*3\r\n", Bulk("127.0.0.1"), ":",
                      view.port + 1, "\r\n", Bulk(view.replica), Bulk(view.info),
                      Bulk(OwnLine(view.myself)));
}

bool AsksForSlots(const ShardRequest& request) {
  return request.pipeline.bytes().find("CLUSTER") != std::string::npos;
}

std::string Reason(const absl::Status& status) {
  std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info ? info->reason : "";
}

class ClusterClientTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<Reply>> Get(ScriptedTransport& transport, RetryOptions retry = {}) {
    ClusterClient client(transport, clock_, {kFirst}, retry);
    RetryPacer pacer(clock_, call_, client.NextRetryOptions());
    SlotCall slot_call(client, transport, KeySlot("k"), pacer);
    return slot_call.Execute({{"GET", "k"}});
  }

  ManualClock clock_;
  CallOptions call_;
};

TEST_F(ClusterClientTest, AsksOnUntilANodeKnowsEveryOwner) {
  std::vector<Endpoint> asked;
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    asked.push_back(request.endpoint);
    if (request.endpoint == kFirst) return absl::UnavailableError("refused");
    return Slots(0, 16383, 7009);
  });
  ClusterClient client(transport, clock_, {kFirst, kSecond, {"127.0.0.1", 7002}}, {});
  EXPECT_EQ(client.topology(), nullptr);
  auto topology = client.Refresh(nullptr, absl::InfiniteFuture());
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_EQ((*topology)->Owner(5)->endpoint.port, 7009);
  EXPECT_EQ(client.topology(), *topology);
  EXPECT_EQ(asked, (std::vector<Endpoint>{kFirst, kSecond}));
}

TEST_F(ClusterClientTest, PrefersTheViewWithTheMostOwners) {
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (request.endpoint == kFirst) return Slots(0, 99, 7000);
    return Slots(0, 9999, 7001);
  });
  ClusterClient client(transport, clock_, {kFirst, kSecond, {"127.0.0.1", 7000}}, {});
  auto topology = client.Refresh(nullptr, absl::InfiniteFuture());
  ASSERT_TRUE(topology.ok());
  EXPECT_EQ((*topology)->covered_slots(), 10000U);
}

TEST_F(ClusterClientTest, ARefreshOfAnOldViewIsAnsweredFromTheNewOne) {
  int questions = 0;
  ScriptedTransport transport([&](const ShardRequest&) -> absl::StatusOr<std::string> {
    ++questions;
    return Slots(0, 16383, 7000);
  });
  ClusterClient client(transport, clock_, {kFirst}, {});
  auto first = client.Refresh(nullptr, absl::InfiniteFuture());
  EXPECT_EQ(*client.Refresh(nullptr, absl::InfiniteFuture()), *first);
  EXPECT_EQ(questions, 1);
  auto second = client.Refresh(first->get(), absl::InfiniteFuture());
  EXPECT_EQ(questions, 2);
  EXPECT_NE(*second, *first);
  EXPECT_EQ(*client.Refresh(first->get(), absl::InfiniteFuture()), *second);
  EXPECT_EQ(questions, 2);
}

// An address may pass to a node of another cluster.
TEST_F(ClusterClientTest, RefusesTheViewOfAnotherCluster) {
  std::map<int, std::string> answers = {{7000, Answer({7000, "aa", "bb"})}};
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (!answers.contains(request.endpoint.port)) return absl::UnavailableError("refused");
    return answers[request.endpoint.port];
  });
  std::vector<Endpoint> foreign;
  ClusterClient client(transport, clock_, {kFirst, {"127.0.0.1", 7009}}, {},
                       [&](const Endpoint& node) { foreign.push_back(node); });
  auto known = client.Refresh(nullptr, absl::InfiniteFuture());
  ASSERT_TRUE(known.ok()) << known.status();
  answers[7000] = Answer({7000, "xx", "yy"});
  absl::Status refused = client.Refresh(known->get(), absl::InfiniteFuture()).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(Reason(refused), "REDIS_OTHER_CLUSTER");
  EXPECT_EQ(client.topology(), *known);
  EXPECT_EQ(foreign, (std::vector<Endpoint>{kFirst}));
  EXPECT_EQ(client.foreign_nodes(), 1U);
  // A seed that knows the cluster is believed, though all its addresses have changed.
  answers[7009] = Answer({7020, "bb", "cc"});
  auto moved = client.Refresh(known->get(), absl::InfiniteFuture());
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ((*moved)->Owner(0)->endpoint.port, 7020);
}

TEST_F(ClusterClientTest, BelievesThoseMostWhoAreInTheCluster) {
  std::map<int, std::string> answers;
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    return answers.at(request.endpoint.port);
  });
  const std::vector<Endpoint> seeds = {{"h", 1}, {"h", 2}, {"h", 3}};
  const auto port = [&] {
    ClusterClient client(transport, clock_, seeds, {});
    return (*client.Refresh(nullptr, absl::InfiniteFuture()))->Owner(0)->endpoint.port;
  };
  for (const std::string_view cut_off : {kFail, kOkAlone}) {
    // Cut off; a replica, which hears of changes later; a primary.
    answers[1] = Answer({7001, "aa", "bb", cut_off});
    answers[2] = Answer({7002, "aa", "bb", kOk, "bb"});
    answers[3] = Answer({7003, "aa", "bb"});
    EXPECT_EQ(port(), 7003);
    answers[3] = "-LOADING\r\n";
    EXPECT_EQ(port(), 7002);
    answers[2] = "-LOADING\r\n";
    EXPECT_EQ(port(), 7001) << "better than nothing";
  }
}

TEST_F(ClusterClientTest, AClusterThatIsDownReplacesNoGoodView) {
  std::string answer = Answer({7000, "aa", "bb"});
  ScriptedTransport transport(
      [&](const ShardRequest&) -> absl::StatusOr<std::string> { return answer; });
  ClusterClient client(transport, clock_, {kFirst}, {});
  auto known = client.Refresh(nullptr, absl::InfiniteFuture());
  answer = Answer({7005, "bb", "aa", kFail});
  absl::Status down = client.Refresh(known->get(), absl::InfiniteFuture()).status();
  EXPECT_TRUE(absl::IsUnavailable(down)) << down;
  EXPECT_THAT(std::string(down.message()), HasSubstr("cluster_state:fail"));
  EXPECT_EQ(client.topology(), *known);
  answer = Answer({.port = 7005, .primary = "bb", .replica = "aa", .info = kFail, .last = 9});
  EXPECT_EQ(Reason(client.Refresh(known->get(), absl::InfiniteFuture()).status()),
            "SLOTS_WITHOUT_OWNER");
  answer = Answer({7005, "bb", "aa"});
  EXPECT_EQ((*client.Refresh(known->get(), absl::InfiniteFuture()))->Owner(0)->endpoint.port, 7005);
}

// Every pod got a new address; the old ones hang.
TEST_F(ClusterClientTest, FindsTheSeedsWithinSecondsThoughEveryKnownNodeHangs) {
  bool moved = false;
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (!moved) return Answer({7000, "aa", "bb"});
    if (request.endpoint.port != 7777) {
      clock_.Advance(absl::Milliseconds(500));
      return absl::DeadlineExceededError("no reply before the deadline");
    }
    return Answer({7100, "aa", "bb"});
  });
  ClusterClient client(transport, clock_, {kFirst, kSecond, {"127.0.0.1", 7777}}, {});
  auto known = client.Refresh(nullptr, absl::InfiniteFuture());
  ASSERT_TRUE(known.ok());
  moved = true;
  absl::Time start = clock_.Now();
  absl::StatusOr<std::shared_ptr<const Topology>> found;
  do {
    found = client.Refresh(known->get(), clock_.Now() + absl::Seconds(2));
  } while (!found.ok() && clock_.Now() - start < absl::Seconds(10));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->Owner(0)->endpoint.port, 7100);
  EXPECT_LE(clock_.Now() - start, absl::Seconds(3));
}

TEST(SteadyTimelineTest, DoesNotStepWithTheTimeOfDay) {
  const absl::Time noon = absl::FromUnixSeconds(1'000'000);
  const SteadyTimeline timeline(noon, absl::Seconds(50));
  EXPECT_EQ(timeline.At(absl::Seconds(53)), noon + absl::Seconds(3));
  // The clock was set back by an hour: a call with 10 s left has 10 s left.
  const absl::Time now = noon + absl::Seconds(3) - absl::Hours(1);
  EXPECT_EQ(timeline.FromTimeOfDay(now + absl::Seconds(10), now, absl::Seconds(53)),
            timeline.At(absl::Seconds(63)));
  EXPECT_EQ(FromTimeOfDay(absl::InfiniteFuture()), absl::InfiniteFuture());
  const absl::Time before = SteadyNow();
  EXPECT_GE(SteadyNow(), before);
}

TEST_F(ClusterClientTest, ManyCallersShareOneRefresh) {
  constexpr int kCallers = 8;
  std::mutex mutex;
  std::condition_variable all_started;
  int started = 0;
  std::atomic<int> questions{0};
  ScriptedTransport transport([&](const ShardRequest&) -> absl::StatusOr<std::string> {
    ++questions;
    std::unique_lock lock(mutex);
    all_started.wait(lock, [&] { return started == kCallers; });
    return Slots(0, 16383, 7000);
  });
  SystemClock clock;
  ClusterClient client(transport, clock, {kFirst}, {});
  std::vector<std::thread> threads;
  std::atomic<int> successes{0};
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&] {
      {
        std::lock_guard lock(mutex);
        ++started;
      }
      all_started.notify_all();
      if (client.Refresh(nullptr, absl::InfiniteFuture()).ok()) ++successes;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(successes, kCallers);
  EXPECT_EQ(questions, 1);
}

TEST_F(ClusterClientTest, ARefusalIsToldInOneLineThatSaysWhatToDo) {
  struct Case {
    std::string reply;
    absl::StatusCode code;
    std::string reason;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"-ERR This instance has cluster support disabled\r\n", absl::StatusCode::kFailedPrecondition,
       "REDIS_NOT_A_CLUSTER", "cluster-enabled yes"},
      {"-NOAUTH Authentication required.\r\n", absl::StatusCode::kUnauthenticated,
       "REDIS_UNAUTHENTICATED", "check the user name and the password"},
      {"-NOPERM User u1 has no permissions to run the 'cluster|slots' command\r\n",
       absl::StatusCode::kPermissionDenied, "REDIS_PERMISSION_DENIED", "'cluster|slots'"},
  };
  for (const Case& expected : cases) {
    ScriptedTransport transport(
        [&](const ShardRequest&) -> absl::StatusOr<std::string> { return expected.reply; });
    absl::Status status = Get(transport).status();
    EXPECT_EQ(status.code(), expected.code) << status;
    EXPECT_EQ(Reason(status), expected.reason);
    EXPECT_THAT(std::string(status.message()), HasSubstr(expected.text));
    EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:7000"));
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
    EXPECT_TRUE(clock_.waits().empty()) << "a refusal does not pass by waiting";
  }
}

TEST_F(ClusterClientTest, ARefusalByOneNodeDoesNotHideAnotherNodesAnswer) {
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (request.endpoint == kSecond) return Slots(0, 16383, 7001);
    return std::string("-NOAUTH Authentication required.\r\n");
  });
  ClusterClient client(transport, clock_, {kFirst, kSecond}, {});
  EXPECT_TRUE(client.Refresh(nullptr, absl::InfiniteFuture()).ok());
}

TEST_F(ClusterClientTest, GivesUpAfterTheBudgetAndNamesSlotNodeAndFailure) {
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (AsksForSlots(request)) return Slots(0, 16383, 7001);
    return std::string("-CLUSTERDOWN The cluster is down\r\n");
  });
  absl::Time start = clock_.Now();
  absl::Status status = Get(transport, {.budget = absl::Seconds(3)}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(Reason(status), "STORE_UNAVAILABLE");
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("slot ", KeySlot("k"))));
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:7001"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("CLUSTERDOWN"));
  EXPECT_EQ(clock_.Now() - start, absl::Seconds(3));
}

TEST_F(ClusterClientTest, NodesThatRedirectToEachOtherForEverAreGivenUp) {
  int gets = 0;
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (AsksForSlots(request)) return Slots(0, 16383, 7000);
    ++gets;
    return absl::StrCat("-MOVED ", KeySlot("k"),
                        " 127.0.0.1:", request.endpoint == kFirst ? "7001" : "7000", "\r\n");
  });
  absl::Status status = Get(transport, {.budget = absl::Seconds(1)}).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("MOVED"));
  EXPECT_LT(gets, 100) << "it must back off";
}

TEST_F(ClusterClientTest, ASlotWithoutAnOwnerIsNamed) {
  ScriptedTransport transport(
      [&](const ShardRequest&) -> absl::StatusOr<std::string> { return Slots(0, 0, 7000); });
  absl::Status status = Get(transport).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat("slot ", KeySlot("k"), ": no node owns it")));
}

TEST_F(ClusterClientTest, HonoursDeadlineAndCancellation) {
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (AsksForSlots(request)) return Slots(0, 16383, 7001);
    return absl::UnavailableError("connection refused");
  });
  call_.deadline = clock_.Now() + absl::Milliseconds(100);
  absl::Status status = Get(transport).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("connection refused"));
  EXPECT_LE(clock_.Now(), call_.deadline);

  call_.deadline = absl::InfiniteFuture();
  int polls = 0;
  call_.cancelled = [&] { return ++polls > 4; };
  status = Get(transport).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_EQ(Reason(status), "CANCELLED");
}

TEST_F(ClusterClientTest, AskingStandsBeforeEachCommandAndOnceBeforeATransaction) {
  std::string seen;
  ScriptedTransport transport([&](const ShardRequest& request) -> absl::StatusOr<std::string> {
    if (AsksForSlots(request)) return Slots(0, 16383, 7000);
    std::string replies;
    if (request.endpoint == kFirst) {
      for (size_t i = 0; i < request.pipeline.size(); ++i) {
        absl::StrAppend(&replies, "-ASK ", KeySlot("k"), " 127.0.0.1:7001\r\n");
      }
      return replies;
    }
    seen = request.pipeline.bytes();
    for (size_t i = 0; i < request.pipeline.size(); ++i) absl::StrAppend(&replies, ":", i, "\r\n");
    return replies;
  });
  ClusterClient client(transport, clock_, {kFirst}, {});
  RetryPacer pacer(clock_, call_, {});
  SlotCall slot_call(client, transport, KeySlot("k"), pacer);
  auto replies = slot_call.Execute({{"WATCH", "k"}, {"GET", "k"}});
  ASSERT_TRUE(replies.ok()) << replies.status();
  ASSERT_EQ(replies->size(), 2U);
  EXPECT_EQ((*replies)[0].view().integer(), 1);
  EXPECT_EQ((*replies)[1].view().integer(), 3);
  Pipeline expected;
  expected.Add({"ASKING"});
  expected.Add({"WATCH", "k"});
  expected.Add({"ASKING"});
  expected.Add({"GET", "k"});
  EXPECT_EQ(seen, expected.bytes());

  replies = slot_call.Execute({{"MULTI"}, {"DEL", "k"}, {"EXEC"}});
  ASSERT_TRUE(replies.ok()) << replies.status();
  ASSERT_EQ(replies->size(), 3U);
  Pipeline transaction;
  transaction.Add({"ASKING"});
  transaction.Add({"MULTI"});
  transaction.Add({"DEL", "k"});
  transaction.Add({"EXEC"});
  EXPECT_EQ(seen, transaction.bytes());
}

TEST(RetryPacerTest, WaitsGrowWithJitterUpToTheirBound) {
  ManualClock clock;
  CallOptions call;
  size_t told = 0;
  RetryOptions options{.budget = absl::Seconds(60),
                       .first_wait = absl::Milliseconds(8),
                       .wait_max = absl::Milliseconds(100),
                       .on_wait = [&] { ++told; }};
  RetryPacer pacer(clock, call, options);
  absl::Status failure = absl::UnavailableError("down");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pacer.WaitAfter(failure).ok());
  EXPECT_EQ(told, 10U);
  absl::Duration full = options.first_wait;
  std::set<absl::Duration> parts;
  for (absl::Duration wait : clock.waits()) {
    EXPECT_GE(wait, full / 2);
    EXPECT_LE(wait, full);
    parts.insert(wait / absl::FDivDuration(full, absl::Milliseconds(1)));
    full = std::min(full * 2, options.wait_max);
  }
  EXPECT_GT(parts.size(), 5U) << "no jitter";
  pacer.OnProgress();
  ASSERT_TRUE(pacer.WaitAfter(failure).ok());
  EXPECT_LE(clock.waits().back(), options.first_wait);
}

TEST(RetryPacerTest, ProgressRenewsTheBudget) {
  ManualClock clock;
  CallOptions call;
  RetryPacer pacer(clock, call, {.budget = absl::Seconds(1)});
  clock.Advance(absl::Seconds(2));
  EXPECT_TRUE(absl::IsUnavailable(pacer.WaitAfter(absl::UnavailableError("down"))));
  pacer.OnProgress();
  EXPECT_TRUE(pacer.WaitAfter(absl::UnavailableError("down")).ok());
}

TEST(RetryPacerTest, AnAttemptEndsBeforeTheCallDoes) {
  ManualClock clock;
  CallOptions call{.deadline = clock.Now() + absl::Seconds(10)};
  RetryPacer pacer(clock, call, {.attempt_max = absl::Seconds(4)});
  EXPECT_EQ(pacer.AttemptDeadline(), clock.Now() + absl::Seconds(4));
  clock.Advance(absl::Seconds(8));
  EXPECT_EQ(pacer.AttemptDeadline(), call.deadline);
}

}  // namespace
}  // namespace atestore
