#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/slot.h"

namespace atestore::inline v0 {

// True if the whole of `text` matches the glob `pattern`, by the rules of KEYS and SCAN MATCH:
// * ? [abc] [^abc] [a-z] and \ as escape, byte by byte; an unclosed [ ends with the pattern. Time
// is O(pattern × text); no recursion.
bool GlobMatch(std::string_view pattern, std::string_view text);

// The pattern that matches every text beginning with `prefix`, which may hold any bytes. Part of
// the public API: store/key_listing.h declares it too.
std::string GlobOfPrefix(std::string_view prefix);

// A pattern, split into the literal prefix of everything that it matches and the pattern of the
// rest.
struct GlobParts {
  std::string prefix;
  std::string_view rest;  // a view into the original pattern
};
GlobParts SplitGlob(std::string_view pattern);

// The slot of every key that matches `pattern`, if the pattern determines it: it has no special
// characters, or a complete non-empty hash tag before the first one. Servers with per-slot tables
// scan only that slot.
std::optional<Slot> PinnedSlot(std::string_view pattern);

}  // namespace atestore::inline v0
