#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atestore::inline v0 {

// A page of keys, in no order; with values where they were asked for. A value; the views that it
// gives are valid as long as it is not changed or moved.
class KeyPage {
 public:
  size_t size() const { return entries_.size(); }
  std::string_view key(size_t index) const;
  // nullopt: keys alone were asked for, or the key has none to list: no_value() says why.
  std::optional<std::string_view> value(size_t index) const;
  // Why a key has no value though values were asked for.
  enum class NoValue { kNotAString, kTooLarge };
  std::optional<NoValue> no_value(size_t index) const;

  // Empty: the last page of its part of the listing.
  const std::string& next_page_token() const { return end_.next_page_token; }
  // 0 … 1: the part of the slot space that lies behind the page's end.
  double progress() const { return end_.progress; }
  // Keys over kKeyBytesMax that are not listed, counted each time that they were met: above 0, the
  // listing lacks keys.
  size_t long_keys() const { return end_.long_keys; }
  // About how much memory it takes.
  size_t bytes() const { return text_.size() + entries_.size() * sizeof(Entry); }

 private:
  friend class KeySink;
  enum class Value : uint8_t { kPresent, kNotAskedFor, kNotAString, kTooLarge };
  struct Entry {
    size_t offset;  // in text_: the key, then the value
    uint32_t key_bytes;
    uint32_t value_bytes;
    Value value;
  };
  struct End {
    std::string next_page_token = {};
    double progress = 0;
    size_t long_keys = 0;
  };

  std::string text_;
  std::vector<Entry> entries_;
  End end_;
};

}  // namespace atestore::inline v0
