#include "core/resp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

std::string Describe(const ReplyView& reply) {
  std::string text = absl::StrCat(static_cast<int>(reply.type()), ":", std::string(reply.text()),
                                  ":", reply.integer());
  for (ReplyView element : reply) absl::StrAppend(&text, "(", Describe(element), ")");
  return text;
}

std::vector<std::string> ReadAll(RespReader& reader) {
  std::vector<std::string> replies;
  for (;;) {
    auto reply = reader.Next();
    if (!reply.ok() || !reply->has_value()) return replies;
    replies.push_back(Describe(**reply));
  }
}

std::string EveryType() {
  using std::string_literals::operator""s;
  return "+OK\r\n-ERR bad\r\n:-42\r\n$5\r\na\r\nb\0\r\n$-1\r\n*-1\r\n*0\r\n_\r\n#t\r\n,1.5\r\n"
         "(123\r\n=7\r\ntxt:abc\r\n!3\r\nERR\r\n*2\r\n*2\r\n:1\r\n$0\r\n\r\n*0\r\n%1\r\n+k\r\n"
         "~1\r\n:7\r\n>1\r\n+x\r\n"s;
}

TEST(RespReaderTest, ReadsEveryTypeInOneChunk) {
  RespReader reader;
  reader.Feed("*3\r\n$3\r\nfoo\r\n:7\r\n*1\r\n-ERR x\r\n+next\r\n");
  auto reply = reader.Next();
  ASSERT_TRUE(reply.ok() && reply->has_value());
  ReplyView array = **reply;
  ASSERT_EQ(array.size(), 3u);
  EXPECT_EQ(array[0].text(), "foo");
  EXPECT_EQ(array[1].integer(), 7);
  EXPECT_TRUE(array[2].is_array());
  EXPECT_TRUE(array[2][0].is_error());
  Reply copy(array[2]);
  EXPECT_EQ(copy.view()[0].text(), "ERR x");
  auto next = reader.Next();
  ASSERT_TRUE(next.ok() && next->has_value());
  EXPECT_EQ((**next).text(), "next");
  EXPECT_EQ(copy.view()[0].text(), "ERR x");
}

TEST(RespReaderTest, AnyChunkingGivesTheSameReplies) {
  std::string input = EveryType();
  RespReader whole;
  whole.Feed(input);
  std::vector<std::string> expected = ReadAll(whole);
  ASSERT_EQ(expected.size(), 16u);
  for (size_t chunk = 1; chunk < input.size(); ++chunk) {
    RespReader reader;
    std::vector<std::string> replies;
    for (size_t at = 0; at < input.size(); at += chunk) {
      reader.Feed(std::string_view(input).substr(at, chunk));
      for (std::string& reply : ReadAll(reader)) replies.push_back(std::move(reply));
    }
    EXPECT_EQ(replies, expected) << "chunk " << chunk;
  }
}

// A reply that ends with a bulk leaves the search for line ends behind the parser; moving the
// buffered bytes to the front must not take the search out of the buffer.
TEST(RespReaderTest, ReadsOnWhenTheBufferIsMovedAfterABulk) {
  RespReader reader;
  const std::string body(1000, 'x');
  const std::string reply = "*1\r\n$1000\r\n" + body + "\r\n";
  for (int round = 0; round < 1000; ++round) {
    reader.Feed(reply);
    auto next = reader.Next();
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_TRUE(next->has_value()) << "round " << round;
    ASSERT_EQ((**next)[0].text(), body);
  }
}

TEST(RespReaderTest, ViolationsAreDataLossForEver) {
  for (std::string_view input :
       {"?\r\n", ":\r\n", ":1x\r\n", "$-2\r\n", "$x\r\n", "*-2\r\n", "$1\r\nabc\r\n", "#x\r\n",
        "\r\n", "_x\r\n", "=2\r\nab\r\n", "*99999999999\r\n", ":99999999999999999999\r\n"}) {
    RespReader reader;
    reader.Feed(input);
    EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss) << input;
    reader.Feed("+OK\r\n");
    EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss) << input;
  }
}

TEST(RespReaderTest, DropsWhatIsOverTheLimitAndGoesOn) {
  for (size_t chunk : {1, 3, 7, 1000}) {
    RespReader reader({.bulk_bytes_max = 8, .reply_bytes_max = 12});
    std::string big(100, 'x');
    std::string input =
        "*4\r\n$8\r\n12345678\r\n$100\r\n" + big + "\r\n$4\r\nabcd\r\n$1\r\nz\r\n$2\r\nok\r\n";
    std::vector<std::string> replies;
    for (size_t at = 0; at < input.size(); at += chunk) {
      reader.Feed(std::string_view(input).substr(at, chunk));
      EXPECT_LE(reader.buffered_bytes(), 64 + chunk);
      for (std::string& reply : ReadAll(reader)) replies.push_back(std::move(reply));
    }
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_EQ(replies[0], "6::0(4:12345678:0)(13::100)(4:abcd:0)(13::1)");
    EXPECT_EQ(replies[1], "4:ok:0");
  }
}

TEST(RespReaderTest, LimitsHold) {
  RespReader deep({.depth_max = 3});
  deep.Feed("*1\r\n*1\r\n*1\r\n*1\r\n");
  EXPECT_EQ(deep.Next().status().code(), absl::StatusCode::kDataLoss);
  RespReader line({.line_bytes_max = 10});
  line.Feed("+12345678901234");
  EXPECT_EQ(line.Next().status().code(), absl::StatusCode::kDataLoss);
  RespReader many({.elements_max = 3});
  many.Feed("*2\r\n*1\r\n:1\r\n:2\r\n");
  EXPECT_EQ(many.Next().status().code(), absl::StatusCode::kDataLoss);
}

TEST(RespReaderTest, LimitsDoNotDependOnTheChunking) {
  const std::string fits = "+" + std::string(9, 'x') + "\r\n";
  const std::string long_line = "+" + std::string(10, 'x') + "\r\n";
  for (size_t chunk : {1, 2, 11, 100}) {
    RespReader reader({.line_bytes_max = 10});
    std::vector<std::string> replies;
    const std::string input = fits + long_line;
    for (size_t at = 0; at < input.size(); at += chunk) {
      reader.Feed(std::string_view(input).substr(at, chunk));
      for (std::string& reply : ReadAll(reader)) replies.push_back(std::move(reply));
    }
    EXPECT_EQ(replies.size(), 1u) << "chunk " << chunk;
    EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss) << "chunk " << chunk;
  }
}

// Many lines of allowed length in one reply must not add up without end.
TEST(RespReaderTest, LinesOfOneReplyAreLimitedInAll) {
  RespReader reader({.lines_bytes_max = 100});
  for (int reply = 0; reply < 100; ++reply) {
    reader.Feed("*2\r\n+1234567890\r\n+1234567890\r\n");
    auto next = reader.Next();
    ASSERT_TRUE(next.ok() && next->has_value());
  }
  reader.Feed("*1000\r\n");
  for (int line = 0; line < 8; ++line) {
    reader.Feed("+1234567890\r\n");
    ASSERT_TRUE(reader.Next().ok());
  }
  reader.Feed("+1234567890\r\n");
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss);
}

TEST(RespReaderTest, MemoryOfAHugeReplyIsReleased) {
  RespReader reader;
  const std::string element = "$1000000\r\n" + std::string(1'000'000, 'x') + "\r\n";
  reader.Feed("*12\r\n");
  for (int i = 0; i < 12; ++i) {
    reader.Feed(element);
    ASSERT_TRUE(reader.Next().ok());
  }
  EXPECT_GT(reader.reserved_bytes(), 3 * kRespIdleBytesMax / 2);
  reader.Feed("*500000\r\n");
  std::string nulls;
  for (int i = 0; i < 500'000; ++i) nulls += "_\r\n";
  reader.Feed(nulls);
  auto many = reader.Next();
  ASSERT_TRUE(many.ok() && many->has_value());
  EXPECT_EQ((**many).size(), 500'000u);
  EXPECT_GT(reader.reserved_bytes(), kRespIdleBytesMax);
  reader.Feed("+OK\r\n");
  EXPECT_LE(reader.reserved_bytes(), kRespIdleBytesMax);
  auto next = reader.Next();
  ASSERT_TRUE(next.ok() && next->has_value());
  EXPECT_EQ((**next).text(), "OK");
}

TEST(PipelineTest, EncodesCommandsAsArraysOfBulks) {
  Pipeline pipeline;
  pipeline.Add({"GET", "a b"});
  pipeline.Begin(2);
  pipeline.AddArgument("DEL");
  pipeline.AddArgument("");
  EXPECT_EQ(pipeline.size(), 2u);
  EXPECT_EQ(pipeline.bytes(), "*2\r\n$3\r\nGET\r\n$3\r\na b\r\n*2\r\n$3\r\nDEL\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace atestore
