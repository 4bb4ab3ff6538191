#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace atestore::cli {

// `text` for a terminal: control characters, bidirectional overrides and bytes that are not UTF-8
// are written out as escapes ("\x1b", "\u202e"), so that data can neither move the cursor nor
// break a line. Everything else is unchanged.
std::string Printable(std::string_view text);

// How many columns a terminal needs for `text`, which is printable UTF-8: wide characters take
// two, combining ones none. Needs a UTF-8 locale (setlocale).
size_t DisplayWidth(std::string_view text);

}  // namespace atestore::cli
