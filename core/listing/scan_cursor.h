#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/slot.h"

namespace atestore::inline v0 {

// The SCAN cursor of servers with per-slot tables: (position in the slot's table) · 2¹⁴ + slot. A
// bare slot number means "begin at that slot". The servers do not document the format: see
// addDictIndexToCursor() in kvstore.c of Valkey ≥ 8.0 and Redis ≥ 7.4. Readers therefore check
// every reply against it.
inline Slot SlotOfCursor(uint64_t cursor) { return static_cast<Slot>(cursor % kSlotCount); }

// Parses a cursor as the server writes it: an unsigned decimal number. nullopt: it is not one.
std::optional<uint64_t> ParseScanCursor(std::string_view text);

}  // namespace atestore::inline v0
