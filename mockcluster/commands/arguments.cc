#include "mockcluster/commands/arguments.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string>

namespace mockcluster::inline v0 {

bool EqualsIgnoringCase(std::string_view text, std::string_view upper) {
  return text.size() == upper.size() &&
         std::equal(text.begin(), text.end(), upper.begin(), [](char given, char capital) {
           return (given >= 'a' && given <= 'z' ? static_cast<char>(given - 32) : given) == capital;
         });
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits.front() == '-') digits.remove_prefix(1);
  if (digits.empty()) return std::nullopt;
  if (digits.front() == '0' && text != "0") return std::nullopt;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<atestore::Slot> ParseSlot(std::string_view text) {
  std::optional<int64_t> value = ParseInteger(text);
  if (!value || *value < 0 || *value >= static_cast<int64_t>(atestore::kSlotCount)) {
    return std::nullopt;
  }
  return static_cast<atestore::Slot>(*value);
}

std::optional<uint64_t> ParseCursor(std::string_view text, bool lenient) {
  const std::string terminated(text.substr(0, text.find('\0')));
  const char* begin = terminated.c_str();
  if (lenient && std::isspace(static_cast<unsigned char>(*begin))) return std::nullopt;
  if (!lenient && terminated.empty()) return std::nullopt;
  if (!lenient && ParseInteger(terminated).value_or(0) < 0) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  uint64_t value = std::strtoull(begin, &end, 10);
  if (errno == ERANGE || *end != '\0') return std::nullopt;
  return value;
}

}  // namespace mockcluster::inline v0
