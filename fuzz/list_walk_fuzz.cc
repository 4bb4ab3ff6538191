// One page of a listing from a cluster that lies. Oracles: no crash; nothing of a foreign atespace;
// never more than the page may hold; a position that only moves on and always makes a token; and an
// end, soon after the driver asks for one.
#include <string>
#include <variant>
#include <vector>

#include "core/listing/list_walk.h"
#include "core/page_token.h"
#include "core/status.h"
#include "fuzz/byte_source.h"
#include "fuzz/lying_server.h"
#include "fuzz/require.h"

namespace {

using atestore::KeyFilter;
using atestore::ListWalk;
using atestore::PageTokenCodec;
using atestore::Position;
using atestore::Topology;
using atestore::fuzz::ByteSource;
using atestore::fuzz::LyingServer;
using atestore::fuzz::Require;

// After so many actions the driver's time is over, and it ends the page …
constexpr int kActionsMax = 100;
// … which takes at most so many more until there is a page, an error or a pause, in which a driver
// gives up.
constexpr int kActionsToEndMax = 400;
// A walk that is let go on is over the slots after so many answers.
constexpr int kAnswersMax = 50'000;

class PageSink final : public atestore::RecordSink {
 public:
  explicit PageSink(const KeyFilter& filter) : filter_(filter) {}

  absl::StatusOr<size_t> Add(std::string_view key, std::string_view value) override {
    Require(filter_.Matches(key), "nothing is listed that was not asked for");
    // The promise about values: readable bytes follow.
    volatile char beyond = value.data()[value.size() + atestore::RespReader::kPadding - 1];
    static_cast<void>(beyond);
    if (value.starts_with('!')) return atestore::DataLossError("unreadable");
    sizes_.push_back(value.size());
    return value.size();
  }
  size_t size() const override { return sizes_.size(); }
  void Remove(std::span<const size_t> indexes) override {
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
      Require(*index < sizes_.size(), "only what is on the page is taken back");
      sizes_.erase(sizes_.begin() + static_cast<std::ptrdiff_t>(*index));
    }
  }
  void OnUnreadable(std::string_view key, const absl::Status& why) override {
    Require(filter_.Matches(key) && !why.ok(), "an unreadable record is one of the listing's");
  }

  size_t bytes() const {
    size_t sum = 0;
    for (size_t size : sizes_) sum += size;
    return sum;
  }

 private:
  const KeyFilter& filter_;
  std::vector<size_t> sizes_;
};

uint64_t HashTo2Bits(std::string_view name) { return atestore::HashName(name) % 4; }

Position ReadStart(ByteSource& source) {
  // Mostly near the end, so that a walk over all that is left is short.
  size_t from_end =
      source.Number(31) == 0 ? source.Number(atestore::kSlotCount - 1) : source.Number(31);
  Position start{.slot = static_cast<atestore::Slot>(atestore::kSlotCount - 1 - from_end)};
  switch (source.Number(3)) {
    case 0:
      start.place = atestore::AfterName{{.hash = source.Number(3)}};
      break;
    case 1: {
      atestore::InSlotCursor cursor{.cursor = start.slot + (source.Number(3) << 14),
                                    .run = source.Number(UINT64_MAX)};
      if (source.Flag()) cursor.floor = {.hash = source.Number(3)};
      if (source.Flag()) {
        uint64_t next = start.slot + (source.Number(3) << 14);
        cursor.split = atestore::SplitReply{next, {.hash = source.Number(3)}};
      }
      start.place = cursor;
      break;
    }
    default:
      break;
  }
  return start;
}

void CheckPosition(const std::optional<Position>& before, const std::optional<Position>& after) {
  if (!after) return;
  Require(before.has_value() && after->slot >= before->slot, "a position only moves on");
  const PageTokenCodec codec;
  std::string token = codec.Encode(*after, 1);
  Require(token.size() <= atestore::kPageTokenLengthMax, "a token is never too long");
  auto decoded = codec.Decode(token, 1);
  Require(std::holds_alternative<Position>(decoded) && std::get<Position>(decoded) == *after,
          "a position is what its token says");
}

ListWalk::Options ReadOptions(ByteSource& source, const KeyFilter& filter) {
  ListWalk::Options options{.filter = filter, .start = ReadStart(source)};
  options.page_size = 1 + source.Number(20);
  options.page_bytes = 1 + source.Number(100);
  options.reading.per_slot_tables = source.Flag();
  options.hints.keys_per_slot = static_cast<double>(source.Byte()) / 16;
  options.hints.wanted_ratio = static_cast<double>(source.Byte()) / 255;
  options.reading.whole_slot_keys = 1 + source.Number(8);
  options.reading.scan_count_max = 1 + source.Number(atestore::kScanCountMax - 1);
  options.segment_names = 1 + source.Number(8);
  options.values_part_keys = 1 + source.Number(3);
  if (source.Flag()) options.hash = HashTo2Bits;
  return options;
}

// Answers in any order, and lets the walk send more in between.
void AnswerAll(std::vector<atestore::ShardRequest> requests, const Topology& topology,
               ByteSource& source, LyingServer& server, ListWalk& walk) {
  std::vector<size_t> open;
  auto note = [&open, known = size_t{0}](size_t count) mutable {
    while (known < count) open.push_back(known++);
  };
  note(requests.size());
  for (int answers = 0; !open.empty(); ++answers) {
    Require(answers < kAnswersMax, "a round ends");
    const size_t chosen = source.Number(open.size() - 1);
    const size_t index = open[chosen];
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
    server.Answer(index, requests[index], walk);
    if (source.empty() || source.Flag()) continue;
    for (atestore::ShardRequest& more : walk.More(topology)) requests.push_back(std::move(more));
    note(requests.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  const KeyFilter filter = source.Flag() ? KeyFilter::ActorsOf("a") : KeyFilter::AllActors();
  PageSink sink(filter);
  const ListWalk::Options options = ReadOptions(source, filter);
  ListWalk walk(options, &sink);
  LyingServer server(source);
  Topology topology = server.MakeTopology();
  for (int action = 0;; ++action) {
    Require(action < kActionsMax + kActionsToEndMax, "a page ends");
    bool over = action >= kActionsMax || source.empty();
    if (over) walk.EndPage();
    const std::optional<Position> before = walk.position();
    ListWalk::Action next = walk.Next(topology);
    CheckPosition(before, walk.position());
    Require(sink.size() <= options.page_size, "a page holds no more than asked for");
    if (auto* send = std::get_if<ListWalk::Send>(&next)) {
      Require(!send->requests.empty(), "a round asks for something");
      AnswerAll(std::move(send->requests), topology, source, server, walk);
    } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&next)) {
      Require(!refresh->why.ok(), "a refresh says why");
      if (over && refresh->back_off) break;
      topology = server.MakeTopology();
    } else if (auto* fail = std::get_if<ListWalk::Fail>(&next)) {
      Require(!fail->status.ok(), "a failure is one");
      break;
    } else {
      Require(walk.progressed(), "a page that is complete got somewhere");
      break;
    }
  }
  Require(sink.bytes() <= options.page_bytes, "a page is no larger than allowed");
  return 0;
}
