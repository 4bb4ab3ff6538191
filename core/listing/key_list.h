#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/slot.h"

namespace atestore {

// The most memory that a list may take: thousands of times what an honest round of keys needs, so
// only a server that lies gets there.
inline constexpr size_t kKeyListBytesMax = size_t{256} << 20;

// Keys of records in flight to a page, in listing order after Sort(): by slot, hash, tie. One
// allocation for all of them.
class KeyList {
 public:
  explicit KeyList(size_t bytes_max = kKeyListBytesMax) : bytes_max_(bytes_max) {}

  struct Key {
    Slot slot;
    uint16_t node;  // index of the node that holds it, as the reader counts nodes
    uint64_t hash;
    std::string_view text;  // valid until the next Add()
  };

  // A key that is wanted, and too long to be kept (kListedKeyBytesMax).
  void CountLong(size_t count = 1) { long_keys_ += count; }
  size_t long_keys() const { return long_keys_; }

  // Over the limit the key is not kept, and the list is overflowed() for ever.
  void Add(Slot slot, uint16_t node, uint64_t hash, std::string_view text);
  bool overflowed() const { return overflowed_; }
  // Orders the keys and drops repeated ones.
  void Sort();

  size_t size() const { return entries_.size(); }
  Key operator[](size_t index) const { return KeyOf(entries_[index]); }
  // Keeps the first `count` keys.
  void Truncate(size_t count) { entries_.resize(count); }

 private:
  struct Entry {
    uint64_t hash;
    uint32_t offset;
    uint32_t length;
    Slot slot;
    uint16_t node;
  };

  Key KeyOf(const Entry& entry) const {
    return {entry.slot, entry.node, entry.hash, TextOf(entry)};
  }
  std::string_view TextOf(const Entry& entry) const {
    return std::string_view(text_).substr(entry.offset, entry.length);
  }
  bool Precedes(const Entry& a, const Entry& b) const;

  size_t bytes_max_;
  bool overflowed_ = false;
  size_t long_keys_ = 0;
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace atestore
