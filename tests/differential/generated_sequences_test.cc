#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mockcluster/random.h"
#include "tests/differential/twin_clusters.h"
#include "tests/support/require_server.h"

// The same generated command sequences on real servers and on the emulator: every reply equal byte
// for byte, after ids, ports and times have been named.
namespace atestore {
namespace {

using mockcluster::Random;

constexpr std::string_view kKeys[] = {"{b}1", "{b}2", "{b}3", "b", "{a}1", "{a}2", "c", "{}x", "x"};
constexpr std::string_view kValues[] = {"1", "42", "-7", "abc", "9223372036854775807", "007"};

// Neither SETSLOT nor wrong passwords: inside MULTI, Valkey 8.0.1 answers the former by closing the
// connection and leaves the latter's reply out of EXEC's.
// Templates: K a key, S a key of slot 3300, V a value, anything else as it stands.
constexpr std::string_view kCommands[] = {"GET K",
                                          "GET S",
                                          "GET S",
                                          "SET S V",
                                          "SET S V",
                                          "SET K V",
                                          "SET S V NX",
                                          "SET S V XX",
                                          "SET S V GET",
                                          "SET S V NX GET",
                                          "SET S V EX 100",
                                          "SET S V PX 100000",
                                          "SET S V KEEPTTL",
                                          "SET S V EXAT 0",
                                          "SET S V EX 0",
                                          "SET S V EX V",
                                          "SET S V NX XX",
                                          "SET S V BAD",
                                          "SET S V EX",
                                          "SET S",
                                          "SETNX S V",
                                          "SETEX S 100 V",
                                          "SETEX S 0 V",
                                          "PSETEX S 100000 V",
                                          "PSETEX S 0 V",
                                          "GETSET S V",
                                          "GETDEL S",
                                          "MGET S S S",
                                          "MGET S K",
                                          "MGET K K",
                                          "MSET S V S V",
                                          "MSET S V S",
                                          "MSET S V K V",
                                          "STRLEN S",
                                          "APPEND S V",
                                          "INCR S",
                                          "DECR S",
                                          "INCRBY S V",
                                          "DECRBY S V",
                                          "DEL S",
                                          "DEL S S",
                                          "DEL S K",
                                          "UNLINK S",
                                          "EXISTS S S S",
                                          "EXISTS K",
                                          "TOUCH S S",
                                          "TYPE S",
                                          "TTL S",
                                          "EXPIRE S 100",
                                          "EXPIRE S 100 NX",
                                          "EXPIRE S 200 XX",
                                          "EXPIRE S 50 GT",
                                          "EXPIRE S 50 LT",
                                          "EXPIRE S 5 GT LT",
                                          "EXPIRE S 5 NX XX",
                                          "EXPIRE S V BAD",
                                          "EXPIRE S abc",
                                          "EXPIRE S 9223372036854775807",
                                          "EXPIRE S -1",
                                          "EXPIREAT S 1",
                                          "PERSIST S",
                                          "DUMP nosuch{b}",
                                          "RESTORE S 0 junk",
                                          "RESTORE S -1 junk",
                                          "RESTORE S x junk REPLACE",
                                          "MULTI",
                                          "MULTI",
                                          "MULTI",
                                          "EXEC",
                                          "EXEC",
                                          "EXEC",
                                          "EXEC",
                                          "DISCARD",
                                          "EXEC x",
                                          "WATCH S",
                                          "WATCH K",
                                          "UNWATCH",
                                          "ASKING",
                                          "READONLY",
                                          "READWRITE",
                                          "PING",
                                          "PING V",
                                          "PING V V",
                                          "ECHO V",
                                          "ECHO",
                                          "SELECT 0",
                                          "SELECT 1",
                                          "SELECT x",
                                          "HELLO 3",
                                          "HELLO 2",
                                          "HELLO 4",
                                          "HELLO x",
                                          "HELLO 2 BAD",
                                          "HELLO 3 SETNAME n",
                                          "RESET",
                                          "AUTH x",
                                          "AUTH default y",
                                          "CLIENT GETNAME",
                                          "CLIENT SETNAME n",
                                          "CLIENT BAD",
                                          "CLIENT",
                                          "CLUSTER",
                                          "CLUSTER BAD",
                                          "CLUSTER MYID",
                                          "CLUSTER SLOTS",
                                          "CLUSTER KEYSLOT K",
                                          "CLUSTER KEYSLOT",
                                          "CLUSTER COUNTKEYSINSLOT 3300",
                                          "CLUSTER COUNTKEYSINSLOT 99999",
                                          "CLUSTER COUNTKEYSINSLOT x",
                                          "CLUSTER GETKEYSINSLOT 3300 1 1",
                                          "CLUSTER GETKEYSINSLOT 3300 -1",
                                          "CLUSTER GETKEYSINSLOT 99999 1",
                                          "CLUSTER GETKEYSINSLOT x 1",
                                          "CLUSTER GETKEYSINSLOT 1 x",
                                          "CLUSTER REPLICAS $id0",
                                          "CLUSTER REPLICAS $id2",
                                          "CLUSTER REPLICAS nosuch",
                                          "CLUSTER COUNT-FAILURE-REPORTS nosuch",
                                          "CLUSTER COUNT-FAILURE-REPORTS $id0",
                                          "CLUSTER FORGET nosuch",
                                          "CLUSTER MEET a b",
                                          "CLUSTER MEET 127.0.0.1 99999",
                                          "CLUSTER REPLICATE nosuch",
                                          "CLUSTER REPLICATE $id3",
                                          "CLUSTER ADDSLOTS 0",
                                          "CLUSTER ADDSLOTS x",
                                          "CLUSTER ADDSLOTSRANGE 5 1",
                                          "CLUSTER ADDSLOTSRANGE 1",
                                          "CLUSTER SET-CONFIG-EPOCH 5",
                                          "CLUSTER FAILOVER BAD",
                                          "CLUSTER FAILOVER FORCE BAD",
                                          "CLUSTER BUMPEPOCH x",
                                          "SCAN x",
                                          "SCAN -1x",
                                          "SCAN 0 COUNT 0",
                                          "SCAN 0 COUNT x",
                                          "SCAN 0 COUNT",
                                          "SCAN 0 BAD x",
                                          "SCAN 0 MATCH",
                                          "SCAN 0 TYPE hash",
                                          "SCAN",
                                          "SCAN 18446744073709551616",
                                          "DBSIZE x",
                                          "KEYS",
                                          "FLUSHALL BAD",
                                          "FLUSHALL SYNC",
                                          "RANDOMKEY x",
                                          "WAIT x",
                                          "NOSUCH",
                                          "NOSUCH K V",
                                          "COMMAND BAD",
                                          "COMMAND GETKEYS GET K",
                                          "COMMAND GETKEYS MSET K V K V",
                                          "CONFIG BAD",
                                          "CONFIG GET save",
                                          "TIME x",
                                          "MIGRATE 127.0.0.1 1 S 0 100 KEYS K",
                                          "MIGRATE 127.0.0.1 1 nosuch{b} 0 100",
                                          "MIGRATE 127.0.0.1 1 S x 100",
                                          "MIGRATE 127.0.0.1 1 S 0 100 BAD"};

std::string Generate(Random& random) {
  std::string_view pattern = kCommands[random.Below(std::size(kCommands))];
  std::string line;
  for (size_t index = 0; index < pattern.size(); ++index) {
    const bool alone = (index == 0 || pattern[index - 1] == ' ') &&
                       (index + 1 == pattern.size() || pattern[index + 1] == ' ');
    if (alone && pattern[index] == 'K') {
      line += kKeys[random.Below(std::size(kKeys))];
    } else if (alone && pattern[index] == 'S') {
      line += kKeys[random.Below(4)];
    } else if (alone && pattern[index] == 'V') {
      line += kValues[random.Below(std::size(kValues))];
    } else {
      line += pattern[index];
    }
  }
  return line;
}

class Differential : public testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override {
    ATESTORE_REQUIRE_SERVER(GetParam());
    std::unique_ptr<TwinClusters>& twins = shared_[GetParam()];
    if (twins == nullptr) {
      absl::StatusOr<std::unique_ptr<TwinClusters>> started = TwinClusters::Start(GetParam());
      ASSERT_TRUE(started.ok()) << started.status();
      twins = *std::move(started);
    }
    twins_ = twins.get();
    ASSERT_TRUE(twins_->Clear().ok());
  }
  static void TearDownTestSuite() { shared_.clear(); }

  // Runs `commands` on one connection, then more than one sequence's worth of difference is told.
  void RunSequence(uint64_t seed, size_t commands, size_t nodes) {
    Random random(seed);
    const size_t node = random.Below(nodes);
    auto connection = twins_->Connect(node);
    ASSERT_TRUE(connection.ok()) << connection.status();
    std::string story = "seed " + std::to_string(seed) + ", node " + std::to_string(node) + "\n";
    for (size_t index = 0; index < commands; ++index) {
      std::string line = Generate(random);
      absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(line);
      ASSERT_TRUE(replies.ok()) << replies.status();
      story += line + "\n";
      ASSERT_EQ(replies->real, replies->mock) << story;
    }
  }

  // Runs the lines on one connection to `node`; a line that begins with "@i " is an administrator's
  // on node i. All replies must be equal.
  void Expect(size_t node, const std::vector<std::string>& lines) {
    auto connection = twins_->Connect(node);
    ASSERT_TRUE(connection.ok()) << connection.status();
    std::string story = "node " + std::to_string(node) + "\n";
    for (const std::string& line : lines) {
      story += line + "\n";
      if (line.starts_with("@")) {
        absl::Status done = twins_->Run(static_cast<size_t>(line[1] - '0'), line.substr(3));
        ASSERT_TRUE(done.ok()) << done << "\n" << story;
        continue;
      }
      absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(line);
      ASSERT_TRUE(replies.ok()) << replies.status();
      EXPECT_EQ(replies->real, replies->mock) << story;
    }
  }

  // A whole SCAN of node 0; no reply may be larger than COUNT allows.
  std::set<std::string> ScanAll(size_t count, bool real, size_t& calls) {
    // One bucket's chain, or a small bucket with its expansions, may go over.
    constexpr size_t kOvershootMax = 40;
    std::set<std::string> keys;
    auto connection = twins_->Connect(0);
    std::string cursor = "0";
    do {
      absl::StatusOr<TwinClusters::Replies> replies =
          (*connection)->Execute("SCAN " + cursor + " COUNT " + std::to_string(count));
      RespReader reader;
      reader.Feed(real ? replies->real : replies->mock);
      absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
      cursor = std::string((**reply)[0].text());
      EXPECT_LE((**reply)[1].size(), count - 1 + kOvershootMax);
      for (ReplyView key : (**reply)[1]) keys.emplace(key.text());
      ++calls;
    } while (cursor != "0");
    return keys;
  }

  static std::map<ServerKind, std::unique_ptr<TwinClusters>> shared_;
  TwinClusters* twins_ = nullptr;
};

std::map<ServerKind, std::unique_ptr<TwinClusters>> Differential::shared_;

INSTANTIATE_TEST_SUITE_P(Servers, Differential,
                         testing::Values(ServerKind::kRedis, ServerKind::kValkey),
                         [](const auto& kind) {
                           return kind.param == ServerKind::kRedis ? "Redis70" : "Valkey80";
                         });

TEST_P(Differential, PrimariesAndReplicas) {
  constexpr uint64_t kSequences = 2000;
  constexpr size_t kCommandsEach = 25;
  for (uint64_t seed = 1; seed <= kSequences; ++seed) {
    ASSERT_NO_FATAL_FAILURE(RunSequence(seed, kCommandsEach, TwinClusters::kNodes));
    ASSERT_TRUE(twins_->Clear().ok());
  }
}

TEST_P(Differential, WrongPasswords) {
  Expect(0, {"AUTH x y", "AUTH x", "HELLO 3 AUTH x y", "HELLO 3 AUTH x", "HELLO 3 AUTH default y"});
}

TEST_P(Differential, SetSlotRefusals) {
  for (size_t node = 0; node < TwinClusters::kNodes; ++node) {
    Expect(node, {"CLUSTER SETSLOT 1 BAD", "CLUSTER SETSLOT 99999 STABLE",
                  "CLUSTER SETSLOT x STABLE", "CLUSTER SETSLOT 3300 NODE nosuch",
                  "CLUSTER SETSLOT 3300 NODE $id2", "CLUSTER SETSLOT 3300 MIGRATING nosuch",
                  "CLUSTER SETSLOT 3300 IMPORTING nosuch", "CLUSTER SETSLOT 9000 MIGRATING nosuch",
                  "CLUSTER SETSLOT 9000 MIGRATING $id2", "CLUSTER SETSLOT 3300 MIGRATING $id3"});
  }
  ASSERT_TRUE(twins_->Run(0, "SET {b}1 1").ok());
  Expect(0, {"CLUSTER SETSLOT 3300 NODE $id1"});
}

// Slot 3300 on its way from node 0 to node 1: {b}1 has moved, {b}2 has not.
TEST_P(Differential, MigrationWindow) {
  constexpr uint64_t kSequences = 500;
  constexpr size_t kCommandsEach = 20;
  for (uint64_t seed = 1; seed <= kSequences; ++seed) {
    ASSERT_TRUE(twins_->Run(0, "MSET {b}1 one {b}2 two").ok());
    ASSERT_TRUE(twins_->Run(1, "CLUSTER SETSLOT 3300 IMPORTING $id0").ok());
    ASSERT_TRUE(twins_->Run(0, "CLUSTER SETSLOT 3300 MIGRATING $id1").ok());
    ASSERT_TRUE(twins_->Run(0, "MIGRATE 127.0.0.1 $port1 {b}1 0 5000").ok());
    // Primaries only: what a real replica has replicated is a matter of time.
    ASSERT_NO_FATAL_FAILURE(RunSequence(seed + 1'000'000, kCommandsEach, 2));
    ASSERT_TRUE(twins_->Run(0, "CLUSTER SETSLOT 3300 STABLE").ok());
    ASSERT_TRUE(twins_->Run(1, "CLUSTER SETSLOT 3300 STABLE").ok());
    ASSERT_TRUE(twins_->Clear().ok());
  }
}

// What happens to a transaction when the slot's state changes between MULTI and EXEC.
TEST_P(Differential, StateChangesBeforeExec) {
  const std::vector<std::string> kOpen = {"@0 MSET {b}1 one {b}2 two",
                                          "@1 CLUSTER SETSLOT 3300 IMPORTING $id0",
                                          "@0 CLUSTER SETSLOT 3300 MIGRATING $id1"};
  const std::vector<std::string> kClose = {"@0 CLUSTER SETSLOT 3300 STABLE",
                                           "@1 CLUSTER SETSLOT 3300 STABLE"};
  const std::string kMove1 = "@0 MIGRATE 127.0.0.1 $port1 {b}1 0 5000";
  const std::string kMove2 = "@0 MIGRATE 127.0.0.1 $port1 {b}2 0 5000";
  const std::vector<std::vector<std::string>> kStories = {
      {"MULTI", "GET {b}1", kMove1, "EXEC", "GET {b}1"},
      {"MULTI", "MGET {b}1 {b}2", kMove1, "EXEC"},
      {"MULTI", "EXISTS {b}1", "CLUSTER COUNTKEYSINSLOT 3300", kMove1, kMove2, "EXEC"},
      {"MULTI", "EXISTS {b}1", "EXISTS {b}2", kMove1, "EXEC"},
      {"MULTI", "EXISTS {b}nosuch", "EXEC"},
      {"MULTI", "CLUSTER COUNTKEYSINSLOT 3300", kMove1, "EXEC"},
      {"WATCH {b}1", kMove1, "MULTI", "PING", "EXEC"},
      {"WATCH {b}1", "@0 SET {b}1 x", "MULTI", "PING", "EXEC"},
      {"WATCH {b}1", "MULTI", "PING", "@0 DEL {b}1", "EXEC", "EXEC"},
      {"WATCH {b}2", "MULTI", "FOO", "@0 DEL {b}2", "EXEC"}};
  for (const std::vector<std::string>& story : kStories) {
    Expect(0, kOpen);
    Expect(0, story);
    Expect(0, kClose);
    ASSERT_TRUE(twins_->Clear().ok());
  }
  Expect(0, kOpen);
  Expect(0, {kMove1});
  Expect(1, {"GET {b}1", "ASKING",         "GET {b}1", "GET {b}1", "ASKING",   "MULTI",
             "GET {b}1", "GET {b}2",       "EXEC",     "GET {b}1", "ASKING",   "MGET {b}1 {b}2",
             "ASKING",   "MGET {b}1 {b}1", "ASKING",   "PING",     "GET {b}1", "ASKING",
             "NOSUCH",   "GET {b}1",       "ASKING",   "GET",      "GET {b}1", "MULTI",
             "ASKING",   "GET {b}1",       "EXEC",     "ASKING",   "MULTI",    "DISCARD",
             "GET {b}1"});
  Expect(0, kClose);
}

// Slots that change hands: every reply on the way, on all nodes.
TEST_P(Differential, SlotMovesAndComesBack) {
  const std::vector<std::string> kLook = {
      "GET {b}1", "CLUSTER SLOTS", "CLUSTER COUNTKEYSINSLOT 3300", "SCAN 0 COUNT 100", "DBSIZE"};
  Expect(0, {"@0 SET {b}1 one", "@1 CLUSTER SETSLOT 3300 IMPORTING $id0",
             "@0 CLUSTER SETSLOT 3300 MIGRATING $id1", "@0 MIGRATE 127.0.0.1 $port1 {b}1 0 5000"});
  for (size_t node : {0, 1}) Expect(node, kLook);
  Expect(0, {"MIGRATE 127.0.0.1 $port1 {b}1 0 5000"});
  Expect(1, {"MIGRATE 127.0.0.1 $port0 {b}1 0 5000", "MIGRATE 127.0.0.1 $port0 {b}no 0 5000"});
  Expect(0, {"@1 CLUSTER SETSLOT 3300 NODE $id1", "@0 CLUSTER SETSLOT 3300 NODE $id1"});
  ASSERT_TRUE(twins_->real().WaitUntilSettled().ok());
  for (size_t node : {0, 1}) Expect(node, kLook);
  Expect(0, {"@0 CLUSTER SETSLOT 3300 IMPORTING $id1", "@1 CLUSTER SETSLOT 3300 MIGRATING $id0",
             "@1 MIGRATE 127.0.0.1 $port0 {b}1 0 5000", "@0 CLUSTER SETSLOT 3300 NODE $id0",
             "@1 CLUSTER SETSLOT 3300 NODE $id0"});
  ASSERT_TRUE(twins_->real().WaitUntilSettled().ok());
  for (size_t node : {0, 1}) Expect(node, kLook);
}

// SCAN by property: every key exactly as often as it may, and about as many calls for a COUNT.
TEST_P(Differential, ScanFindsTheSameKeysInAboutAsManyCalls) {
  constexpr size_t kKeyCount = 3000;
  std::set<std::string> expected;
  std::vector<std::pair<std::string, std::string>> records;
  for (size_t index = 0; records.size() < kKeyCount; ++index) {
    std::string key = "key:" + std::to_string(index);
    if (KeySlot(key) >= kSlotCount / 2) continue;
    records.emplace_back(key, "v");
    expected.insert(key);
    ASSERT_TRUE(twins_->mock().Put(key, "v").ok());
  }
  ASSERT_TRUE(twins_->real().SetAll(records).ok());
  for (size_t count : {1, 10, 100, 1000}) {
    size_t real_calls = 0;
    size_t mock_calls = 0;
    EXPECT_EQ(ScanAll(count, /*real=*/true, real_calls), expected);
    EXPECT_EQ(ScanAll(count, /*real=*/false, mock_calls), expected);
    EXPECT_NEAR(static_cast<double>(real_calls), static_cast<double>(mock_calls),
                0.15 * static_cast<double>(real_calls) + 2)
        << "COUNT " << count;
  }
}

// "$12" or, masked, "$-"; not "$id1".
bool IsLength(std::string_view word) {
  constexpr std::string_view kLength = "0123456789-";
  return word.size() > 1 && (word[0] == '$' || word[0] == '=') &&
         kLength.find(word[1]) != std::string_view::npos;
}

// The words of a reply in sorted order, without the numbers that no two clusters share.
std::vector<std::string> SortedWords(std::string_view reply, std::string_view separator) {
  constexpr std::string_view kVarying[] = {"cluster_stats", "cluster_current_epoch",
                                           "cluster_my_epoch", "total_cluster_links"};
  std::vector<std::string> words;
  bool skip = false;
  while (!reply.empty()) {
    size_t end = std::min(reply.find(separator), reply.size());
    std::string_view word = reply.substr(0, end);
    reply.remove_prefix(std::min(end + separator.size(), reply.size()));
    const bool varies =
        skip || IsLength(word) ||
        std::any_of(std::begin(kVarying), std::end(kVarying),
                    [word](std::string_view name) { return word.starts_with(name); });
    skip = word == "replication-offset";
    if (!varies) words.emplace_back(word);
  }
  std::sort(words.begin(), words.end());
  return words;
}

// What nodes tell of the cluster, in any order; with an open slot, so that marks show.
TEST_P(Differential, NodesShardsAndInfo) {
  Expect(0, {"@1 CLUSTER SETSLOT 3300 IMPORTING $id0", "@0 CLUSTER SETSLOT 3300 MIGRATING $id1"});
  for (size_t node = 0; node < TwinClusters::kNodes; ++node) {
    auto connection = twins_->Connect(node);
    ASSERT_TRUE(connection.ok()) << connection.status();
    for (auto [command, separator] :
         {std::pair("CLUSTER NODES", "\n"), std::pair("CLUSTER SHARDS", "\r\n"),
          std::pair("CLUSTER INFO", "\r\n")}) {
      absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(command);
      ASSERT_TRUE(replies.ok()) << replies.status();
      EXPECT_EQ(SortedWords(replies->real, separator), SortedWords(replies->mock, separator))
          << command << " on node " << node;
    }
  }
}

}  // namespace
}  // namespace atestore
