#include "core/listing/key_list.h"

#include <algorithm>

#include "core/position.h"

namespace atestore::inline v0 {

void KeyList::Add(Slot slot, uint16_t node, uint64_t hash, std::string_view text) {
  size_t bytes = text_.size() + text.size() + (entries_.size() + 1) * sizeof(Entry);
  if (overflowed_ || bytes > bytes_max_) {
    overflowed_ = true;
    return;
  }
  entries_.push_back({.hash = hash,
                      .offset = static_cast<uint32_t>(text_.size()),
                      .length = static_cast<uint32_t>(text.size()),
                      .slot = slot,
                      .node = node});
  text_.append(text);
}

void KeyList::Sort() {
  std::sort(entries_.begin(), entries_.end(),
            [this](const Entry& a, const Entry& b) { return Precedes(a, b); });
  auto same = [this](const Entry& a, const Entry& b) {
    return a.slot == b.slot && a.hash == b.hash && TextOf(a) == TextOf(b);
  };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
}

bool KeyList::Precedes(const Entry& a, const Entry& b) const {
  if (a.slot != b.slot) return a.slot < b.slot;
  if (a.hash != b.hash) return a.hash < b.hash;
  if (TextOf(a) == TextOf(b)) return false;
  return BreakTie(TextOf(a)) < BreakTie(TextOf(b));
}

}  // namespace atestore::inline v0
