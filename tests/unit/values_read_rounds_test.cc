// The rounds of ValuesRead, fed by hand: what each answer of a server makes of a key.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/listing/values_read.h"
#include "core/resp.h"
#include "core/status.h"

namespace atestore {
namespace {

const Endpoint kSource{.host = "127.0.0.1", .port = 7000};
const Endpoint kDestination{.host = "127.0.0.1", .port = 7001};

class ListingSink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override {
    if (value == "!") return DataLossError("poison");
    records.emplace_back(key);
    return value.size();
  }
  std::optional<size_t> AddWithoutValue(std::string_view key, NoValue why) override {
    if (!takes_keys_alone) return std::nullopt;
    records.emplace_back(key);
    reasons.push_back(why);
    return 1;
  }
  size_t size() const override { return records.size(); }
  void Remove(std::span<const size_t>) override {}
  void OnUnreadable(std::string_view key, const absl::Status&) override {
    unreadable.emplace_back(key);
  }

  std::vector<std::string> records;
  std::vector<std::string> unreadable;
  bool takes_keys_alone = false;
  std::vector<NoValue> reasons;
};

// The commands of a request, words separated by blanks.
std::vector<std::string> CommandsOf(const ShardRequest& request) {
  RespReader reader;
  reader.Feed(request.pipeline.bytes());
  std::vector<std::string> commands;
  for (size_t index = 0; index < request.pipeline.size(); ++index) {
    std::string& text = commands.emplace_back();
    const ReplyView words = **reader.Next();
    for (ReplyView word : words) text += (text.empty() ? "" : " ") + std::string(word.text());
  }
  return commands;
}

void Feed(ValuesRead& read, size_t request, size_t command, std::string_view wire,
          RespLimits limits = {}) {
  RespReader reader(limits);
  reader.Feed(wire);
  absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
  ASSERT_TRUE(reply.ok() && reply->has_value()) << wire;
  read.OnReply(request, command, **reply);
}

class ValuesReadRounds : public testing::Test {
 protected:
  ValuesReadRounds() {
    for (uint64_t index = 0; index < 3; ++index) keys_.Add(7, 0, index, texts_[index]);
  }
  ValuesRead Read(size_t mget_keys, size_t bytes_left = 100) {
    return ValuesRead(&keys_, keys_.size(), {kSource},
                      {.bytes_left = bytes_left, .mget_keys = mget_keys}, &sink_);
  }
  // The replies of a node that may say that a key is gone.
  static void FeedChecks(ValuesRead& read) {
    Feed(read, 0, 0, "$34\r\ncluster_state:ok\r\ncluster_size:1\r\n\r\n");
    Feed(read, 0, 1, ":0\r\n");
  }
  static Commit Finish(ValuesRead& read, size_t bytes_left = 100) {
    Commit commit = CountCommittable(read.results(), {.bytes = bytes_left});
    read.TellUnreadable(commit.passed, commit.too_large);
    return commit;
  }

  const std::vector<std::string> texts_ = {"actor:{a}:0", "actor:{a}:1", "actor:{a}:2"};
  KeyList keys_;
  ListingSink sink_;
};

// A sink may want keys whose values cannot be had; they count as records of the page.
TEST_F(ValuesReadRounds, AKeyWithoutAValueIsARecordWhereTheSinkTakesIt) {
  for (const bool takes : {true, false}) {
    sink_ = {};
    sink_.takes_keys_alone = takes;
    ValuesRead read = Read(1);
    ASSERT_EQ(read.NextRound().size(), 1u);
    Feed(read, 0, 0, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
    Feed(read, 0, 1, "$9\r\ntoo large\r\n", {.bulk_bytes_max = 8});
    Feed(read, 0, 2, "$1\r\nx\r\n");
    EXPECT_TRUE(read.NextRound().empty());
    const Commit commit = Finish(read);
    EXPECT_EQ(commit.passed, 3u);
    EXPECT_EQ(commit.records, takes ? 3u : 1u);
    EXPECT_EQ(commit.bytes, takes ? 3u : 1u);
    EXPECT_EQ(commit.examined, 3u);
    EXPECT_FALSE(read.error());
    if (takes) {
      EXPECT_EQ(sink_.records, texts_);
      EXPECT_EQ(sink_.reasons, (std::vector{NoValue::kNotAString, NoValue::kTooLarge}));
      EXPECT_TRUE(sink_.unreadable.empty());
    } else {
      EXPECT_EQ(sink_.unreadable, std::vector(texts_.begin(), texts_.begin() + 2));
    }
  }
}

// They do not go over the page either: what does not fit is left for the next one.
TEST_F(ValuesReadRounds, AKeyWithoutAValueThatDoesNotFitStays) {
  sink_.takes_keys_alone = true;
  ValuesRead read = Read(1, 2);
  ASSERT_EQ(read.NextRound().size(), 1u);
  for (size_t command : {0, 1, 2}) {
    Feed(read, 0, command,
         "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  }
  EXPECT_TRUE(read.NextRound().empty());
  const Commit commit = Finish(read, 2);
  EXPECT_EQ(commit.passed, 2u);
  EXPECT_TRUE(commit.page_full);
  EXPECT_EQ(read.RecordsFrom(commit.passed), std::vector<size_t>{2});
}

TEST_F(ValuesReadRounds, ANullOfMgetIsAskedForAlone) {
  ValuesRead read = Read(3);
  std::vector<ShardRequest> requests = read.NextRound();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(CommandsOf(requests[0]),
            std::vector<std::string>{"MGET actor:{a}:0 actor:{a}:1 actor:{a}:2"});
  Feed(read, 0, 0, "*3\r\n$1\r\nx\r\n$-1\r\n$-1\r\n");
  requests = read.NextRound();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(CommandsOf(requests[0]),
            (std::vector<std::string>{"CLUSTER INFO", "PFCOUNT actor:{a}:1", "GET actor:{a}:1",
                                      "GET actor:{a}:2"}));
  FeedChecks(read);
  // One was deleted, one holds another type: passed over, and told.
  Feed(read, 0, 2, "$-1\r\n");
  Feed(read, 0, 3, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  EXPECT_TRUE(read.NextRound().empty());
  const Commit commit = Finish(read);
  EXPECT_EQ(commit.passed, 3u);
  EXPECT_EQ(commit.records, 1u);
  EXPECT_FALSE(read.error());
  EXPECT_EQ(sink_.unreadable, std::vector<std::string>{texts_[2]});
}

// A node that was replaced, and started with older data, answers with older values.
TEST_F(ValuesReadRounds, KeysOfLongAgoCountOnlyOfANodeThatMayAnswer) {
  for (const bool cut_off : {true, false}) {
    ValuesRead read(&keys_, keys_.size(), {kSource},
                    {.bytes_left = 100, .mget_keys = 2, .part_keys = 2, .checks_nodes = true},
                    &sink_);
    const std::vector<ShardRequest> requests = read.NextRound();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].pipeline.size(), 3u) << "CLUSTER INFO, PFCOUNT, MGET";
    EXPECT_EQ(requests[1].pipeline.size(), 1u) << "once a node is enough";
    Feed(read, 1, 0, "$1\r\nz\r\n");
    if (cut_off) {
      Feed(read, 0, 0, "+cluster_state:fail\r\n");
      Feed(read, 0, 1, ":0\r\n");
    } else {
      FeedChecks(read);
    }
    Feed(read, 0, 2, "*2\r\n$1\r\nx\r\n$1\r\ny\r\n");
    EXPECT_TRUE(read.NextRound().empty());
    EXPECT_EQ(Finish(read).passed, cut_off ? 0u : 3u);
    EXPECT_EQ(read.error().has_value(), cut_off);
  }
}

// A primary that was cut off or replaced may have lost the key, or be without what came after.
TEST_F(ValuesReadRounds, ANullIsBelievedOnlyOfANodeThatMayAnswer) {
  for (const bool cut_off : {true, false}) {
    ValuesRead read = Read(1);
    ASSERT_EQ(read.NextRound().size(), 1u);
    Feed(read, 0, 0, "$1\r\nx\r\n");
    Feed(read, 0, 1, "$-1\r\n");
    Feed(read, 0, 2, "$1\r\ny\r\n");
    ASSERT_EQ(read.NextRound().size(), 1u);
    Feed(read, 0, 0,
         cut_off ? "+cluster_state:fail\r\n" : "$34\r\ncluster_state:ok\r\ncluster_size:1\r\n\r\n");
    Feed(read, 0, 1, cut_off ? ":0\r\n" : "-MOVED 7 127.0.0.1:7001\r\n");
    Feed(read, 0, 2, "$-1\r\n");
    EXPECT_TRUE(read.NextRound().empty());
    EXPECT_EQ(Finish(read).passed, 1u) << "the key may exist";
    ASSERT_TRUE(read.error());
    EXPECT_EQ(read.error()->kind,
              cut_off ? ServerErrorKind::kClusterDown : ServerErrorKind::kMoved);
  }
}

TEST_F(ValuesReadRounds, AValueOverTheReadersLimitIsUnreadableOnlyWhenAlone) {
  RespLimits limits;
  limits.bulk_bytes_max = 4;
  ValuesRead read = Read(3);
  ASSERT_EQ(read.NextRound().size(), 1u);
  Feed(read, 0, 0, "*3\r\n$1\r\nx\r\n$6\r\nlarger\r\n$1\r\ny\r\n", limits);
  ASSERT_EQ(read.NextRound().size(), 1u);
  FeedChecks(read);
  Feed(read, 0, 2, "$6\r\nlarger\r\n", limits);
  EXPECT_TRUE(read.NextRound().empty());
  EXPECT_EQ(Finish(read).passed, 3u);
  EXPECT_EQ(sink_.records, (std::vector<std::string>{texts_[0], texts_[2]}));
  EXPECT_EQ(sink_.unreadable, std::vector<std::string>{texts_[1]});
}

TEST_F(ValuesReadRounds, ARecordLargerThanAPageIsPassedOverAndTold) {
  ValuesRead read = Read(1, 5);
  std::vector<ShardRequest> requests = read.NextRound();
  ASSERT_EQ(requests.size(), 1u);
  ASSERT_EQ(requests[0].pipeline.size(), 3u);
  Feed(read, 0, 0, "$6\r\nlarger\r\n");
  Feed(read, 0, 1, "$-1\r\n");
  Feed(read, 0, 2, "$-1\r\n");
  ASSERT_EQ(read.NextRound().size(), 1u);
  FeedChecks(read);
  Feed(read, 0, 2, "$-1\r\n");
  Feed(read, 0, 3, "$-1\r\n");
  EXPECT_TRUE(read.NextRound().empty());
  const Commit commit = Finish(read, 5);
  EXPECT_EQ(commit.passed, 3u);
  EXPECT_EQ(commit.records, 0u);
  EXPECT_EQ(commit.too_large, std::vector<size_t>{0});
  EXPECT_EQ(sink_.unreadable, std::vector<std::string>{texts_[0]});
}

// A page that has records already ends before it instead: it may fit the next one.
TEST_F(ValuesReadRounds, ARecordThatDoesNotFitTheRestOfAPageStays) {
  ValuesRead read = Read(1, 7);
  ASSERT_EQ(read.NextRound().size(), 1u);
  Feed(read, 0, 0, "$3\r\none\r\n");
  Feed(read, 0, 1, "$5\r\nlarge\r\n");
  Feed(read, 0, 2, "$1\r\nx\r\n");
  EXPECT_TRUE(read.NextRound().empty());
  const Commit commit = Finish(read, 7);
  EXPECT_EQ(commit.passed, 1u);
  EXPECT_EQ(commit.records, 1u);
  EXPECT_TRUE(commit.page_full);
  EXPECT_TRUE(sink_.unreadable.empty());
}

TEST_F(ValuesReadRounds, NothingBehindAnErrorIsPassed) {
  ValuesRead read = Read(1);
  ASSERT_EQ(read.NextRound().size(), 1u);
  Feed(read, 0, 0, "$1\r\nx\r\n");
  Feed(read, 0, 1, "-MOVED 7 127.0.0.1:7001\r\n");
  Feed(read, 0, 2, "$1\r\nz\r\n");
  EXPECT_TRUE(read.NextRound().empty());
  const Commit commit = Finish(read);
  EXPECT_EQ(commit.passed, 1u);
  EXPECT_EQ(read.RecordsFrom(commit.passed), std::vector<size_t>{1});
  ASSERT_TRUE(read.error());
  EXPECT_EQ(read.error()->kind, ServerErrorKind::kMoved);
  EXPECT_EQ(read.error()->redirect, kDestination);
}

TEST_F(ValuesReadRounds, AFailureLeavesWhatWasAnsweredBefore) {
  ValuesRead read = Read(1);
  ASSERT_EQ(read.NextRound().size(), 1u);
  Feed(read, 0, 0, "$1\r\nx\r\n");
  read.OnFailure(0, UnavailableError("connection lost"));
  EXPECT_TRUE(read.NextRound().empty());
  EXPECT_EQ(Finish(read).passed, 1u);
  ASSERT_TRUE(read.error());
  EXPECT_TRUE(read.error()->transient);
}

TEST_F(ValuesReadRounds, AnMgetOfAnotherLengthTellsNothing) {
  ValuesRead read = Read(3);
  ASSERT_EQ(read.NextRound().size(), 1u);
  Feed(read, 0, 0, "*2\r\n$1\r\nx\r\n$1\r\ny\r\n");
  EXPECT_EQ(Finish(read).passed, 0u);
  EXPECT_TRUE(read.error());
}

}  // namespace
}  // namespace atestore
