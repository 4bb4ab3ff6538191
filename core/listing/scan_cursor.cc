#include "core/listing/scan_cursor.h"

#include <charconv>

namespace atestore::inline v0 {

std::optional<uint64_t> ParseScanCursor(std::string_view text) {
  uint64_t cursor = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return cursor;
}

}  // namespace atestore::inline v0
