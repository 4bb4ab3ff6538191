#include "core/node_view.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

// Cuts the first word off `text`, words being separated by one space.
std::string_view TakeWord(std::string_view& text) {
  size_t space = text.find(' ');
  std::string_view word = text.substr(0, space);
  text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  return word;
}

std::optional<uint64_t> ReadNumber(std::string_view text) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Slot> TakeSlot(std::string_view& text) {
  Slot slot = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slot);
  if (error != std::errc() || slot >= kSlotCount) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return slot;
}

// False when a slot was named before; accepting repeats would let a short text cost a long time.
bool AddOwned(size_t first, size_t count, NodeView& view) {
  // An operation on the whole set costs about as much as this many single slots
  // (BM_ReadClusterNodes).
  constexpr size_t kFewSlots = 512;
  if (count <= kFewSlots) {
    for (size_t slot = first; slot < first + count; ++slot) {
      if (view.owned[slot]) return false;
      view.owned.set(slot);
    }
    return true;
  }
  const SlotSet range = SlotRange(first, count);
  if ((view.owned & range).any()) return false;
  view.owned |= range;
  return true;
}

// "17", "17-20", "[17->-id]" or "[17-<-id]".
bool ReadSlots(std::string_view word, NodeView& view) {
  bool mark = word.starts_with('[');
  if (mark) word.remove_prefix(1);
  std::optional<Slot> first = TakeSlot(word);
  if (!first) return false;
  if (mark) {
    if (!word.ends_with(']')) return false;
    if (word.starts_with("->-")) {
      view.migrating.set(*first);
      return true;
    }
    if (word.starts_with("-<-")) {
      view.importing.set(*first);
      return true;
    }
    return false;
  }
  std::optional<Slot> last = first;
  if (word.starts_with('-')) {
    word.remove_prefix(1);
    last = TakeSlot(word);
  }
  if (!last || !word.empty() || *last < *first) return false;
  return AddOwned(*first, *last - *first + size_t{1}, view);
}

absl::Status BadText(std::string_view what) {
  return DataLossError(absl::StrCat("CLUSTER NODES: ", ToAbsl(what)));
}

}  // namespace

bool HasNodeFlag(std::string_view flags, std::string_view wanted) {
  while (!flags.empty()) {
    size_t comma = flags.find(',');
    if (flags.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    flags.remove_prefix(comma + 1);
  }
  return false;
}

SlotSet SlotRange(size_t first, size_t count) {
  if (count == 0) return {};
  return ~SlotSet() >> (kSlotCount - count) << first;
}

absl::StatusOr<NodeView> NodeView::FromClusterNodes(std::string_view text) {
  while (!text.empty()) {
    size_t line_end = text.find('\n');
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(line_end == std::string_view::npos ? text.size() : line_end + 1);
    TakeWord(line);  // id
    TakeWord(line);  // address
    std::string_view flags = TakeWord(line);
    if (!HasNodeFlag(flags, "myself")) continue;
    // primary's id, ping sent, pong received
    for (int word = 0; word < 3; ++word) TakeWord(line);
    std::optional<uint64_t> config_epoch = ReadNumber(TakeWord(line));
    if (!config_epoch) return BadText("unreadable config epoch of the own line");
    TakeWord(line);  // link state
    NodeView view{.primary = HasNodeFlag(flags, "master"), .config_epoch = *config_epoch};
    while (!line.empty()) {
      if (!ReadSlots(TakeWord(line), view)) return BadText("unreadable slots of the own line");
    }
    return view;
  }
  return BadText("no `myself` line");
}

}  // namespace atestore::inline v0
