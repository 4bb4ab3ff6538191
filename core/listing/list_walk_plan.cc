// How ListWalk decides what to read next.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/listing/list_walk.h"
#include "core/status.h"

namespace atestore {
namespace {

// Asked for beyond the estimate, so that one round mostly suffices.
constexpr double kReserve = 1.15;
// From here on slots are listed one by one where they could be scanned (docs/performance.md).
constexpr double kDenseRatio = 0.5;
constexpr double kDenseKeysPerSlot = 4;

// What one batch asks for, from the density that was observed.
struct BatchShape {
  NamesUnit::Kind kind;
  size_t slots_max;       // of the whole round
  size_t slots_per_unit;  // owned by the unit's node
  size_t keys_max;        // NamesUnit::keys_max
};

BatchShape ShapeOf(const WalkHints& hints, size_t names, bool per_slot_tables,
                   const ListWalk::Options& options) {
  const double keys_per_slot = hints.keys_per_slot;
  const double wanted_per_slot = keys_per_slot * hints.wanted_ratio;
  const double slots = std::min(static_cast<double>(names) / wanted_per_slot * kReserve + 1,
                                static_cast<double>(kRoundKeysMax) / keys_per_slot);
  BatchShape shape{.kind = NamesUnit::Kind::kOneSlot,
                   .slots_max = std::clamp<size_t>(static_cast<size_t>(slots), 1, kSlotCount),
                   .slots_per_unit = 1,
                   .keys_max = options.whole_slot_keys};
  auto slots_for = [&](size_t keys, size_t most) {
    double fit = static_cast<double>(keys) / keys_per_slot / kReserve;
    return std::clamp<size_t>(static_cast<size_t>(fit), 1, most);
  };
  // For a node, the names in a slot cost less to list than to scan for; but SCAN passes over empty
  // slots, and leaves out the names that nobody wants.
  const bool dense = hints.wanted_ratio >= kDenseRatio && keys_per_slot >= kDenseKeysPerSlot;
  if (per_slot_tables && !dense && slots_for(options.scan_count_max, kSlotCount) > 1) {
    shape.kind = NamesUnit::Kind::kScan;
    shape.slots_per_unit = slots_for(options.scan_count_max, kSlotCount);
    // COUNT follows the density, not what is left of the page: a sparse listing asks for all.
    double keys = static_cast<double>(std::min(shape.slots_per_unit, shape.slots_max)) *
                      keys_per_slot * kReserve +
                  10;
    shape.keys_max = std::min(static_cast<size_t>(keys), options.scan_count_max);
  } else if (slots_for(kSlotsUnitKeys, kSlotsUnitSlotsMax) > 1) {
    shape.kind = NamesUnit::Kind::kSlots;
    shape.slots_per_unit = slots_for(kSlotsUnitKeys, kSlotsUnitSlotsMax);
    // A slot far above the average is read alone, so that no transaction becomes long.
    shape.keys_max = std::min(static_cast<size_t>(8 * keys_per_slot) + 32, options.whole_slot_keys);
  }
  return shape;
}

}  // namespace

std::optional<ListWalk::Action> ListWalk::Plan(const Topology& topology) {
  const Slot slot = position_->slot;
  if (std::holds_alternative<InSlotCursor>(position_->place)) {
    if (mode_ != Mode::kMigrating && mode_ != Mode::kWholeSlot) {
      mode_ = per_slot_tables_ ? Mode::kHuge : Mode::kWholeSlot;
    }
  }
  std::optional<Endpoint> owner = OwnerOf(slot, topology);
  if (!owner) {
    return Refresh{.back_off = true,
                   .why = UnavailableError(absl::StrCat("slot ", slot, " has no owner"))};
  }
  current_ = std::make_unique<Segment>();
  current_->first = slot;
  switch (mode_) {
    case Mode::kBatch:
      PlanBatch(topology);
      break;
    case Mode::kOneSlot:
      PlanOneSlot(*owner, options_.whole_slot_keys);
      break;
    case Mode::kWholeSlot:
      PlanOneSlot(*owner, std::numeric_limits<int32_t>::max() - 1);
      break;
    case Mode::kMigrating:
      PlanMigrating();
      break;
    case Mode::kHuge:
      PlanHuge(*owner);
      break;
  }
  return std::nullopt;
}

NamesBatch::Options ListWalk::BatchOptions(size_t first, std::optional<NameMark> after) const {
  return {.filter = &options_.filter,
          .hash = options_.hash,
          .first_slot = static_cast<Slot>(first),
          .after = after,
          .probe_variant = probe_variant_};
}

void ListWalk::PlanBatch(const Topology& topology) {
  const Slot slot = position_->slot;
  current_->batch = std::make_unique<NamesBatch>(BatchOptions(slot, FloorOf(*position_)),
                                                 BatchUnits(topology, slot, room()));
}

// For about `names` names from the slot `first` on, but no more than a segment holds.
std::vector<NamesUnit> ListWalk::BatchUnits(const Topology& topology, size_t first,
                                            size_t names) const {
  const BatchShape shape =
      ShapeOf(hints_, std::min(names, options_.segment_names), per_slot_tables_, options_);
  struct OpenUnit {
    size_t index = 0;
    size_t slots = 0;
  };
  std::map<Endpoint, OpenUnit> open;
  std::vector<NamesUnit> units;
  const size_t end = std::min(kSlotCount, first + shape.slots_max);
  for (size_t index = first; index < end; ++index) {
    const Slot slot = static_cast<Slot>(index);
    std::optional<Endpoint> owner = OwnerOf(slot, topology);
    if (!owner) break;
    auto [unit, fresh] = open.try_emplace(*owner);
    if (fresh || unit->second.slots == shape.slots_per_unit) {
      unit->second = {.index = units.size()};
      units.push_back({.kind = shape.kind, .endpoint = *owner, .keys_max = shape.keys_max});
    }
    NamesUnit& chosen = units[unit->second.index];
    if (shape.kind != NamesUnit::Kind::kScan || chosen.slots.empty()) chosen.slots.push_back(slot);
    ++unit->second.slots;
  }
  return units;
}

void ListWalk::PlanOneSlot(const Endpoint& owner, size_t keys_max) {
  std::vector<NamesUnit> units;
  units.push_back({.kind = NamesUnit::Kind::kOneSlot,
                   .endpoint = owner,
                   .slots = {position_->slot},
                   .keys_max = keys_max});
  current_->batch = std::make_unique<NamesBatch>(BatchOptions(position_->slot, FloorOf(*position_)),
                                                 std::move(units));
}

void ListWalk::PlanMigrating() {
  current_->migrating = std::make_unique<MigratingSlot>(*migration_, &options_.filter,
                                                        options_.hash, FloorOf(*position_));
}

}  // namespace atestore
