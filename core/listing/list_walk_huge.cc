// How ListWalk pages inside a slot that is too large to be read whole.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/listing/list_walk.h"
#include "core/status.h"

namespace atestore {
namespace {

// The page ends early rather than with a small SCAN call more.
constexpr double kFullEnough = 0.75;

// Of COUNT, when the reply's names fitted the page but not their records.
constexpr double kCountForFewerBytes = 0.25;

// Room left for what a call replies beyond COUNT: the rest of its last group of keys.
constexpr double kOvershoot = 0.95;

}  // namespace

void ListWalk::PlanHuge(const Endpoint& owner, ReadLargeSlot& strategy) {
  const auto* cursor = std::get_if<InSlotCursor>(&position_->place);
  if (cursor != nullptr && cursor->split) {
    strategy.count = 1;  // the smallest reply was split, and only it can be recognised
  } else if (!strategy.count) {
    double count = static_cast<double>(names_room()) / hints_.wanted_ratio * kOvershoot;
    strategy.count = std::clamp<size_t>(static_cast<size_t>(count), 1, reading_.scan_count_max);
  }
  current_->huge =
      std::make_unique<HugeSlotScan>(HugeSlotScan::Options{.start = *position_,
                                                           .owner = owner,
                                                           .count = *strategy.count,
                                                           .probe_variant = probe_variant_,
                                                           .hash = options_.hash,
                                                           .filter = &options_.filter});
}

void ListWalk::ConcludeHuge() {
  HugeSlotScan& huge = *current_->huge;
  const absl::Status why =
      UnavailableError(absl::StrCat("slot ", position_->slot, " could not be read by cursor"));
  if (huge.error()) return Recover(*huge.error());
  if (huge.probe_taken()) return Recover(ProbeExists{}, why);
  if (huge.layout_violated()) return Recover(NoPerSlotTables{}, why);
  if (huge.other_process()) {
    // A cursor means nothing to another process: this slot begins anew, and no other.
    ++counters_.slot_restarts;
    const std::optional<NameMark> floor = FloorOf(*position_);
    position_->place = SlotStart{};
    if (floor) position_->place = AfterName{*floor};
    return Recover(OtherProcess{}, why);
  }
  const size_t count = *std::get<ReadLargeSlot>(strategy_).count;
  hints_.wanted_ratio = static_cast<double>(huge.wanted()) / static_cast<double>(count);
  hints_ = hints_.Clamped();
  const size_t names = huge.names().size();
  const size_t most = names_room();
  if (names > most && (count > 1 || page_records_ > 0)) {
    return ShrinkHugeCount(static_cast<double>(most) / static_cast<double>(names) * kOvershoot);
  }
  huge.names().Sort();
  counters_.long_names += huge.names().long_names();
  current_->names = &huge.names();
  if (names == 0) return CommitHuge({});
  current_->fetch = std::min(names, most);
  current_->values = std::make_unique<ValuesRead>(
      current_->names, current_->fetch, std::vector<Endpoint>{huge.owner()}, ValuesBounds(), sink_);
}

// The reply does not fit the page. It cannot be cut by its cursor, so it is dropped.
void ListWalk::ShrinkHugeCount(double ratio) {
  if (page_records_ > 0) {
    page_full_ = true;
    return;
  }
  std::optional<size_t>& count = std::get<ReadLargeSlot>(strategy_).count;
  const double less = static_cast<double>(*count) * ratio;
  count = std::clamp<size_t>(static_cast<size_t>(less), 1, *count - 1);
}

void ListWalk::CommitHuge(const Commit& commit) {
  const Slot slot = position_->slot;
  const HugeSlotScan& huge = *current_->huge;
  std::optional<size_t>& count = std::get<ReadLargeSlot>(strategy_).count;
  InSlotCursor place{
      .cursor = huge.asked_cursor(), .run = huge.run(), .floor = FloorOf(*position_)};
  if (commit.passed == current_->names->size()) {
    if (!huge.next_cursor()) {
      return MoveTo(PositionBehind(*position_, NameList(), 0, slot + size_t{1}));
    }
    place.cursor = *huge.next_cursor();
    count.reset();  // the next call may be as large as the page allows
    MoveTo(InSlot(slot, place));
    double full = static_cast<double>(options_.page_size) * kFullEnough;
    if (static_cast<double>(page_records_) >= full) page_full_ = true;
  } else if (commit.passed > 0) {
    place.split =
        SplitReply{huge.replied_cursor(), MarkBehind(*current_->names, commit.passed - 1)};
    MoveTo(InSlot(slot, place));
  } else if (commit.page_full) {
    if (count == 1) {
      page_full_ = true;
    } else {
      ShrinkHugeCount(kCountForFewerBytes);
    }
  }
}

}  // namespace atestore
