#include <array>
#include <cstdint>

#include "store/codec/actor_json.h"

namespace atestore::inline v0 {
namespace {

// Bytes that stand for themselves in protobuf's JSON.
constexpr std::array<bool, 256> PlainBytes() {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x7f; ++byte) plain[byte] = true;
  for (const char special : {'"', '\\', '<', '>'}) plain[static_cast<size_t>(special)] = false;
  return plain;
}
constexpr std::array<bool, 256> kPlain = PlainBytes();

struct Range {
  uint32_t first;
  uint32_t last;
};
// What protobuf 3.21 escapes beyond ASCII: controls and what changes how text looks. The test
// compares every code point.
constexpr std::array<Range, 15> kEscaped{{{0x80, 0x9f},
                                          {0xad, 0xad},
                                          {0x600, 0x603},
                                          {0x6dd, 0x6dd},
                                          {0x70f, 0x70f},
                                          {0x17b4, 0x17b5},
                                          {0x200b, 0x200f},
                                          {0x2028, 0x202e},
                                          {0x2060, 0x2064},
                                          {0x206a, 0x206f},
                                          {0xfeff, 0xfeff},
                                          {0xfff9, 0xfffb},
                                          {0x1d173, 0x1d17a},
                                          {0xe0001, 0xe0001},
                                          {0xe0020, 0xe007f}}};

bool IsEscaped(uint32_t code) {
  for (const Range& range : kEscaped) {
    if (code <= range.last) return code >= range.first;
  }
  return false;
}

void AppendUnit(uint32_t unit, std::string* json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char text[] = {'\\',
                       'u',
                       kDigits[unit >> 12 & 0xf],
                       kDigits[unit >> 8 & 0xf],
                       kDigits[unit >> 4 & 0xf],
                       kDigits[unit & 0xf]};
  json->append(text, sizeof text);
}

void AppendEscape(uint32_t code, std::string* json) {
  if (code >= 0x10000) {
    AppendUnit(0xd800 + ((code - 0x10000) >> 10), json);
    AppendUnit(0xdc00 + (code & 0x3ff), json);
    return;
  }
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";
  for (size_t i = 0; i < kShort.size(); i += 2) {
    if (code == static_cast<unsigned char>(kShort[i])) {
      json->push_back('\\');
      json->push_back(kShort[i + 1]);
      return;
    }
  }
  AppendUnit(code, json);
}

struct CodePoint {
  uint32_t value;
  size_t length;  // 0: the text does not begin with UTF-8
};

CodePoint FirstCodePoint(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size()) return {0, 0};
  uint32_t value = lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < kSmallest[length] || value > 0x10ffff || surrogate) return {0, 0};
  return {value, length};
}

// From the first byte on that does not stand for itself.
bool AppendSlowly(std::string_view text, std::string* json) {
  while (!text.empty()) {
    const CodePoint code = FirstCodePoint(text);
    if (code.length == 0) return false;
    const bool plain = code.value < 0x80 ? kPlain[code.value] : !IsEscaped(code.value);
    if (plain) {
      json->append(text.substr(0, code.length));
    } else {
      AppendEscape(code.value, json);
    }
    text.remove_prefix(code.length);
  }
  return true;
}

}  // namespace

bool AppendJsonString(std::string_view text, std::string* json) {
  const size_t begin = json->size();
  json->push_back('"');
  size_t plain = 0;
  while (plain < text.size() && kPlain[static_cast<unsigned char>(text[plain])]) ++plain;
  json->append(text.substr(0, plain));
  if (plain < text.size() && !AppendSlowly(text.substr(plain), json)) {
    json->resize(begin);
    return false;
  }
  json->push_back('"');
  return true;
}

}  // namespace atestore::inline v0
