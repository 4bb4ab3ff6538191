// How ListWalk pages inside a slot that is too large to be read whole.
#include <algorithm>

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

void ListWalk::PlanHuge(const Endpoint& owner) {
  const auto* cursor = std::get_if<InSlotCursor>(&position_->place);
  if (cursor != nullptr && cursor->split) {
    huge_count_ = 1;  // the smallest reply was split, and only it can be recognised
  } else if (!huge_count_) {
    double count = static_cast<double>(names_room()) / hints_.wanted_ratio * kOvershoot;
    huge_count_ = std::clamp<size_t>(static_cast<size_t>(count), 1, reading_.scan_count_max);
  }
  current_->huge =
      std::make_unique<HugeSlotScan>(HugeSlotScan::Options{.start = *position_,
                                                           .owner = owner,
                                                           .count = *huge_count_,
                                                           .probe_variant = probe_variant_,
                                                           .hash = options_.hash,
                                                           .filter = &options_.filter});
}

void ListWalk::ConcludeHuge() {
  HugeSlotScan& huge = *current_->huge;
  if (huge.obstacle()) return Meet(*huge.obstacle());
  if (huge.probe_taken()) {
    ++probe_variant_;
    return Retake(UnavailableError("a key has the name of the probe"));
  }
  if (huge.layout_violated()) {
    reading_.per_slot_tables = false;
    mode_ = Mode::kWholeSlot;
    return Retake(UnavailableError("the slot's owner has no per-slot tables"));
  }
  if (huge.other_process()) {
    // A cursor means nothing to another process: this slot begins anew, and no other.
    ++counters_.slot_restarts;
    const std::optional<NameMark> floor = FloorOf(*position_);
    position_->place = SlotStart{};
    if (floor) position_->place = AfterName{*floor};
    huge_count_.reset();
    return Retake(UnavailableError("the process of the slot's owner changed"));
  }
  hints_.wanted_ratio = static_cast<double>(huge.wanted()) / static_cast<double>(*huge_count_);
  hints_ = hints_.Clamped();
  const size_t names = huge.names().size();
  const size_t most = names_room();
  if (names > most && (huge_count_ > 1 || page_records_ > 0)) {
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
  const double count = static_cast<double>(*huge_count_) * ratio;
  huge_count_ = std::clamp<size_t>(static_cast<size_t>(count), 1, *huge_count_ - 1);
}

void ListWalk::CommitHuge(const ValuesRead::Outcome& outcome) {
  const Slot slot = position_->slot;
  const HugeSlotScan& huge = *current_->huge;
  InSlotCursor place{
      .cursor = huge.asked_cursor(), .run = huge.run(), .floor = FloorOf(*position_)};
  if (outcome.passed == current_->names->size()) {
    if (!huge.next_cursor()) return MoveToSlot(slot + size_t{1});
    place.cursor = *huge.next_cursor();
    MoveTo(InSlot(slot, place));
    double full = static_cast<double>(options_.page_size) * kFullEnough;
    if (static_cast<double>(page_records_) >= full) page_full_ = true;
    // The next call may be as large as the page allows.
    huge_count_.reset();
  } else if (outcome.passed > 0) {
    place.split = SplitReply{huge.replied_cursor(), MarkAt(*current_->names, outcome.passed - 1)};
    MoveTo(InSlot(slot, place));
  } else if (outcome.page_full) {
    if (huge_count_ == 1) {
      page_full_ = true;
    } else {
      ShrinkHugeCount(kCountForFewerBytes);
    }
  }
}

}  // namespace atestore
