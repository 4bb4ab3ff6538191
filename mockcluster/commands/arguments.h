#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/slot.h"

namespace mockcluster::inline v0 {

// `text` in any case, and `upper` in capitals.
bool EqualsIgnoringCase(std::string_view text, std::string_view upper);
// True when `text` equals `upper`, which is in capitals, ignoring case.
inline bool IsWord(std::string_view text, std::string_view upper) {
  // For each command: letters are looked at only where the lengths are equal.
  return text.size() == upper.size() && EqualsIgnoringCase(text, upper);
}

// A signed 64-bit decimal exactly as the server prints it (string2ll): no '+', no leading zeros.
std::optional<int64_t> ParseInteger(std::string_view text);

// A slot number. nullopt when `text` is not a number or is out of range.
std::optional<atestore::Slot> ParseSlot(std::string_view text);

// SCAN's cursor, parsed as strtoul does if `lenient` (Redis 7.0 accepts "-1", "", "007"), otherwise
// as string2ull does (no negative numbers, not empty). Both stop at a NUL.
std::optional<uint64_t> ParseCursor(std::string_view text, bool lenient);

}  // namespace mockcluster::inline v0
