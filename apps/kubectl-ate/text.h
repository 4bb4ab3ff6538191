#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/utf8.h"

namespace atestore::cli {

// Text of data for a terminal: core/utf8.h says what is escaped. Quick for what needs no escape and
// has one column a byte, as most data.
std::string Printable(std::string_view text);

// How many columns a terminal needs for `text`, which is printable UTF-8: wide characters take
// two, combining ones none. Needs a UTF-8 locale (setlocale).
size_t DisplayWidth(std::string_view text);

}  // namespace atestore::cli
