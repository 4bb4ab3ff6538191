#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/resp.h"
#include "tests/differential/differential_fixture.h"

// Stories with a point, on real servers and on the emulator.
namespace atestore {
namespace {

// A whole SCAN of node 0; no reply may be larger than COUNT allows.
std::set<std::string> ScanAll(TwinClusters& twins, size_t count, bool real, size_t& calls) {
  // One bucket's chain, or a small bucket with its expansions, may go over.
  constexpr size_t kOvershootMax = 40;
  std::set<std::string> keys;
  auto connection = twins.Connect(0);
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

INSTANTIATE_TEST_SUITE_P(Servers, Differential, testing::ValuesIn(AllServerKinds()), ServerName);

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
    EXPECT_EQ(ScanAll(*twins_, count, /*real=*/true, real_calls), expected);
    EXPECT_EQ(ScanAll(*twins_, count, /*real=*/false, mock_calls), expected);
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
          std::pair("CLUSTER MYSHARDID", "\r\n"), std::pair("CLUSTER INFO", "\r\n")}) {
      absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(command);
      ASSERT_TRUE(replies.ok()) << replies.status();
      EXPECT_EQ(SortedWords(replies->real, separator), SortedWords(replies->mock, separator))
          << command << " on node " << node;
    }
  }
}

TEST_P(Differential, ResetAndFlushSlotsRefuseToLoseKeys) {
  Expect(0, {"@0 SET {b}1 one", "CLUSTER RESET", "CLUSTER RESET SOFT", "CLUSTER RESET HARD",
             "CLUSTER FLUSHSLOTS", "CLUSTER SLOTS", "MULTI", "CLUSTER FLUSHSLOTS", "CLUSTER RESET",
             "EXEC", "GET {b}1"});
}

// A primary that gives up its slots and takes them again, and one that is reset.
TEST_P(Differential, SlotsAreFlushedAndAddedAgain) {
  Expect(1, {"CLUSTER FLUSHSLOTS", "CLUSTER SLOTS", "CLUSTER DELSLOTS 9000",
             "CLUSTER ADDSLOTSRANGE 8192 9000 8999 9001", "CLUSTER ADDSLOTSRANGE 8192 16383",
             "CLUSTER ADDSLOTS 9000", "CLUSTER SLOTS"});
  UseUp();
}

TEST_P(Differential, AResetReplicaKnowsNobodyAndHoldsNothing) {
  Expect(0, {"@0 SET {b}1 one"});
  ASSERT_TRUE(twins_->real().Run(0, {"WAIT", "1", "5000"}).ok());
  Expect(2, {"DBSIZE", "CLUSTER RESET HARD SOFT", "CLUSTER RESET", "DBSIZE", "CLUSTER SLOTS",
             "CLUSTER MYID", "CLUSTER NODES", "CLUSTER REPLICAS $id0", "CLUSTER REPLICATE $id0",
             "SCAN 0", "CLUSTER RESET SOFT", "CLUSTER MYID"});
  UseUp();
}

TEST_P(Differential, AHardResetIsAnotherNodeOnTheSameConnection) {
  auto connection = twins_->Connect(3);
  ASSERT_TRUE(connection.ok()) << connection.status();
  auto ask = [&](std::string_view line) {
    absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(line);
    EXPECT_TRUE(replies.ok()) << replies.status();
    return replies.ok() ? *replies : TwinClusters::Replies{};
  };
  TwinClusters::Replies before = ask("CLUSTER MYID");
  EXPECT_EQ(before.real, before.mock);
  TwinClusters::Replies reset = ask("CLUSTER RESET HARD");
  EXPECT_EQ(reset.real, "+OK\r\n");
  EXPECT_EQ(reset.mock, "+OK\r\n");
  TwinClusters::Replies after = ask("CLUSTER MYID");
  EXPECT_NE(after.real, before.real);
  EXPECT_NE(after.mock, before.mock);
  for (std::string_view line : {"CLUSTER SLOTS", "DBSIZE", "GET {b}1", "CLUSTER REPLICAS $id3"}) {
    TwinClusters::Replies replies = ask(line);
    EXPECT_EQ(replies.real, replies.mock) << line;
  }
  UseUp();
}

// What COMMAND tells clients: arity, where the keys are, and the flags that clients look at.
struct CommandInfo {
  int64_t arity = 0;
  std::vector<int64_t> keys;
  std::set<std::string> flags;
  std::map<std::string, int64_t> subcommands;
};

CommandInfo ReadCommandInfo(const ReplyView& info) {
  constexpr std::string_view kFlags[] = {"write", "readonly", "movablekeys"};
  CommandInfo result{.arity = info[1].integer()};
  for (ReplyView flag : info[2]) {
    if (std::find(std::begin(kFlags), std::end(kFlags), flag.text()) != std::end(kFlags)) {
      result.flags.emplace(flag.text());
    }
  }
  for (size_t element : {3, 4, 5}) result.keys.push_back(info[element].integer());
  for (ReplyView subcommand : info[9]) {
    result.subcommands[std::string(subcommand[0].text())] = subcommand[1].integer();
  }
  return result;
}

Reply ParseReply(std::string_view bytes) {
  RespReader reader;
  reader.Feed(bytes);
  return Reply(**reader.Next());
}

TEST_P(Differential, CommandsAreDescribedAlike) {
  auto connection = twins_->Connect(0);
  ASSERT_TRUE(connection.ok()) << connection.status();
  absl::StatusOr<TwinClusters::Replies> list = (*connection)->Execute("COMMAND LIST");
  ASSERT_TRUE(list.ok()) << list.status();
  const Reply names = ParseReply(list->mock);
  ASSERT_GT(names.view().size(), 50u);
  for (ReplyView name : names.view()) {
    auto replies = (*connection)->Execute("COMMAND INFO " + std::string(name.text()));
    ASSERT_TRUE(replies.ok()) << replies.status();
    const Reply real_reply = ParseReply(replies->real);
    const Reply mock_reply = ParseReply(replies->mock);
    const CommandInfo real = ReadCommandInfo(real_reply.view()[0]);
    const CommandInfo mock = ReadCommandInfo(mock_reply.view()[0]);
    EXPECT_EQ(real.arity, mock.arity) << name.text();
    EXPECT_EQ(real.keys, mock.keys) << name.text();
    EXPECT_EQ(real.flags, mock.flags) << name.text();
    for (const auto& [subcommand, arity] : mock.subcommands) {
      // Redis 7.0 wants one argument more than Valkey, and than the command needs.
      if (subcommand == "command|getkeys") continue;
      auto found = real.subcommands.find(subcommand);
      ASSERT_NE(found, real.subcommands.end()) << subcommand;
      EXPECT_EQ(found->second, arity) << subcommand;
    }
  }
  Expect(0, {"COMMAND INFO nosuch", "COMMAND INFO cluster|nosuch", "COMMAND COUNT x",
             "COMMAND GETKEYS MIGRATE 127.0.0.1 1 k 0 100"});
}

}  // namespace
}  // namespace atestore
