// How ListWalk decides what to read next.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/listing/list_walk.h"
#include "core/status.h"

namespace atestore {

std::optional<ListWalk::Action> ListWalk::Plan(const Topology& topology) {
  const Slot slot = position_->slot;
  if (std::holds_alternative<InSlotCursor>(position_->place) &&
      (in_batch() || std::holds_alternative<ReadSlot>(strategy_))) {
    Recover(TooManyKeys{.for_any_whole_read = true}, absl::OkStatus());
  }
  std::optional<Endpoint> owner = OwnerOf(slot, topology);
  if (!owner) {
    return Refresh{.back_off = true,
                   .why = UnavailableError(absl::StrCat("slot ", slot, " has no owner"))};
  }
  const auto* migrating = std::get_if<ReadMigratingSlot>(&strategy_);
  if (migrating != nullptr && topology.IsStranger(migrating->migration.destination)) {
    // The node may have joined just now, or belong to another cluster that took over an address.
    Recover(UnknownNode{},
            UnavailableError(absl::StrCat("slot ", slot, " migrates to ",
                                          ToString(migrating->migration.destination),
                                          ", which the cluster does not know (CLUSTER NODES)")));
    return std::exchange(pending_, std::nullopt);
  }
  current_ = std::make_unique<Segment>();
  current_->first = slot;
  current_->asked_end = slot + size_t{1};
  if (in_batch()) {
    PlanBatch(topology, *current_, FloorOf(*position_), keys_room());
  } else if (std::holds_alternative<ReadSlot>(strategy_)) {
    PlanOneSlot(*owner, reading_.whole_slot_keys);
  } else if (std::holds_alternative<ReadWholeSlot>(strategy_)) {
    PlanOneSlot(*owner, std::numeric_limits<int32_t>::max() - 1);
  } else if (migrating != nullptr) {
    PlanMigrating(migrating->migration);
  } else {
    PlanLarge(*owner, std::get<ReadLargeSlot>(strategy_));
  }
  return std::nullopt;
}

KeysBatch::Options ListWalk::BatchOptions(size_t first, std::optional<KeyMark> after) const {
  return {.filter = &options_.filter,
          .hash = options_.hash,
          .first_slot = static_cast<Slot>(first),
          .after = after,
          .probe_variant = probe_variant_,
          .without_multi = reading_.without_multi};
}

// Plans a segment of prefetched keys, or of units that read them. False: no owner is known.
bool ListWalk::PlanBatch(const Topology& topology, Segment& segment,
                         const std::optional<KeyMark>& after, size_t keys) {
  if (TakePrefetched(segment, after, keys)) return true;
  const KeysWanted wanted{
      .keys = keys, .segment_keys = options_.segment_keys, .begins_in_slot = after.has_value()};
  std::vector<KeysUnit> units = BatchUnits(topology, segment.first, wanted, &segment.asked_end);
  if (units.empty()) return false;
  segment.batch = std::make_unique<KeysBatch>(BatchOptions(segment.first, after), std::move(units));
  return true;
}

// The units to read from slot `first` on, up to the first slot without an owner or already
// prefetched.
std::vector<KeysUnit> ListWalk::BatchUnits(const Topology& topology, size_t first,
                                           const KeysWanted& wanted, size_t* asked_end) const {
  const KeysPlan plan = KeysPlan::For(wanted, hints_, reading_);
  struct OpenUnit {
    size_t index = 0;
    size_t slots = 0;
  };
  std::map<Endpoint, OpenUnit> open;
  std::vector<KeysUnit> units;
  const size_t end = std::min(this->end(), first + plan.slots_max);
  for (size_t index = first; index < end; ++index) {
    const Slot slot = static_cast<Slot>(index);
    std::optional<Endpoint> owner = OwnerOf(slot, topology);
    if (!owner ||
        (index > first && options_.key_prefetch != nullptr && options_.key_prefetch->Has(index)))
      break;
    auto [unit, fresh] = open.try_emplace(*owner);
    if (fresh || unit->second.slots == plan.slots_per_unit) {
      unit->second = {.index = units.size()};
      units.push_back({.kind = plan.kind, .endpoint = *owner, .keys_max = plan.keys_max});
    }
    KeysUnit& chosen = units[unit->second.index];
    if (plan.kind != KeysUnit::Kind::kScan || chosen.slots.empty()) chosen.slots.push_back(slot);
    ++unit->second.slots;
    *asked_end = index + 1;
  }
  return units;
}

void ListWalk::PlanOneSlot(const Endpoint& owner, size_t keys_max) {
  std::vector<KeysUnit> units;
  units.push_back({.kind = KeysUnit::Kind::kProbedSlots,
                   .endpoint = owner,
                   .slots = {position_->slot},
                   .keys_max = keys_max});
  current_->batch = std::make_unique<KeysBatch>(BatchOptions(position_->slot, FloorOf(*position_)),
                                                std::move(units));
}

void ListWalk::PlanMigrating(const Migration& migration) {
  current_->migrating = std::make_unique<MigratingSlot>(migration, &options_.filter, options_.hash,
                                                        FloorOf(*position_));
}

}  // namespace atestore
