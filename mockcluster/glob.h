#pragma once

#include <optional>
#include <string_view>

#include "core/slot.h"

namespace mockcluster {

// Whether the whole of `text` matches the Redis glob `pattern` (the KEYS and SCAN MATCH syntax:
// * ? [abc] [^abc] [a-z] and \ as escape), case-sensitive. An unclosed [ ends with the pattern.
// Time is O(pattern × text); no recursion.
bool GlobMatch(std::string_view pattern, std::string_view text);

// The slot that every key matching `pattern` must belong to, when the pattern alone pins it: a
// literal, or a complete non-empty hash tag ahead of the first special character. Per-slot servers
// (Redis ≥ 7.4, Valkey ≥ 8) scan only that slot.
std::optional<atestore::Slot> PinnedSlot(std::string_view pattern);

}  // namespace mockcluster
