// The emulator over TCP, used by programs that know nothing of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include "absl/strings/str_join.h"
#include "core/slot.h"
#include "core/status.h"
#include "mockcluster/cluster.h"
#include "mockcluster/tcp/front.h"
#include "tests/e2e/mockcluster_process.h"
#include "tests/support/tls_files.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kProgramLimit = absl::Seconds(60);

class MockclusterTcpTest : public ::testing::TestWithParam<const char*> {
 protected:
  void Start(std::vector<std::string> flags) {
    absl::Status started = cluster_.Start(flags);
    ASSERT_TRUE(started.ok()) << started;
  }

  std::string Address(int index) const {
    return "127.0.0.1:" + std::to_string(cluster_.port(index));
  }

  // The output of a program on PATH that ends well.
  static std::string Run(std::vector<std::string> command) {
    std::optional<std::string> program = FindProgram(command[0]);
    EXPECT_TRUE(program.has_value()) << command[0] << " is not installed";
    command[0] = program.value_or(command[0]);
    absl::StatusOr<std::string> output = RunProgram(command, kProgramLimit);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.value_or("");
  }

  // A session of `redis-cli -c`, one command a line.
  std::string CliSession(const std::string& lines) const {
    return Run({"sh", "-c",
                "printf '" + lines + "' | redis-cli -c -p " + std::to_string(cluster_.port(0))});
  }

  int64_t TotalKeys(int primaries) const {
    int64_t keys = 0;
    for (int index = 0; index < primaries; ++index) {
      keys += cluster_.AskReply(index, {"DBSIZE"}).integer;
    }
    return keys;
  }

  MockclusterProcess cluster_;
};

TEST_P(MockclusterTcpTest, RedisCliFollowsRedirects) {
  Start({"--flavor", GetParam()});
  std::string output =
      CliSession("SET foo bar\\nGET foo\\nSET hello world\\nGET hello\\nGET nil\\n");
  EXPECT_THAT(output, HasSubstr("bar"));
  EXPECT_THAT(output, HasSubstr("world"));
  EXPECT_THAT(output, Not(HasSubstr("MOVED")));
  EXPECT_THAT(output, Not(HasSubstr("ERR")));
}

TEST_P(MockclusterTcpTest, RedisCliFindsTheClusterInOrder) {
  Start({"--flavor", GetParam(), "--replicas", "1", "--demo-actors", "1000"});
  std::string output = Run({"redis-cli", "--cluster", "check", Address(0)});
  EXPECT_THAT(output, HasSubstr("[OK] All nodes agree about slots configuration."));
  EXPECT_THAT(output, HasSubstr("[OK] All 16384 slots covered."));
  EXPECT_THAT(output, HasSubstr("[OK] 1050 keys in 3 masters."));
}

TEST_P(MockclusterTcpTest, RedisCliReshards) {
  Start({"--flavor", GetParam(), "--demo-actors", "3000"});
  std::string from = cluster_.Ask(0, {"CLUSTER", "MYID"});
  std::string to = cluster_.Ask(1, {"CLUSTER", "MYID"});
  int64_t before = cluster_.AskReply(1, {"DBSIZE"}).integer;
  Run({"redis-cli", "--cluster", "reshard", Address(0), "--cluster-from", from, "--cluster-to", to,
       "--cluster-slots", "300", "--cluster-yes"});
  EXPECT_GT(cluster_.AskReply(1, {"DBSIZE"}).integer, before);
  EXPECT_EQ(TotalKeys(3), 3050);
  EXPECT_EQ(cluster_.AskReply(0, {"CLUSTER", "COUNTKEYSINSLOT", "0"}).integer, 0);
  std::string check = Run({"redis-cli", "--cluster", "check", Address(0)});
  EXPECT_THAT(check, HasSubstr("[OK] All 16384 slots covered."));
  EXPECT_THAT(check, HasSubstr("5161 slots"));
  EXPECT_THAT(check, HasSubstr("5762 slots"));
}

// From six empty nodes: a cluster, one node less, and the node back again as a replica.
TEST_P(MockclusterTcpTest, RedisCliBuildsAClusterAndChangesItsNodes) {
  Start({"--flavor", GetParam(), "--replicas", "1"});
  // The replicas first: a primary's reset would leave them without one.
  std::vector<std::string> create = {"redis-cli", "--cluster", "create"};
  for (int index : {5, 4, 3, 2, 1, 0}) {
    EXPECT_EQ(cluster_.Ask(index, {"CLUSTER", "RESET", "HARD"}), "OK");
    create.push_back(Address(index));
  }
  create.insert(create.end(), {"--cluster-replicas", "1", "--cluster-yes"});
  EXPECT_THAT(Run(create), HasSubstr("[OK] All 16384 slots covered."));
  std::string built = Run({"redis-cli", "--cluster", "check", Address(0)});
  EXPECT_THAT(built, HasSubstr("[OK] 0 keys in 3 masters."));
  EXPECT_THAT(built, HasSubstr("[OK] All nodes agree about slots configuration."));

  const std::string id = cluster_.Ask(0, {"CLUSTER", "MYID"});
  ASSERT_THAT(cluster_.Ask(0, {"INFO", "replication"}), HasSubstr("role:slave"));
  Run({"redis-cli", "--cluster", "del-node", Address(1), id});
  EXPECT_THAT(cluster_.Ask(1, {"CLUSTER", "NODES"}), Not(HasSubstr(id)));
  EXPECT_THAT(cluster_.Ask(0, {"CLUSTER", "INFO"}), HasSubstr("cluster_known_nodes:1\r\n"));
  Run({"redis-cli", "--cluster", "add-node", Address(0), Address(1), "--cluster-slave"});
  EXPECT_THAT(cluster_.Ask(0, {"INFO", "replication"}), HasSubstr("role:slave"));
  std::string after = Run({"redis-cli", "--cluster", "check", Address(0)});
  EXPECT_THAT(after, HasSubstr("[OK] All nodes agree about slots configuration."));
  EXPECT_THAT(after, HasSubstr("[OK] All 16384 slots covered."));
}

TEST_P(MockclusterTcpTest, RedisBenchmarkRuns) {
  Start({"--flavor", GetParam()});
  std::string output =
      Run({"redis-benchmark", "--cluster", "-p", std::to_string(cluster_.port(0)), "-t", "set,get",
           "-n", "20000", "-c", "8", "-P", "8", "-r", "1000", "-q"});
  EXPECT_THAT(output, HasSubstr("SET: "));
  EXPECT_THAT(output, HasSubstr("GET: "));
  EXPECT_THAT(output, HasSubstr("requests per second"));
  EXPECT_THAT(output, Not(HasSubstr("rror")));
  EXPECT_GT(TotalKeys(3), 900);
}

TEST_P(MockclusterTcpTest, HiredisPipelinesAndSeesRedirects) {
  Start({"--flavor", GetParam()});
  absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
  ASSERT_TRUE(client.ok()) << client.status();
  std::string here = "{" + std::string(SlotTag(0)) + "}";
  std::string there = "{" + std::string(SlotTag(16383)) + "}";
  std::string large(3 << 20, 'x');
  std::vector<HiredisClient::Command> commands = {
      {"SET", here, large}, {"GET", here}, {"GET", there}, {"PING"}};
  absl::StatusOr<std::vector<HiredisReply>> replies = client->ExecuteAll(commands);
  ASSERT_TRUE(replies.ok()) << replies.status();
  EXPECT_EQ((*replies)[0].text, "OK");
  EXPECT_EQ((*replies)[1].text, large);
  EXPECT_EQ((*replies)[2].text, "MOVED 16383 " + Address(2));
  EXPECT_EQ((*replies)[3].text, "PONG");
}

TEST_P(MockclusterTcpTest, RedisCliSpeaksResp3) {
  Start({"--flavor", GetParam()});
  std::string output =
      Run({"redis-cli", "-3", "-p", std::to_string(cluster_.port(0)), "CLUSTER", "SHARDS"});
  // A map is printed with its values behind their keys, a flat array one element a line.
  EXPECT_THAT(output, HasSubstr("role master\nreplication-offset 0\n"));
}

TEST_P(MockclusterTcpTest, InlineCommandsAndProtocolErrors) {
  Start({"--flavor", GetParam()});
  std::string script = "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(cluster_.port(0)) +
                       "; printf 'PING\\r\\nECHO \"a b\"\\r\\n*1\\r\\n!' >&3; cat <&3";
  EXPECT_EQ(Run({"bash", "-c", script}),
            "+PONG\r\n$3\r\na b\r\n-ERR Protocol error: expected '$', got '!'\r\n");
}

INSTANTIATE_TEST_SUITE_P(Flavors, MockclusterTcpTest,
                         ::testing::Values("redis-7.0", "valkey-8.0", "valkey-9.1"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase_if(name, [](char c) { return !isalnum(c); });
                           return name;
                         });

using MockclusterControlTest = MockclusterTcpTest;

TEST_F(MockclusterControlTest, ClusterClientsSpeakTls) {
  TempDir directory;
  absl::StatusOr<TlsFiles> files = MakeTlsFiles(directory.path());
  ASSERT_TRUE(files.ok()) << files.status();
  Start({"--tls-cert-file", files->server_certificate, "--tls-key-file", files->server_key,
         "--tls-ca-cert-file", files->ca});
  const std::string port = std::to_string(cluster_.port(0));
  const std::string here = "{" + std::string(SlotTag(0)) + "}";
  const std::string there = "{" + std::string(SlotTag(16383)) + "}";
  const std::vector<std::string> tls = {"--tls", "--cacert", files->ca};
  std::vector<std::string> session = {"redis-cli", "-c", "-p", port};
  session.insert(session.end(), tls.begin(), tls.end());
  std::vector<std::string> stranger = session;
  session.insert(session.end(), {"--cert", files->client_bundle, "--key", files->client_bundle});
  for (const std::string& key : {here, there}) {
    std::vector<std::string> set = session;
    set.insert(set.end(), {"SET", key, "value of " + key});
    EXPECT_EQ(Run(set), "OK\n");
    std::vector<std::string> get = session;
    get.insert(get.end(), {"GET", key});
    EXPECT_EQ(Run(get), "value of " + key + "\n");
  }
  // Without a certificate, and without TLS.
  stranger.push_back("PING");
  EXPECT_FALSE(
      RunProgram({"sh", "-c", absl::StrJoin(stranger, " ") + " 2>&1 | grep PONG"}, kProgramLimit)
          .ok());
  absl::StatusOr<HiredisClient> plain = cluster_.Connect(0);
  EXPECT_FALSE(plain.ok() && plain->Execute({"PING"}).ok());
}

TEST_F(MockclusterControlTest, AKilledProcessRefusesUntilItIsRestarted) {
  Start({"--replicas", "1"});
  absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
  ASSERT_TRUE(client.ok()) << client.status();
  std::string id = cluster_.Ask(0, {"CLUSTER", "MYID"});
  std::string server_before = cluster_.Ask(0, {"INFO", "server"});
  std::string port = std::to_string(cluster_.port(0));
  EXPECT_EQ(cluster_.Ask(1, {"MOCK", "KILL", port}), "OK");
  EXPECT_FALSE(client->Execute({"PING"}).ok());
  EXPECT_FALSE(cluster_.Connect(0).ok());
  EXPECT_EQ(cluster_.Ask(1, {"MOCK", "RESTART", port}), "OK");
  EXPECT_EQ(cluster_.Ask(0, {"CLUSTER", "MYID"}), id);
  std::string server_after = cluster_.Ask(0, {"INFO", "server"});
  auto run_id = [](const std::string& info) { return info.substr(info.find("run_id:"), 47); };
  ASSERT_THAT(server_before, HasSubstr("run_id:"));
  EXPECT_NE(run_id(server_before), run_id(server_after));
}

TEST_F(MockclusterControlTest, AnEventOverAConnectionIsAnsweredOnIt) {
  Start({"--replicas", "1"});
  absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
  ASSERT_TRUE(client.ok()) << client.status();
  absl::StatusOr<HiredisReply> reply = client->Execute({"MOCK", "KILL", "0"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text, "OK");
  EXPECT_FALSE(client->Execute({"PING"}).ok());
}

TEST_F(MockclusterControlTest, AFailoverChangesRoles) {
  Start({"--replicas", "1"});
  EXPECT_EQ(cluster_.Ask(0, {"MOCK", "FAILOVER", "0"}), "OK");
  EXPECT_THAT(cluster_.Ask(0, {"INFO", "replication"}), HasSubstr("role:slave"));
  EXPECT_THAT(cluster_.Ask(3, {"INFO", "replication"}), HasSubstr("role:master"));
}

TEST_F(MockclusterControlTest, ANewNodeListens) {
  Start({});
  HiredisReply handle = cluster_.AskReply(0, {"MOCK", "ADDNODE"});
  EXPECT_EQ(handle.integer, 3);
  EXPECT_EQ(cluster_.Ask(3, {"PING"}), "PONG");
  EXPECT_EQ(cluster_.Ask(0, {"MOCK", "MOVESLOTS", "0", "9", "3"}), "OK");
  std::string here = "{" + std::string(SlotTag(5)) + "}";
  EXPECT_EQ(cluster_.Ask(3, {"SET", here, "1"}), "OK");
  EXPECT_EQ(cluster_.Ask(0, {"GET", here}), "MOVED 5 " + Address(3));
}

TEST_F(MockclusterControlTest, ADroppedConnectionHasExecutedOrNot) {
  Start({});
  std::string key = "{" + std::string(SlotTag(0)) + "}";
  for (const char* when : {"AFTER", "BEFORE", "TRUNCATE"}) {
    absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
    ASSERT_TRUE(client.ok()) << client.status();
    ASSERT_EQ(client->Execute({"MOCK", "DROP", when})->text, "OK");
    EXPECT_FALSE(client->Execute({"SET", key, when}).ok());
    bool executed = std::string(when) != "BEFORE";
    EXPECT_EQ(cluster_.Ask(0, {"GET", key}), executed ? when : "AFTER");
  }
}

// The time of a server, in milliseconds.
int64_t TimeOf(const HiredisReply& time) {
  return std::stoll(time.elements.at(0).text) * 1000 + std::stoll(time.elements.at(1).text) / 1000;
}

TEST_F(MockclusterControlTest, TheTimeIsReal) {
  Start({});
  const int64_t before_ms = absl::ToUnixMillis(absl::Now());
  const int64_t shown_ms = TimeOf(cluster_.AskReply(0, {"TIME"}));
  // Two clocks, each rounded down.
  EXPECT_GE(shown_ms, before_ms - 2);
  EXPECT_LE(shown_ms, absl::ToUnixMillis(absl::Now()));
  // A date of today is in the future, one of a minute ago has passed.
  const int64_t now_s = absl::ToUnixSeconds(absl::Now());
  EXPECT_EQ(cluster_.Ask(0, {"SET", "{b}1", "v", "EXAT", std::to_string(now_s + 1000)}), "OK");
  EXPECT_EQ(cluster_.Ask(0, {"GET", "{b}1"}), "v");
  EXPECT_EQ(cluster_.Ask(0, {"SET", "{b}1", "v", "EXAT", std::to_string(now_s - 60)}), "OK");
  EXPECT_EQ(cluster_.AskReply(0, {"EXISTS", "{b}1"}).integer, 0);
}

TEST_F(MockclusterControlTest, AReplicaTakesOverByItself) {
  Start({"--replicas", "1", "--frozen-time", "--node-timeout-ms", "300"});
  EXPECT_EQ(cluster_.Ask(0, {"SET", "{b}1", "v"}), "OK");
  EXPECT_EQ(cluster_.Ask(1, {"MOCK", "KILL", "0"}), "OK");
  cluster_.AskReply(1, {"MOCK", "TIME", "299"});
  EXPECT_THAT(cluster_.Ask(1, {"GET", "{b}1"}), HasSubstr("MOVED"));
  cluster_.AskReply(1, {"MOCK", "TIME", "1"});
  EXPECT_THAT(cluster_.Ask(1, {"GET", "{b}1"}), HasSubstr("CLUSTERDOWN"));
  cluster_.AskReply(1, {"MOCK", "TIME", "500"});
  EXPECT_EQ(cluster_.Ask(3, {"GET", "{b}1"}), "v");
}

// No tick looks after those who wait when the time stands still.
TEST_F(MockclusterControlTest, AnEndedPauseWakesWritersThoughTheTimeStandsStill) {
  Start({"--frozen-time"});
  for (const auto& end_of_pause :
       {HiredisClient::Command{"CLIENT", "UNPAUSE"}, {"MOCK", "TIME", "1000"}}) {
    ASSERT_EQ(cluster_.Ask(0, {"CONFIG", "RESETSTAT"}), "OK");
    ASSERT_EQ(cluster_.Ask(0, {"CLIENT", "PAUSE", "1000", "WRITE"}), "OK");
    absl::StatusOr<HiredisClient> writer = cluster_.Connect(0);
    ASSERT_TRUE(writer.ok()) << writer.status();
    auto written = std::async(std::launch::async, [&] {
      const std::vector<HiredisClient::Command> commands = {{"ECHO", "x"}, {"SET", "{b}1", "v"}};
      return writer->ExecuteAll(commands);
    });
    while (cluster_.AskReply(0, {"INFO", "commandstats"}).text.find("cmdstat_echo") ==
           std::string::npos) {
    }
    EXPECT_EQ(cluster_.AskReply(0, {"EXISTS", "{b}1"}).integer, 0);
    cluster_.AskReply(0, end_of_pause);
    const absl::StatusOr<std::vector<HiredisReply>> replies = written.get();
    ASSERT_TRUE(replies.ok()) << replies.status();
    EXPECT_EQ(replies->at(1).text, "OK");
    ASSERT_EQ(cluster_.AskReply(0, {"DEL", "{b}1"}).integer, 1);
  }
}

// The processor time that a process has taken.
absl::Duration ProcessorTime(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // After the name, in brackets: utime and stime are fields 14 and 15 of proc(5).
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  return absl::Seconds(1) * (user + system) / sysconf(_SC_CLK_TCK);
}

TEST_F(MockclusterControlTest, MoreClientsThanDescriptorsWaitWithoutSpinning) {
  Start({});
  const pid_t pid = cluster_.process().pid();
  const rlimit few{.rlim_cur = 32, .rlim_max = 32};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &few, nullptr), 0);
  absl::StatusOr<HiredisClient> first = cluster_.Connect(0);
  ASSERT_TRUE(first.ok()) << first.status();
  std::vector<HiredisClient> clients;
  for (int count = 0; count < 60; ++count) {
    absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
    if (client.ok()) clients.push_back(*std::move(client));
  }
  // A client that was accepted is served all the while.
  const absl::Duration before = ProcessorTime(pid);
  const absl::Time begin = absl::Now();
  while (absl::Now() - begin < absl::Seconds(1)) {
    ASSERT_TRUE(first->Execute({"DEBUG", "SLEEP", "0.1"}).ok());
  }
  EXPECT_LT(ProcessorTime(pid) - before, absl::Milliseconds(300));
  clients.clear();
  EXPECT_TRUE(Poll(absl::Seconds(20), [this] {
    absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
    return client.ok() && client->Execute({"PING"}).ok();
  }));
}

TEST_F(MockclusterControlTest, ASlowNodeTakesItsTime) {
  Start({});
  for (const auto& [name, prepare, slow] :
       {std::tuple<std::string, HiredisClient::Command, HiredisClient::Command>(
            "DEBUG SLEEP", {"PING"}, {"DEBUG", "SLEEP", "0.15"}),
        {"MOCK PAUSE", {"MOCK", "PAUSE", "0", "150"}, {"GET", "{b}1"}},
        {"MOCK DELAY", {"MOCK", "DELAY", "0", "150"}, {"GET", "{b}1"}}}) {
    SCOPED_TRACE(name);
    cluster_.AskReply(0, prepare);
    const absl::Time begin = absl::Now();
    cluster_.AskReply(0, slow);
    // The emulator counts whole milliseconds.
    EXPECT_GE(absl::Now() - begin, absl::Milliseconds(149));
    EXPECT_EQ(cluster_.Ask(1, {"MOCK", "CALM"}), "OK") << "other nodes are not slow";
  }
}

TEST_F(MockclusterControlTest, MistakesAreNamed) {
  Start({});
  EXPECT_THAT(cluster_.Ask(0, {"MOCK", "EXPLODE"}), HasSubstr("unknown event 'EXPLODE'"));
  EXPECT_THAT(cluster_.Ask(0, {"MOCK", "KILL"}), HasSubstr("MOCK KILL node"));
  EXPECT_THAT(cluster_.Ask(0, {"MOCK", "KILL", "99"}), HasSubstr("node '99'"));
  EXPECT_THAT(cluster_.Ask(0, {"MOCK", "UNASSIGN", "16384"}), HasSubstr("'16384'"));
  EXPECT_THAT(cluster_.Ask(0, {"MOCK", "FAILOVER", "0"}), HasSubstr("ERR "));
  EXPECT_GT(cluster_.AskReply(0, {"MOCK"}).elements.size(), 20u);
}

TEST_F(MockclusterControlTest, ABillionActorsArePagedThrough) {
  Start({"--synthetic-actors", "1000000000"});
  EXPECT_EQ(TotalKeys(3), 1'000'000'050);
  HiredisReply page = cluster_.AskReply(1, {"SCAN", "0", "COUNT", "1000"});
  ASSERT_EQ(page.elements.size(), 2u);
  ASSERT_GE(page.elements[1].elements.size(), 1000u);
  EXPECT_THAT(cluster_.Ask(1, {"GET", page.elements[1].elements[0].text}), HasSubstr("actorId"));
  EXPECT_EQ(cluster_.AskReply(0, {"CLUSTER", "COUNTKEYSINSLOT", "0"}).integer / 10, 6103);
  HiredisReply names = cluster_.AskReply(0, {"CLUSTER", "GETKEYSINSLOT", "0", "2000"});
  EXPECT_EQ(names.elements.size(), 2000u);
}

TEST_F(MockclusterControlTest, SameSeedAndCommandsGiveTheSameLog) {
  std::vector<std::string> logs;
  for (int run = 0; run < 2; ++run) {
    MockclusterProcess cluster;
    absl::Status started = cluster.Start({"--replicas", "1", "--seed", "7", "--frozen-time"});
    ASSERT_TRUE(started.ok()) << started;
    for (int fault = 0; fault < 20; ++fault) {
      cluster.Ask(1, {"MOCK", "FAULT", "begin-migration"});
      cluster.Ask(1, {"MOCK", "FAULT", "finish-migration"});
    }
    std::string log;
    HiredisReply lines = cluster.AskReply(1, {"MOCK", "LOG"});
    EXPECT_GE(lines.elements.size(), 20u);
    for (const HiredisReply& line : lines.elements) log += line.text + "\n";
    // Ports differ from run to run.
    for (int index = 0; index < 6; ++index) {
      const std::string port = ":" + std::to_string(cluster.port(index));
      for (size_t at; (at = log.find(port)) != std::string::npos;) {
        log.replace(at, port.size(), ":port");
      }
    }
    logs.push_back(log);
  }
  EXPECT_EQ(logs[0], logs[1]);
}

// A port can be known to be open before Run() begins.
TEST(TcpFrontTest, ASignalBeforeRunEndsIt) {
  absl::StatusOr<PortLease> lease = PortLease::Take();
  ASSERT_TRUE(lease.ok()) << lease.status();
  auto serve = [&] {
    mockcluster::Cluster cluster({.primaries = 1, .base_port = lease->port()});
    mockcluster::TcpFront front(cluster, {.stop_on_signals = true});
    if (!front.Listen().ok()) return 1;
    std::raise(SIGTERM);
    front.Run();
    return 0;
  };
  EXPECT_EXIT(std::exit(serve()), ::testing::ExitedWithCode(0), "");
}

TEST_F(MockclusterControlTest, ATerminationSignalEndsItWell) {
  Start({});
  absl::StatusOr<HiredisClient> client = cluster_.Connect(0);
  ASSERT_TRUE(client.ok()) << client.status();
  cluster_.process().Signal(SIGTERM);
  EXPECT_EQ(cluster_.process().WaitForExit(kProgramLimit), 0);
}

}  // namespace
}  // namespace atestore
