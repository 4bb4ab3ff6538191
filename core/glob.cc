#include "core/glob.h"

#include <utility>

namespace atestore::inline v0 {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr std::string_view kSpecial = "*?[\\";

// A pattern element that consumes one character of the text.
struct OneCharacter {
  bool matches;
  size_t pattern_length;
};

// `pattern` begins after the '['.
OneCharacter MatchSet(std::string_view pattern, char c) {
  size_t at = 0;
  bool negated = !pattern.empty() && pattern[0] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      found = found || pattern[at + 1] == c;
      at += 2;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      // As on the server: the bounds may come in either order, and compare as signed characters.
      auto low = static_cast<signed char>(pattern[at]);
      auto high = static_cast<signed char>(pattern[at + 2]);
      if (low > high) std::swap(low, high);
      auto byte = static_cast<signed char>(c);
      found = found || (low <= byte && byte <= high);
      at += 3;
    } else {
      found = found || pattern[at] == c;
      ++at;
    }
  }
  size_t closing = at < pattern.size() ? 1 : 0;
  return {.matches = found != negated, .pattern_length = at + closing};
}

OneCharacter MatchOne(std::string_view pattern, char c) {
  switch (pattern[0]) {
    case '?':
      return {.matches = true, .pattern_length = 1};
    case '[': {
      OneCharacter set = MatchSet(pattern.substr(1), c);
      return {.matches = set.matches, .pattern_length = set.pattern_length + 1};
    }
    case '\\':
      if (pattern.size() > 1) return {.matches = pattern[1] == c, .pattern_length = 2};
      break;
    default:
      break;
  }
  return {.matches = pattern[0] == c, .pattern_length = 1};
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text) {
  size_t at = 0;        // in the pattern
  size_t position = 0;  // in the text
  // After a mismatch, the last '*' takes one more character. Earlier stars need not be retried: the
  // last one can take everything that they could.
  size_t star = kNone;
  size_t star_position = 0;
  while (position < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_position = position;
      continue;
    }
    if (at < pattern.size()) {
      OneCharacter one = MatchOne(pattern.substr(at), text[position]);
      if (one.matches) {
        at += one.pattern_length;
        ++position;
        continue;
      }
    }
    if (star == kNone) return false;
    at = star;
    position = ++star_position;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

std::string GlobOfPrefix(std::string_view prefix) {
  std::string pattern;
  for (char c : prefix) {
    if (kSpecial.find(c) != kNone || c == ']') pattern.push_back('\\');
    pattern.push_back(c);
  }
  pattern.push_back('*');
  return pattern;
}

GlobParts SplitGlob(std::string_view pattern) {
  GlobParts parts;
  size_t at = 0;
  while (at < pattern.size()) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
    } else if (kSpecial.find(pattern[at]) != kNone) {
      break;
    }
    parts.prefix.push_back(pattern[at++]);
  }
  parts.rest = pattern.substr(at);
  return parts;
}

std::optional<Slot> PinnedSlot(std::string_view pattern) {
  size_t special = pattern.find_first_of(kSpecial);
  if (special == kNone) return KeySlot(pattern);
  size_t open = pattern.find('{');
  size_t close = open == kNone ? kNone : pattern.find('}', open + 1);
  if (close == kNone || close > special || close == open + 1) return std::nullopt;
  return KeySlot(pattern.substr(0, close + 1));
}

}  // namespace atestore::inline v0
