#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/slot.h"

namespace atestore {

// The most memory that a list may take: thousands of times what an honest round of names needs, so
// only a server that lies gets there.
inline constexpr size_t kNameListBytesMax = size_t{256} << 20;

// Names of records in flight to a page, in listing order after Sort(): by slot, hash, tie. One
// allocation for all of them.
class NameList {
 public:
  explicit NameList(size_t bytes_max = kNameListBytesMax) : bytes_max_(bytes_max) {}

  struct Name {
    Slot slot;
    uint16_t node;  // index of the node that holds it, as the reader counts nodes
    uint64_t hash;
    std::string_view text;  // valid until the next Add()
  };

  // A name that is wanted, and too long to be kept (kNameBytesMax).
  void CountLong(size_t count = 1) { long_names_ += count; }
  size_t long_names() const { return long_names_; }

  // Over the limit the name is not kept, and the list is overflowed() for ever.
  void Add(Slot slot, uint16_t node, uint64_t hash, std::string_view text);
  bool overflowed() const { return overflowed_; }
  // Orders the names and drops repeated ones.
  void Sort();

  size_t size() const { return entries_.size(); }
  Name operator[](size_t index) const { return NameOf(entries_[index]); }
  // Keeps the first `count` names.
  void Truncate(size_t count) { entries_.resize(count); }

 private:
  struct Entry {
    uint64_t hash;
    uint32_t offset;
    uint32_t length;
    Slot slot;
    uint16_t node;
  };

  Name NameOf(const Entry& entry) const {
    return {entry.slot, entry.node, entry.hash, TextOf(entry)};
  }
  std::string_view TextOf(const Entry& entry) const {
    return std::string_view(text_).substr(entry.offset, entry.length);
  }
  bool Precedes(const Entry& a, const Entry& b) const;

  size_t bytes_max_;
  bool overflowed_ = false;
  size_t long_names_ = 0;
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace atestore
