#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/key_filter.h"
#include "core/listing/bracketed_slots.h"
#include "core/listing/key_list.h"
#include "core/listing/step.h"
#include "core/node_view.h"
#include "core/position.h"

namespace atestore::inline v0 {

// A key longer than this, in bytes, cannot belong to a record. It is counted, but not listed.
inline constexpr size_t kListedKeyBytesMax = size_t{64} << 10;

// What to read from one node in one request: a PrimaryCheck, then one or more transactions. Each
// transaction begins with a probe: EXISTS of a key in its first slot, which fails unless the node
// owns that slot and is not migrating it.
struct KeysUnit {
  enum class Kind {
    kScan,         // one SCAN from the first slot on, guarded by the node's own view and version
    kSlots,        // one transaction with GETKEYSINSLOT for each slot, guarded by the node's view
    kProbedSlots,  // one transaction with GETKEYSINSLOT per slot, guarded by the probe alone
  };
  Kind kind = Kind::kProbedSlots;
  Endpoint endpoint;
  std::vector<Slot> slots;  // ascending; kScan: the first one only
  size_t keys_max = 0;      // kScan: COUNT; else: a slot with more keys is oversize, not covered
};

// Reads the keys of many slots, each at one atomic instant on its stable owner.
class KeysBatch final : public ListingStep {
 public:
  struct Options {
    const KeyFilter* filter = nullptr;  // must outlive the step
    KeyHash hash = HashKey;
    // Only the keys of `first_slot` after this mark are taken.
    Slot first_slot = 0;
    std::optional<KeyMark> after;
    int probe_variant = 0;
    // Read the units with BracketedSlots. No unit may be kScan.
    bool without_multi = false;
    size_t keys_bytes_max = kKeyListBytesMax;
  };

  KeysBatch(Options options, std::vector<KeysUnit> units);

  std::vector<ShardRequest> NextRound() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  // The slots whose keys were all read.
  const SlotSet& covered() const { return covered_; }
  // The keys in covered slots that the filter wants; `node` is the index of the unit. Not sorted.
  KeyList& keys() { return keys_; }
  const std::vector<KeysUnit>& units() const { return units_; }
  // Slots that hold more keys than their unit's keys_max.
  const SlotSet& oversize() const { return oversize_; }
  // The first error that kept `unit` from covering its slots.
  const std::optional<ReadError>& error(size_t unit) const { return states_[unit].error; }
  // The probe's key exists: retry with another probe_variant.
  bool probe_taken() const { return probe_taken_; }
  // A server without per-slot tables answered a SCAN, or the keys were not in slot order: do not
  // use kScan on this cluster.
  bool layout_violated() const { return layout_violated_; }

  // How many keys of any kind were seen, in how many slots, and how many the filter wanted.
  struct Density {
    double keys = 0;
    double slots = 0;
    double wanted = 0;
  };
  const Density& density() const { return density_; }

 private:
  struct State {
    bool checked = false;                          // PrimaryCheck has passed
    std::vector<TransactionReplies> transactions;  // unless without_multi
    std::optional<BracketedSlots> bracket;         // if without_multi
    std::optional<ReadError> error;                // the first
  };

  ShardRequest RequestFor(const KeysUnit& unit) const;
  void TakeBracketReply(size_t unit, size_t command, const ReplyView& reply);
  void TakeTransaction(size_t unit, size_t transaction, const ReplyView& results);
  void TakeSlots(size_t unit, const NodeView& view, const ReplyView& results);
  void TakeSlot(size_t unit, Slot slot, const ReplyView& keys);
  void TakeScan(size_t unit, const NodeView& view, const ReplyView& reply);
  void TakeScanned(size_t unit, const NodeView& view, size_t end, bool at_end,
                   const ReplyView& keys);
  void TakeKey(Slot slot, size_t unit, std::string_view text);
  void CheckRoom(size_t unit);
  void NoteError(size_t unit, ReadError error);
  void NoteError(size_t unit, std::string_view what);

  const Options options_;
  const std::vector<KeysUnit> units_;
  std::vector<State> states_;
  bool sent_ = false;
  SlotSet covered_;
  SlotSet oversize_;
  KeyList keys_;
  bool probe_taken_ = false;
  bool layout_violated_ = false;
  Density density_;
};

// Calls `visit` for each key in a reply that lists keys. Returns false when the parser dropped a
// key for lack of room, so that the reply is incomplete. Keys over kListedKeyBytesMax go to
// `visit_long` instead: nullopt for a key so long that the parser dropped it.
template <typename Visitor, typename LongVisitor>
bool VisitKeys(const ReplyView& keys, Visitor visit, LongVisitor visit_long) {
  for (ReplyView key : keys) {
    if (key.type() == RespType::kDropped) {
      if (static_cast<size_t>(key.integer()) <= kListedKeyBytesMax) return false;
      visit_long(std::optional<std::string_view>());
    } else if (key.text().size() <= kListedKeyBytesMax) {
      visit(key.text());
    } else {
      visit_long(std::optional(key.text()));
    }
  }
  return true;
}
template <typename Visitor>
bool VisitKeys(const ReplyView& keys, Visitor visit) {
  return VisitKeys(keys, visit, [](std::optional<std::string_view>) {});
}

// A LongVisitor that counts in `*keys` the long keys that the filter wants, and those whose text
// the parser dropped.
inline auto CountLongKeys(const KeyFilter& filter, KeyList* keys) {
  return [&filter, keys](std::optional<std::string_view> key) {
    if (!key || filter.Matches(*key)) keys->CountLong();
  };
}

}  // namespace atestore::inline v0
