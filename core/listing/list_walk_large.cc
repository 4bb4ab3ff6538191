// How ListWalk pages inside a slot that is too large to be read whole.
#include <algorithm>

#include "core/listing/list_walk.h"

namespace atestore::inline v0 {
namespace {

// A page this full ends early: another SCAN call would be a small one.
constexpr double kFullEnough = 0.75;

// Factor for COUNT after the keys of a reply fitted the page but their records did not.
constexpr double kCountForFewerBytes = 0.25;

// A COUNT above 1, by this factor and at least by 1.
size_t SmallerCount(size_t count, double factor) {
  return std::clamp<size_t>(static_cast<size_t>(static_cast<double>(count) * factor), 1, count - 1);
}

}  // namespace

void ListWalk::ConcludeLarge() {
  Segment& segment = *current_;
  std::optional<size_t>& count = std::get<ReadLargeSlot>(strategy_).count;
  known_.estimates.OnScan(segment.large->wanted(), *count);
  const size_t keys = segment.keys().size();
  const size_t most = keys_room();
  if (keys > most && (count > 1 || !room_.is_empty)) {
    // The reply does not fit the page. It cannot be cut by its cursor, so it is dropped.
    if (!room_.is_empty) {
      page_full_ = true;
    } else {
      count = SmallerCount(*count,
                           static_cast<double>(most) / static_cast<double>(keys) * kScanOvershoot);
    }
    return;
  }
  counters_.long_keys += segment.keys().long_keys();
  if (keys == 0) return CommitLarge({});
  segment.ReadValues(most, known_.estimates.ValuesBounds(room_.bytes), sink_);
}

void ListWalk::CommitLarge(const Commit& commit) {
  const LargeSlotScan& large = *current_->large;
  std::optional<size_t>& count = std::get<ReadLargeSlot>(strategy_).count;
  InSlotCursor place{
      .cursor = large.asked_cursor(), .run = large.run(), .floor = FloorOf(*position_)};
  auto move_inside = [&] {
    Position position = *position_;
    position.place = place;
    MoveTo(position);
  };
  if (commit.passed == current_->keys().size()) {
    if (!large.next_cursor()) {
      return MoveTo(PositionAfter(*position_, KeyList(), 0, current_->end));
    }
    place.cursor = *large.next_cursor();
    count.reset();  // the next call may be as large as the page allows
    move_inside();
    const double full = static_cast<double>(options_.page_size) * kFullEnough;
    if (static_cast<double>(counters_.matched) >= full) page_full_ = true;
  } else if (commit.passed > 0) {
    place.split =
        SplitReply{large.replied_cursor(), MarkAfter(current_->keys(), commit.passed - 1)};
    move_inside();
  } else if (commit.page_full) {
    if (count == 1 || !room_.is_empty) {
      page_full_ = true;
    } else {
      count = SmallerCount(*count, kCountForFewerBytes);
    }
  }
}

}  // namespace atestore::inline v0
