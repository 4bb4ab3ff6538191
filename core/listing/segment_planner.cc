#include "core/listing/segment_planner.h"

#include <algorithm>
#include <map>
#include <utility>

namespace atestore::inline v0 {
namespace {

std::unique_ptr<Segment> OfSlot(const Position& position) {
  auto segment = std::make_unique<Segment>();
  segment->first = position.slot;
  segment->requested_end = position.slot + size_t{1};
  return segment;
}

}  // namespace

bool SegmentPlanner::AwaitsPrefetched(size_t first, size_t keys) const {
  if (options_.prefetch == nullptr) return false;
  // Far nodes: a page of few segments, each of which takes a round trip.
  const size_t usual = std::min(keys, options_.values_part_keys);
  const size_t most = known_.estimates.depth().far ? std::min(keys, segment_keys()) : usual;
  return options_.prefetch->Awaits(first, usual, most);
}

std::unique_ptr<Segment> SegmentPlanner::Batch(const Topology& topology, size_t first,
                                               const std::optional<KeyMark>& after,
                                               size_t keys) const {
  auto segment = std::make_unique<Segment>();
  segment->first = first;
  if (options_.prefetch != nullptr) {
    segment->prefetched = options_.prefetch->Take(first, after, std::min(keys, segment_keys()));
  }
  if (segment->prefetched) {
    segment->requested_end = segment->prefetched->end;
    return segment;
  }
  const KeysWanted wanted{
      .keys = keys, .segment_keys = segment_keys(), .begins_in_slot = after.has_value()};
  KeysWanted usual = wanted;
  usual.segment_keys = options_.segment_keys;
  const KeysPlan plan = PlanFor(wanted);
  const SlotLimits limits{.end = first + plan.slots_max,
                          .new_nodes_end = first + PlanFor(usual).slots_max};
  std::vector<KeysUnit> units = Units(topology, first, limits, plan, &segment->requested_end);
  if (units.empty()) return nullptr;
  segment->batch = std::make_unique<KeysBatch>(BatchOptions(first, after), std::move(units));
  return segment;
}

std::unique_ptr<Segment> SegmentPlanner::OneSlot(const Position& position, const Endpoint& owner,
                                                 size_t keys_max) const {
  std::vector<KeysUnit> units;
  units.push_back({.kind = KeysUnit::Kind::kProbedSlots,
                   .endpoint = owner,
                   .slots = {position.slot},
                   .keys_max = keys_max});
  std::unique_ptr<Segment> segment = OfSlot(position);
  segment->batch =
      std::make_unique<KeysBatch>(BatchOptions(position.slot, FloorOf(position)), std::move(units));
  return segment;
}

std::unique_ptr<Segment> SegmentPlanner::Migrating(const Position& position,
                                                   const Migration& migration) const {
  std::unique_ptr<Segment> segment = OfSlot(position);
  segment->migrating =
      std::make_unique<MigratingSlot>(migration, options_.filter, options_.hash, FloorOf(position));
  return segment;
}

std::unique_ptr<Segment> SegmentPlanner::Large(const Position& position, const Endpoint& owner,
                                               size_t count) const {
  std::unique_ptr<Segment> segment = OfSlot(position);
  segment->large =
      std::make_unique<LargeSlotScan>(LargeSlotScan::Options{.start = position,
                                                             .owner = owner,
                                                             .count = count,
                                                             .probe_variant = known_.probe_variant,
                                                             .hash = options_.hash,
                                                             .filter = options_.filter});
  return segment;
}

size_t SegmentPlanner::CountFor(const Position& position, std::optional<size_t> chosen,
                                size_t keys) const {
  const auto* cursor = std::get_if<InSlotCursor>(&position.place);
  // The smallest reply was split, and only it can be recognised.
  if (cursor != nullptr && cursor->split) return 1;
  if (chosen) return *chosen;
  const double count =
      static_cast<double>(keys) / known_.estimates.hints().wanted_ratio * kScanOvershoot;
  return std::clamp<size_t>(static_cast<size_t>(count), 1, known_.reading.scan_count_max);
}

KeysBatch::Options SegmentPlanner::BatchOptions(size_t first, std::optional<KeyMark> after) const {
  return {.filter = options_.filter,
          .hash = options_.hash,
          .first_slot = static_cast<Slot>(first),
          .after = after,
          .probe_variant = known_.probe_variant,
          .without_multi = known_.reading.without_multi};
}

KeysPlan SegmentPlanner::PlanFor(const KeysWanted& wanted) const {
  return KeysPlan::For(wanted, known_.estimates.hints(), known_.reading);
}

// One unit or more for each owner of the slots from `first` on, up to those that are prefetched.
std::vector<KeysUnit> SegmentPlanner::Units(const Topology& topology, size_t first,
                                            const SlotLimits& limits, const KeysPlan& plan,
                                            size_t* requested_end) const {
  struct OpenUnit {
    size_t index = 0;
    size_t slots = 0;
  };
  std::map<Endpoint, OpenUnit> open;
  std::vector<KeysUnit> units;
  const size_t end = std::min(options_.end, limits.end);
  for (size_t index = first; index < end; ++index) {
    const Slot slot = static_cast<Slot>(index);
    const std::optional<Endpoint> owner = known_.owners.Find(slot, topology);
    const bool is_prefetched =
        index > first && options_.prefetch != nullptr && options_.prefetch->Has(index);
    if (!owner || is_prefetched) break;
    if (index >= limits.new_nodes_end && !open.contains(*owner)) break;
    auto [unit, fresh] = open.try_emplace(*owner);
    if (fresh || unit->second.slots == plan.slots_per_unit) {
      unit->second = {.index = units.size()};
      units.push_back({.kind = plan.kind, .endpoint = *owner, .keys_max = plan.keys_max});
    }
    KeysUnit& chosen = units[unit->second.index];
    if (plan.kind != KeysUnit::Kind::kScan || chosen.slots.empty()) chosen.slots.push_back(slot);
    ++unit->second.slots;
    *requested_end = index + 1;
  }
  return units;
}

}  // namespace atestore::inline v0
