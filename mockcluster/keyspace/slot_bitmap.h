#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "core/slot.h"

namespace mockcluster::inline v0 {

// A set of slots that finds its next member fast. A value.
class SlotBitmap {
 public:
  bool Has(atestore::Slot slot) const { return words_[slot / 64] >> (slot % 64) & 1; }

  void Set(atestore::Slot slot, bool member) {
    uint64_t bit = uint64_t{1} << (slot % 64);
    words_[slot / 64] = member ? words_[slot / 64] | bit : words_[slot / 64] & ~bit;
  }

  // The smallest member ≥ `first`; `first` may be kSlotCount.
  std::optional<atestore::Slot> NextFrom(size_t first) const {
    if (first >= atestore::kSlotCount) return std::nullopt;
    size_t index = first / 64;
    uint64_t word = words_[index] >> (first % 64) << (first % 64);
    while (word == 0) {
      if (++index == words_.size()) return std::nullopt;
      word = words_[index];
    }
    return static_cast<atestore::Slot>(index * 64 + std::countr_zero(word));
  }

 private:
  std::array<uint64_t, atestore::kSlotCount / 64> words_{};
};

}  // namespace mockcluster::inline v0
