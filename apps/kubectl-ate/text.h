#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/utf8.h"

namespace atestore::cli {

// Makes data safe for a terminal: core/utf8.h says what is escaped. Fast for text that needs no
// escapes and has one column per byte, as most data does.
std::string Printable(std::string_view text);

// The number of terminal columns of `text`, which must be printable UTF-8: wide characters take
// two, combining ones none. Needs a UTF-8 locale (setlocale).
size_t DisplayWidth(std::string_view text);

}  // namespace atestore::cli
