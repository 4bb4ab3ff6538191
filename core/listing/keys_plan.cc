#include "core/listing/keys_plan.h"

#include <algorithm>
#include <cmath>

namespace atestore {
namespace {

// As much longer a segment may be, where that spares the page another one.
constexpr double kLastSegment = 1.5;
// How far the keys in some slots may stay below their expected number, in standard deviations,
// which are its root: keys lie in slots at random.
constexpr double kDeviations = 3;
// The slots of one call may hold so much more than is expected.
constexpr double kReserve = 1.15;
// From here on slots are listed one by one where they could be scanned (docs/performance.md).
constexpr double kDenseRatio = 0.5;
constexpr double kDenseKeysPerSlot = 4;

// In how many slots the keys of the next segment are likely to be.
double SlotsOfSegment(const KeysWanted& wanted, double wanted_per_slot) {
  const double keys = static_cast<double>(wanted.keys);
  const double segment = static_cast<double>(wanted.segment_keys);
  const double done = wanted.begins_in_slot ? 0.5 : 0;
  if (keys > segment * kLastSegment) return std::round(segment / wanted_per_slot + done);
  return std::ceil((keys + kDeviations * std::sqrt(keys)) / wanted_per_slot + done);
}

}  // namespace

WalkHints WalkHints::Clamped() const {
  constexpr double kMost = 1e12;
  return {.keys_per_slot = std::clamp(keys_per_slot, 1.0 / kSlotCount, kMost),
          .wanted_ratio = std::clamp(wanted_ratio, 1e-6, 1.0),
          .record_bytes = std::clamp(record_bytes, 1.0, kMost),
          .value_bytes = std::clamp(value_bytes, 1.0, kMost)};
}

KeysPlan KeysPlan::For(const KeysWanted& wanted, const WalkHints& hints,
                       const KeysReading& reading) {
  const double keys_per_slot = hints.keys_per_slot;
  const double slots = std::min(SlotsOfSegment(wanted, hints.wanted_per_slot()),
                                static_cast<double>(kRoundKeysMax) / keys_per_slot);
  KeysPlan plan{.kind = KeysUnit::Kind::kProbedSlots,
                .slots_max = std::clamp<size_t>(static_cast<size_t>(slots), 1, kSlotCount),
                .keys_max = reading.whole_slot_keys};
  auto slots_of = [&](size_t keys, size_t most) {
    double fit = static_cast<double>(keys) / keys_per_slot / kReserve;
    return std::clamp<size_t>(static_cast<size_t>(fit), 1, most);
  };
  const size_t scan_slots = slots_of(reading.scan_count_max, kSlotCount);
  const size_t transaction_slots = slots_of(kSlotsUnitKeys, kSlotsUnitSlotsMax);
  plan.slots_per_unit = transaction_slots;
  // For a node, the keys in a slot cost less to list than to scan for; but SCAN passes over empty
  // slots, and leaves out the keys that nobody wants.
  const bool dense = hints.wanted_ratio >= kDenseRatio && keys_per_slot >= kDenseKeysPerSlot;
  if (reading.per_slot_tables && !reading.without_multi && !dense && scan_slots > 1) {
    plan.kind = KeysUnit::Kind::kScan;
    plan.slots_per_unit = scan_slots;
    // COUNT follows the density, not what is left of the page: a sparse listing asks for all.
    double keys = static_cast<double>(std::min(plan.slots_per_unit, plan.slots_max)) *
                      keys_per_slot * kReserve +
                  10;
    plan.keys_max = std::min(static_cast<size_t>(keys), reading.scan_count_max);
  } else if (transaction_slots >= (dense ? kSlotsUnitSlotsMin : 2)) {
    plan.kind = KeysUnit::Kind::kSlots;
    // A slot far above the average is read alone, so that no transaction becomes long.
    plan.keys_max = std::min(static_cast<size_t>(8 * keys_per_slot) + 32, reading.whole_slot_keys);
  }
  return plan;
}

}  // namespace atestore
