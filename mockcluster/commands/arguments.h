#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/slot.h"

namespace mockcluster {

// True when `text` is `upper` (given in capitals) in any case.
bool IsWord(std::string_view text, std::string_view upper);

// A signed 64-bit decimal exactly as the server prints it (string2ll): no '+', no leading zeros.
std::optional<int64_t> ParseInteger(std::string_view text);

// A slot number; nullopt when it is none or out of range.
std::optional<atestore::Slot> ParseSlot(std::string_view text);

// SCAN's cursor. `lenient`: as strtoul reads it (Redis 7.0: "-1", "", "007"), otherwise as
// string2ull does (no negative, not empty). Neither looks past a NUL.
std::optional<uint64_t> ParseCursor(std::string_view text, bool lenient);

}  // namespace mockcluster
