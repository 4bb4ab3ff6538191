#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/slot.h"

namespace atestore {

// Whether the whole of `text` matches the glob `pattern` as a server compares them for KEYS and
// SCAN MATCH: * ? [abc] [^abc] [a-z] and \ as escape, byte by byte; an unclosed [ ends with the
// pattern. Time is O(pattern × text); no recursion.
bool GlobMatch(std::string_view pattern, std::string_view text);

// The pattern of everything that begins with `prefix`, whatever bytes it has.
std::string GlobOfPrefix(std::string_view prefix);

// A pattern as the text that everything it matches begins with, and the pattern of what follows.
struct GlobParts {
  std::string prefix;
  std::string_view rest;  // of the pattern that was split
};
GlobParts SplitGlob(std::string_view pattern);

// The slot that every key matching `pattern` must belong to, when the pattern alone pins it: a text
// without special characters, or a complete non-empty hash tag ahead of the first one. Servers with
// per-slot tables scan only that slot.
std::optional<Slot> PinnedSlot(std::string_view pattern);

}  // namespace atestore
