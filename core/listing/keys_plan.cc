#include "core/listing/keys_plan.h"

#include <algorithm>
#include <cmath>

namespace atestore::inline v0 {
namespace {

// A segment may be this many times longer if that saves the page another segment.
constexpr double kLastSegment = 1.5;
// How far below its expected value the number of keys in some slots may be, in standard deviations.
// Keys are spread over slots at random, so one deviation is the square root of the expected value.
constexpr double kDeviations = 3;
// The slots of one call may hold this many times the expected number of keys.
constexpr double kReserve = 1.15;
// From this density on, GETKEYSINSLOT is cheaper than SCAN (docs/performance.md).
constexpr double kDenseRatio = 0.5;
constexpr double kDenseKeysPerSlot = 4;

// How many slots are likely to hold the keys of the next segment.
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
  // GETKEYSINSLOT costs a node less than SCAN, but SCAN skips empty slots and unwanted keys.
  const bool dense = hints.wanted_ratio >= kDenseRatio && keys_per_slot >= kDenseKeysPerSlot;
  if (reading.per_slot_tables && !reading.without_multi && !dense && scan_slots > 1) {
    plan.kind = KeysUnit::Kind::kScan;
    plan.slots_per_unit = scan_slots;
    // COUNT depends on the density, not on the room left on the page.
    double keys = static_cast<double>(std::min(plan.slots_per_unit, plan.slots_max)) *
                      keys_per_slot * kReserve +
                  10;
    plan.keys_max = std::min(static_cast<size_t>(keys), reading.scan_count_max);
  } else if (transaction_slots >= (dense ? kSlotsUnitSlotsMin : 2)) {
    plan.kind = KeysUnit::Kind::kSlots;
    // A slot far above the average is read alone, so that no transaction takes long.
    plan.keys_max = std::min(static_cast<size_t>(8 * keys_per_slot) + 32, reading.whole_slot_keys);
  }
  return plan;
}

}  // namespace atestore::inline v0
