// Oracle: any chunking of a stream gives the same replies and the same end; what was read, written
// again, reads the same; no reply and no memory go over the limits.
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/resp.h"
#include "core/status.h"
#include "fuzz/byte_source.h"
#include "fuzz/require.h"

namespace {

using atestore::ReplyView;
using atestore::RespLimits;
using atestore::RespReader;
using atestore::RespType;
using atestore::fuzz::ByteSource;
using atestore::fuzz::Require;

// Small enough for short inputs to reach them.
constexpr RespLimits kLimits = {.depth_max = 4,
                                .elements_max = 24,
                                .line_bytes_max = 40,
                                .lines_bytes_max = 200,
                                .bulk_bytes_max = 30,
                                .reply_bytes_max = 80};

// An element with all that is in it, as text that tells every difference.
std::string Describe(const ReplyView& reply) {
  std::string text = absl::StrCat(static_cast<int>(reply.type()), "/", reply.integer(), "/",
                                  atestore::ToAbsl(reply.text()), "(");
  size_t elements = 0;
  for (ReplyView element : reply) {
    absl::StrAppend(&text, Describe(element), ",");
    ++elements;
  }
  Require(elements == reply.size(), "size() counts the elements");
  return text + ")";
}

// What a reply took of the limits.
struct Use {
  size_t elements = 0;
  size_t lines_bytes = 0;
  size_t bulk_bytes = 0;
};

void CheckLimits(const ReplyView& reply, size_t depth, Use& use) {
  ++use.elements;
  const bool aggregate = reply.is_array() || reply.type() == RespType::kMap;
  Require(!aggregate || depth < kLimits.depth_max, "no reply is nested too deeply");
  switch (reply.type()) {
    case RespType::kSimpleString:
    case RespType::kDouble:
    case RespType::kBigNumber:
      Require(reply.text().size() < kLimits.line_bytes_max, "no line is too long");
      use.lines_bytes += reply.text().size() + 1;
      break;
    case RespType::kBulkString:
    case RespType::kVerbatimString:
      Require(reply.text().size() <= kLimits.bulk_bytes_max, "no string is too long");
      use.bulk_bytes += reply.text().size();
      break;
    default:
      break;
  }
  for (ReplyView element : reply) CheckLimits(element, depth + 1, use);
  Require(use.elements <= kLimits.elements_max, "no reply has too many elements");
  Require(use.lines_bytes <= kLimits.lines_bytes_max, "the lines of a reply are limited in all");
  Require(use.bulk_bytes <= kLimits.reply_bytes_max, "the strings of a reply are limited in all");
}

void Write(const ReplyView& reply, std::string& out) {
  auto header = [&](char marker, auto number) {
    out += marker;
    absl::StrAppend(&out, number, "\r\n");
  };
  auto elements = [&](char marker, size_t count) {
    header(marker, count);
    for (ReplyView element : reply) Write(element, out);
  };
  auto bulk = [&](char marker, std::string_view prefix) {
    header(marker, prefix.size() + reply.text().size());
    absl::StrAppend(&out, atestore::ToAbsl(prefix), atestore::ToAbsl(reply.text()), "\r\n");
  };
  switch (reply.type()) {
    case RespType::kNull:
      out += "_\r\n";
      break;
    case RespType::kSimpleString:
      absl::StrAppend(&out, "+", atestore::ToAbsl(reply.text()), "\r\n");
      break;
    case RespType::kError:
      bulk('!', "");
      break;
    case RespType::kInteger:
      header(':', reply.integer());
      break;
    case RespType::kBulkString:
      bulk('$', "");
      break;
    case RespType::kVerbatimString:
      bulk('=', "txt:");
      break;
    case RespType::kArray:
      elements('*', reply.size());
      break;
    case RespType::kMap:
      elements('%', reply.size() / 2);
      break;
    case RespType::kSet:
      elements('~', reply.size());
      break;
    case RespType::kPush:
      elements('>', reply.size());
      break;
    case RespType::kDouble:
      absl::StrAppend(&out, ",", atestore::ToAbsl(reply.text()), "\r\n");
      break;
    case RespType::kBoolean:
      out += reply.integer() != 0 ? "#t\r\n" : "#f\r\n";
      break;
    case RespType::kBigNumber:
      absl::StrAppend(&out, "(", atestore::ToAbsl(reply.text()), "\r\n");
      break;
    case RespType::kDropped:
      break;
  }
}

// What was dropped cannot be written again.
bool IsWhole(const ReplyView& reply) {
  if (reply.type() == RespType::kDropped) return false;
  for (ReplyView element : reply) {
    if (!IsWhole(element)) return false;
  }
  return true;
}

// Reads the other form of `reply` under the limits of production: the target's count bytes that
// only one of the forms has.
void CheckWrittenAgain(const ReplyView& reply) {
  std::string wire;
  Write(reply, wire);
  RespReader reader;
  reader.Feed(wire);
  absl::StatusOr<std::optional<ReplyView>> again = reader.Next();
  Require(again.ok() && again->has_value() && Describe(**again) == Describe(reply),
          "what was read, written again, reads the same");
  Require(reader.buffered_bytes() == 0, "… and nothing is left over");
}

struct Reading {
  std::vector<std::string> replies;
  std::string end;  // "more", or why the stream was lost
  bool operator==(const Reading&) const = default;
};

// Reads `stream` in chunks of the sizes that `next_size` gives.
Reading ReadStream(std::string_view stream, const std::function<size_t()>& next_size) {
  Reading reading{.end = "more"};
  RespReader reader(kLimits);
  while (!stream.empty() && reading.end == "more") {
    size_t size = std::clamp<size_t>(next_size(), 1, stream.size());
    reader.Feed(stream.substr(0, size));
    stream.remove_prefix(size);
    for (;;) {
      absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
      if (!reply.ok()) {
        Require(absl::IsDataLoss(reply.status()), "a lost stream is DATA_LOSS");
        Require(!reader.Next().ok(), "a lost stream stays lost");
        reading.end = std::string(reply.status().message());
        break;
      }
      if (!reply->has_value()) break;
      reading.replies.push_back(Describe(**reply));
      Use use;
      CheckLimits(**reply, 0, use);
      if (IsWhole(**reply)) CheckWrittenAgain(**reply);
    }
    size_t held = kLimits.reply_bytes_max + kLimits.lines_bytes_max + kLimits.line_bytes_max +
                  4 * kLimits.elements_max + size;
    Require(reading.end != "more" || reader.buffered_bytes() <= held,
            "no more bytes are held than the limits allow");
  }
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  const uint8_t pattern = source.Byte();
  const std::string_view stream = source.Rest();
  const Reading whole = ReadStream(stream, [&] { return stream.size(); });
  Require(ReadStream(stream, [] { return size_t{1}; }) == whole, "byte by byte reads the same");
  uint32_t state = pattern;
  auto uneven = [&] { return (state = state * 1664525 + 1013904223) >> 28; };
  Require(ReadStream(stream, uneven) == whole, "any chunking reads the same");
  return 0;
}
