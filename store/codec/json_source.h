#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

// Reading JSON with simdjson On-Demand so strictly that nothing is accepted which protobuf refuses.
// Only for the decoders of this folder.
namespace atestore::inline v0::json {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

// The text under a parse, and how to take strings out of it. simdjson has proven that it is UTF-8,
// that its strings end and hold no control characters; On-Demand checks the rest as it goes.
class Source {
 public:
  explicit Source(std::string_view json)
      : end_(json.data() + json.size()), escapes_(json.find('\\') != std::string_view::npos) {}

  // The string that `item` is; false when it is something else. Views the text, or the parser's
  // memory when there are escapes.
  bool AsString(value& item, std::string_view* text) const;

  // The name of a member; false when it is malformed.
  bool KeyOf(simdjson::ondemand::field& member, std::string_view* key) const;

 private:
  const char* end_;
  bool escapes_;
};

// Inline: these two are called for every member, and the parse is as quick as they are.
inline bool Source::AsString(value& item, std::string_view* text) const {
  if (escapes_) return item.get_string().get(*text) == simdjson::SUCCESS;
  // Reaches to the next structural character, so it ends in the quote and perhaps white space.
  std::string_view token = item.raw_json_token();
  simdjson::ondemand::raw_json_string raw;
  if (item.get_raw_json_string().get(raw) != simdjson::SUCCESS) return false;
  while (token.back() != '"') token.remove_suffix(1);
  *text = token.substr(1, token.size() - 2);
  return true;
}

inline bool Source::KeyOf(simdjson::ondemand::field& member, std::string_view* key) const {
  if (escapes_) return member.unescaped_key().get(*key) == simdjson::SUCCESS;
  const char* start = member.key().raw();
  const void* quote = std::memchr(start, '"', static_cast<size_t>(end_ - start));
  if (quote == nullptr) return false;
  *key = {start, static_cast<size_t>(static_cast<const char*>(quote) - start)};
  return true;
}

// int64 as a JSON number, or as the shortest decimal in a string, as every writer has it. False:
// something else, perhaps still a number to protobuf.
inline bool AsInt64(const Source& source, value& item, int64_t* number) {
  std::string_view text;
  if (!source.AsString(item, &text)) return item.get_int64().get(*number) == simdjson::SUCCESS;
  constexpr size_t kSafeDigits = 18;  // always below 2⁶³
  if (text.empty() || text.size() > kSafeDigits || text.front() < '1') return false;
  int64_t sum = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return false;
    sum = sum * 10 + (digit - '0');
  }
  *number = sum;
  return true;
}

// Passes over the value of an unknown field. On-Demand would skip it unread, but protobuf refuses
// it unless it is valid. False: not certain.
bool SkimUnknown(const Source& source, value& item, size_t depth_left);

// Calls `visit(key, value)`, which tells whether to go on, for every member of the object that
// `item` is. False when it is none, is malformed or has a member without a name (which protobuf
// takes for an error, not for an unknown field), or when `visit` said so.
template <typename Visit>
bool ForEachMember(const Source& source, object& members, Visit visit) {
  for (auto result : members) {
    simdjson::ondemand::field member;
    std::string_view key;
    if (std::move(result).get(member) != simdjson::SUCCESS) return false;
    if (!source.KeyOf(member, &key) || key.empty()) return false;
    if (!visit(key, member.value())) return false;
  }
  return true;
}

template <typename Visit>
bool ForEachMember(const Source& source, value& item, Visit visit) {
  object members;
  return item.get_object().get(members) == simdjson::SUCCESS &&
         ForEachMember(source, members, visit);
}

template <typename Visit>
bool ForEachElement(value& item, Visit visit) {
  simdjson::ondemand::array elements;
  if (item.get_array().get(elements) != simdjson::SUCCESS) return false;
  for (auto result : elements) {
    value element;
    if (std::move(result).get(element) != simdjson::SUCCESS || !visit(element)) return false;
  }
  return true;
}

}  // namespace atestore::inline v0::json
