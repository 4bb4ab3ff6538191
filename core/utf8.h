#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace atestore::inline v0 {

// Turns untrusted bytes into text: names of keys, error texts of servers, log lines.

struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;  // in bytes; 0: the text does not begin with valid UTF-8
};

// The first code point of `text`, which is not empty. Refuses overlong forms and surrogates.
CodePoint FirstCodePoint(std::string_view text);

// True if all of `text` is UTF-8, as a `string` field of protobuf must be.
bool IsUtf8(std::string_view text);

// False for control characters (C0, DEL, C1), line and paragraph separators and bidirectional
// controls. All of these are below 0x10000.
bool IsPrintable(uint32_t code_point);

// `text` as valid UTF-8 that is safe to show on a terminal or in a log: what is not IsPrintable(),
// and bytes that are not UTF-8, become escapes ("\x1b", "\u202e"). Everything else is unchanged.
std::string Printable(std::string_view text);

}  // namespace atestore::inline v0
