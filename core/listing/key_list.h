#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/slot.h"

namespace atestore::inline v0 {

// The most memory that a list may take, in bytes: thousands of times what a normal round of keys
// needs, so only a faulty or malicious server reaches it.
inline constexpr size_t kKeyListBytesMax = size_t{256} << 20;

// Keys whose records are about to go onto a page. Sort() puts them in listing order: by slot, hash,
// tie. All key texts share one allocation.
class KeyList {
 public:
  explicit KeyList(size_t bytes_max = kKeyListBytesMax) : bytes_max_(bytes_max) {}

  struct Key {
    Slot slot;
    uint16_t node;  // the node that holds the key, an index into the reader's list of nodes
    uint64_t hash;
    std::string_view text;  // valid until the next Add()
  };

  // Counts keys that are wanted but too long to be kept (kListedKeyBytesMax).
  void CountLong(size_t count = 1) { long_keys_ += count; }
  size_t long_keys() const { return long_keys_; }

  // Adds a key. Beyond `bytes_max` it drops the key, and overflowed() stays true.
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

}  // namespace atestore::inline v0
