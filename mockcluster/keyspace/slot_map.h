#pragma once

#include <array>
#include <memory>

#include "core/slot.h"

namespace mockcluster::inline v0 {

// A value for each slot, default-constructed at first. Most nodes have keys in few slots, and nodes
// come and go by thousands in a test: memory is taken for neighbourhoods of slots in use. A
// resource.
template <typename Value>
class SlotMap {
 public:
  // Null: nothing near was ever used, so the value is a default-constructed one.
  const Value* Find(atestore::Slot slot) const {
    const auto& page = pages_[slot / kPageSlots];
    return page ? &(*page)[slot % kPageSlots] : nullptr;
  }
  Value* Find(atestore::Slot slot) {
    auto& page = pages_[slot / kPageSlots];
    return page ? &(*page)[slot % kPageSlots] : nullptr;
  }
  Value& operator[](atestore::Slot slot) {
    auto& page = pages_[slot / kPageSlots];
    if (!page) page = std::make_unique<Page>();
    return (*page)[slot % kPageSlots];
  }
  void Clear() { pages_ = {}; }

 private:
  static constexpr size_t kPageSlots = 64;
  using Page = std::array<Value, kPageSlots>;

  std::array<std::unique_ptr<Page>, atestore::kSlotCount / kPageSlots> pages_;
};

}  // namespace mockcluster::inline v0
