#include "fuzz/listing_driver.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "core/page_token.h"
#include "core/status.h"
#include "fuzz/require.h"

namespace atestore::fuzz {
namespace {

// A walk that is let go on is over the slots after so many answers.
constexpr int kAnswersMax = 50'000;

uint64_t HashTo2Bits(std::string_view name) { return HashKey(name) % 4; }

// Whether a listing may get from `before` to `after` in the same slot. A cursor may be given up for
// where its pass over the slot began.
bool MovesOn(const Position& before, const Position& after) {
  const auto* from = std::get_if<AfterKey>(&before.place);
  if (from == nullptr) return true;
  const auto* to = std::get_if<AfterKey>(&after.place);
  if (to == nullptr) return !std::holds_alternative<SlotStart>(after.place);
  if (to->mark.hash != from->mark.hash) return to->mark.hash > from->mark.hash;
  return !to->mark.tie || (from->mark.tie && *to->mark.tie >= *from->mark.tie);
}

}  // namespace

absl::StatusOr<std::optional<size_t>> PageSink::Add(std::string_view key, std::string_view value) {
  Require(filter_.Matches(key), "nothing is listed that was not asked for");
  // The promise about values: readable bytes follow.
  volatile char beyond = value.data()[value.size() + RespReader::kPadding - 1];
  static_cast<void>(beyond);
  if (value.starts_with('!')) return DataLossError("unreadable");
  sizes_.push_back(value.size());
  return value.size();
}

void PageSink::Remove(std::span<const size_t> indexes) {
  for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
    Require(*index < sizes_.size(), "only what is on the page is taken back");
    sizes_.erase(sizes_.begin() + static_cast<std::ptrdiff_t>(*index));
  }
}

void PageSink::OnUnreadable(std::string_view key, const absl::Status& why) {
  Require(filter_.Matches(key) && !why.ok(), "an unreadable record is one of the listing's");
}

size_t PageSink::bytes() const {
  size_t sum = 0;
  for (size_t size : sizes_) sum += size;
  return sum;
}

Position ReadStart(ByteSource& source, uint64_t near_the_end) {
  size_t from_end =
      source.Number(near_the_end) == 0 ? source.Number(kSlotCount - 1) : source.Number(31);
  Position start{.slot = static_cast<Slot>(kSlotCount - 1 - from_end)};
  switch (source.Number(3)) {
    case 0:
      start.place = AfterKey{{.hash = source.Number(3)}};
      break;
    case 1: {
      InSlotCursor cursor{.cursor = start.slot + (source.Number(3) << 14),
                          .run = source.Number(UINT64_MAX)};
      if (source.Flag()) cursor.floor = {.hash = source.Number(3)};
      if (source.Flag()) {
        uint64_t next = start.slot + (source.Number(3) << 14);
        cursor.split = SplitReply{next, {.hash = source.Number(3)}};
      }
      start.place = cursor;
      break;
    }
    default:
      break;
  }
  return start;
}

ListWalk::Options ReadOptions(ByteSource& source, const KeyFilter& filter, const Position& start) {
  ListWalk::Options options{.filter = filter, .start = start};
  options.page_size = 1 + source.Number(20);
  options.page_bytes = 1 + source.Number(100);
  options.reading.per_slot_tables = source.Flag();
  options.hints.keys_per_slot = static_cast<double>(source.Byte()) / 16;
  options.hints.wanted_ratio = static_cast<double>(source.Byte()) / 255;
  options.reading.whole_slot_keys = 1 + source.Number(8);
  options.reading.scan_count_max = 1 + source.Number(kScanCountMax - 1);
  options.segment_keys = 1 + source.Number(8);
  options.values_part_keys = 1 + source.Number(3);
  if (source.Flag()) options.hash = HashTo2Bits;
  return options;
}

void CheckPosition(const std::optional<Position>& before, const std::optional<Position>& after) {
  if (!after) return;
  Require(before.has_value() && after->slot >= before->slot, "a position only moves on");
  Require(after->slot > before->slot || MovesOn(*before, *after), "a slot is passed in order");
  const PageTokenCodec codec;
  std::string token = codec.Encode(*after, 1);
  Require(token.size() <= kPageTokenLengthMax, "a token is never too long");
  auto decoded = codec.Decode(token, 1);
  Require(std::holds_alternative<Position>(decoded) && std::get<Position>(decoded) == *after,
          "a position is what its token says");
}

std::vector<ShardRequest> AnswerAll(std::vector<ShardRequest> requests, const Topology& topology,
                                    ByteSource& source, LyingServer& server, AnsweredWalk& walk,
                                    const AnswerOrder& order) {
  std::vector<size_t> open;
  auto note = [&open, known = size_t{0}](size_t count) mutable {
    while (known < count) open.push_back(known++);
  };
  note(requests.size());
  for (int answers = 0; !open.empty(); ++answers) {
    Require(answers < kAnswersMax, "a round ends");
    const size_t newest = open.size() - 1;
    const size_t drawn = order.newest_first && source.empty() ? newest : source.Number(newest);
    auto chosen = open.begin() + static_cast<std::ptrdiff_t>(drawn);
    if (order.per_node) {
      const Endpoint& node = requests[*chosen].endpoint;
      chosen = std::find_if(open.begin(), chosen,
                            [&](size_t other) { return requests[other].endpoint == node; });
    }
    const size_t index = *chosen;
    open.erase(chosen);
    server.Answer(index, requests[index], walk);
    if (source.empty() ? !order.newest_first : source.Flag()) continue;
    for (ShardRequest& more : walk.More(topology)) requests.push_back(std::move(more));
    note(requests.size());
  }
  return requests;
}

}  // namespace atestore::fuzz
