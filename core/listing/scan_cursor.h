#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/slot.h"

namespace atestore {

// The SCAN cursor of servers with per-slot tables: (position in the slot's table) · 2¹⁴ + slot; a
// bare slot number means "begin at that slot". Not documented; see addDictIndexToCursor() in
// kvstore.c of Valkey ≥ 8.0 and Redis ≥ 7.4. Every reply is checked against it.
inline Slot SlotOfCursor(uint64_t cursor) { return static_cast<Slot>(cursor % kSlotCount); }

// A cursor as the server writes it: an unsigned decimal.
std::optional<uint64_t> ParseScanCursor(std::string_view text);

}  // namespace atestore
