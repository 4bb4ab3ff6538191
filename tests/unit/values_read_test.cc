#include "core/listing/values_read.h"

#include <gtest/gtest.h>

#include "core/resp.h"

namespace atestore {
namespace {

class NoSink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view, std::string_view) override {
    return size_t{0};
  }
  size_t size() const override { return 0; }
  void Remove(std::span<const size_t>) override {}
  void OnUnreadable(std::string_view, const absl::Status&) override {}
};

class CountingSink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view, std::string_view value) override {
    ++records_;
    return value.size();
  }
  size_t size() const override { return records_; }
  void Remove(std::span<const size_t>) override {}
  void OnUnreadable(std::string_view, const absl::Status&) override {}

 private:
  size_t records_ = 0;
};

// The number of commands that fetch ten values of one slot, values being of so many bytes.
size_t CommandsFor(double value_bytes) {
  KeyList keys;
  for (uint64_t i = 0; i < 10; ++i) keys.Add(7, 0, i, "actor:{a}:" + std::to_string(i));
  NoSink sink;
  ValuesRead read(&keys, keys.size(), {{.host = "127.0.0.1", .port = 7000}},
                  {.bytes_left = size_t{1} << 20, .mget_keys = MgetKeysFor(value_bytes)}, &sink);
  std::vector<ShardRequest> requests = read.NextRound();
  EXPECT_EQ(requests.size(), 1);
  return requests[0].pipeline.size();
}

TEST(ValuesReadTest, OneCommandAsksForBoundedBytes) {
  EXPECT_EQ(CommandsFor(309), 1);
  EXPECT_EQ(CommandsFor(kMgetBytes / 3.0), 4);  // of 3, 3, 3 and 1
  EXPECT_EQ(CommandsFor(1e9), 10);
  EXPECT_EQ(CommandsFor(0), 1);
  EXPECT_EQ(MgetKeysFor(0), kMgetKeysMax);
}

// Feeds one reply to a command of the first request.
void Reply(ValuesRead& read, size_t command, std::string_view wire) {
  RespReader reader;
  reader.Feed(wire);
  absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
  ASSERT_TRUE(reply.ok() && reply->has_value());
  read.OnReply(0, command, **reply);
}

// A key that comes back between MGET and GET, before others of its node that fill the page already:
// left for later, it would be left for ever.
TEST(ValuesReadTest, TheFirstRecordIsReadThoughOthersFillThePage) {
  KeyList keys;
  for (uint64_t i = 0; i < 3; ++i) keys.Add(7, 0, i, "actor:{a}:" + std::to_string(i));
  CountingSink sink;
  ValuesRead read(&keys, keys.size(), {{.host = "127.0.0.1", .port = 7000}},
                  {.bytes_left = 8, .mget_keys = 3}, &sink);
  ASSERT_EQ(read.NextRound().size(), 1);
  Reply(read, 0, "*3\r\n$-1\r\n$7\r\nseventh\r\n$6\r\nsixths\r\n");
  ASSERT_EQ(read.NextRound().size(), 1);
  Reply(read, 0, "$34\r\ncluster_state:ok\r\ncluster_size:1\r\n\r\n");
  Reply(read, 1, ":0\r\n");
  Reply(read, 2, "$5\r\nfirst\r\n");
  ASSERT_TRUE(read.NextRound().empty());
  const Commit commit = CountCommittable(read.results(), {.bytes = 8});
  EXPECT_EQ(commit.passed, 1);
  EXPECT_EQ(commit.records, 1);
  EXPECT_EQ(commit.bytes, 5);
  EXPECT_TRUE(commit.page_full);
  EXPECT_EQ(read.RecordsFrom(commit.passed), (std::vector<size_t>{0, 1}));
}

}  // namespace
}  // namespace atestore
