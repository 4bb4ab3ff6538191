// How ListWalk pages inside a slot that is too large to be read whole.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/listing/list_walk.h"
#include "core/status.h"

namespace atestore {
namespace {

// A page this full ends early: another SCAN call would be a small one.
constexpr double kFullEnough = 0.75;

// Factor for COUNT after the keys of a reply fitted the page but their records did not.
constexpr double kCountForFewerBytes = 0.25;

// Factor for COUNT, as a call returns the whole of its last bucket and so exceeds COUNT.
constexpr double kOvershoot = 0.95;

}  // namespace

void ListWalk::PlanLarge(const Endpoint& owner, ReadLargeSlot& strategy) {
  const auto* cursor = std::get_if<InSlotCursor>(&position_->place);
  if (cursor != nullptr && cursor->split) {
    strategy.count = 1;  // only replies to COUNT 1 are split: ask for the same reply again
  } else if (!strategy.count) {
    double count = static_cast<double>(keys_room()) / hints_.wanted_ratio * kOvershoot;
    strategy.count = std::clamp<size_t>(static_cast<size_t>(count), 1, reading_.scan_count_max);
  }
  current_->large =
      std::make_unique<LargeSlotScan>(LargeSlotScan::Options{.start = *position_,
                                                             .owner = owner,
                                                             .count = *strategy.count,
                                                             .probe_variant = probe_variant_,
                                                             .hash = options_.hash,
                                                             .filter = &options_.filter});
}

void ListWalk::ConcludeLarge() {
  LargeSlotScan& large = *current_->large;
  const absl::Status why = UnavailableError(
      absl::StrCat("slot ", position_->slot, " could not be read with a SCAN cursor"));
  if (large.error()) return Recover(*large.error());
  if (large.probe_taken()) return Recover(ProbeExists{}, why);
  if (large.layout_violated()) return Recover(NoPerSlotTables{}, why);
  if (large.other_process()) {
    // A cursor is valid for one process only: restart this slot, and no other.
    ++counters_.slot_restarts;
    const std::optional<KeyMark> floor = FloorOf(*position_);
    position_->place = SlotStart{};
    if (floor) position_->place = AfterKey{*floor};
    return Recover(OtherProcess{}, why);
  }
  const size_t count = *std::get<ReadLargeSlot>(strategy_).count;
  hints_.wanted_ratio = static_cast<double>(large.wanted()) / static_cast<double>(count);
  hints_ = hints_.Clamped();
  const size_t keys = large.keys().size();
  const size_t most = keys_room();
  if (keys > most && (count > 1 || page_records_ > 0)) {
    return ShrinkLargeCount(static_cast<double>(most) / static_cast<double>(keys) * kOvershoot);
  }
  large.keys().Sort();
  counters_.long_keys += large.keys().long_keys();
  current_->keys = &large.keys();
  if (keys == 0) return CommitLarge({});
  current_->fetch = std::min(keys, most);
  current_->values = std::make_unique<ValuesRead>(
      current_->keys, current_->fetch, std::vector<Endpoint>{large.owner()}, ValuesBounds(), sink_);
}

// The reply does not fit the page. No cursor points into the middle of a reply, so drop it.
void ListWalk::ShrinkLargeCount(double ratio) {
  if (page_records_ > 0) {
    page_full_ = true;
    return;
  }
  std::optional<size_t>& count = std::get<ReadLargeSlot>(strategy_).count;
  const double less = static_cast<double>(*count) * ratio;
  count = std::clamp<size_t>(static_cast<size_t>(less), 1, *count - 1);
}

void ListWalk::CommitLarge(const Commit& commit) {
  const Slot slot = position_->slot;
  const LargeSlotScan& large = *current_->large;
  std::optional<size_t>& count = std::get<ReadLargeSlot>(strategy_).count;
  InSlotCursor place{
      .cursor = large.asked_cursor(), .run = large.run(), .floor = FloorOf(*position_)};
  if (commit.passed == current_->keys->size()) {
    if (!large.next_cursor()) {
      return MoveTo(PositionBehind(*position_, KeyList(), 0, slot + size_t{1}));
    }
    place.cursor = *large.next_cursor();
    count.reset();  // the next call may be as large as the page allows
    MoveTo(InSlot(slot, place));
    double full = static_cast<double>(options_.page_size) * kFullEnough;
    if (static_cast<double>(page_records_) >= full) page_full_ = true;
  } else if (commit.passed > 0) {
    place.split =
        SplitReply{large.replied_cursor(), MarkBehind(*current_->keys, commit.passed - 1)};
    MoveTo(InSlot(slot, place));
  } else if (commit.page_full) {
    if (count == 1) {
      page_full_ = true;
    } else {
      ShrinkLargeCount(kCountForFewerBytes);
    }
  }
}

}  // namespace atestore
