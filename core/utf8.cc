#include "core/utf8.h"

#include <cstring>

#include "absl/strings/str_format.h"

namespace atestore::inline v0 {
namespace {

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

// How many bytes `text` begins with that are ASCII; looks at eight at a time, as most text is.
size_t AsciiPrefix(std::string_view text) {
  size_t length = 0;
  for (uint64_t bytes; text.size() - length >= sizeof bytes; length += sizeof bytes) {
    std::memcpy(&bytes, text.data() + length, sizeof bytes);
    if ((bytes & 0x8080808080808080U) != 0) break;
  }
  while (length < text.size() && static_cast<unsigned char>(text[length]) < 0x80) ++length;
  return length;
}

}  // namespace

bool IsPrintable(uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool line_separator = c == 0x2028 || c == 0x2029;
  const bool bidirectional = c == 0x061c || c == 0x200e || c == 0x200f ||
                             (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return !control && !line_separator && !bidirectional;
}

CodePoint FirstCodePoint(std::string_view text) {
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = SequenceLength(lead);
  if (length == 0 || length > text.size()) return {};
  uint32_t value = length == 1 ? lead : lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return {};
    value = value << 6 | (byte & 0x3f);
  }
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < kSmallest[length] || value > 0x10ffff || surrogate) return {};
  return {value, length};
}

bool IsUtf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiPrefix(text));
    if (text.empty()) return true;
    const CodePoint point = FirstCodePoint(text);
    if (point.length == 0) return false;
    text.remove_prefix(point.length);
  }
}

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    const size_t length = point.length == 0 ? 1 : point.length;
    if (point.length == 0 || (point.value < 0x100 && !IsPrintable(point.value))) {
      absl::StrAppendFormat(&printable, "\\x%02x",
                            point.length == 0 ? static_cast<unsigned char>(text[0]) : point.value);
    } else if (!IsPrintable(point.value)) {
      absl::StrAppendFormat(&printable, "\\u%04x", point.value);
    } else {
      printable.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return printable;
}

}  // namespace atestore::inline v0
