#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/listing/keys_batch.h"
#include "core/listing/keys_plan.h"
#include "core/topology.h"

namespace atestore {

// Keys are looked for as far ahead as about so many are expected. With their slots they take less
// than 1 MiB.
inline constexpr size_t kPrefetchKeys = 4000;
// No more is asked for while more than this is kept: the estimate was wrong.
inline constexpr size_t kPrefetchKeysMax = 8000;
inline constexpr size_t kPrefetchBytesMax = size_t{1} << 20;
// Transactions that one node has to work on for them, of kScanCountMax keys each. More make no
// listing faster, and others wait longer.
inline constexpr size_t kPrefetchUnits = 2;

// The keys of slots further on, for a listing that wants few of the keys. Such a listing waits for
// nodes that look for keys, and one after the other, since every node has slots of its own; so all
// of them look for keys at once. Whatever fails is left to the walk that gets there: it finds no
// keys kept, and asks itself. Not thread-safe.
class KeyPrefetch {
 public:
  // `filter` must outlive it. `end`: the slot before which the listing ends.
  KeyPrefetch(const KeyFilter* filter, KeyHash hash, size_t end = kSlotCount)
      : filter_(filter), hash_(hash), end_(end) {}

  // Begins a round: requests count from 0 again. To be called when nothing is in flight.
  void BeginRound() { reads_.clear(); }
  // What else to ask the nodes for, of the slots from `from` on.
  std::vector<ShardRequest> More(const Topology& topology, size_t from, const WalkHints& hints,
                                 const KeysReading& reading);
  void OnReply(size_t request, size_t command, const ReplyView& reply);
  void OnFailure(size_t request, const absl::Status& status);

  // Slots whose keys are kept or in flight.
  bool Has(size_t slot) const { return kept_[slot] || asked_[slot]; }
  // True when it pays to wait before taking up to `keys` keys of the slots from `first` on: more
  // of them are in flight.
  bool Awaits(size_t first, size_t keys) const;

  // Keys of consecutive slots, each slot's from one instant.
  struct Found {
    KeyList keys;
    std::vector<Endpoint> nodes;  // that the keys' node indexes count
    size_t end = 0;               // all slots below are done
    KeysBatch::Density density;   // of what was seen since the last time
  };
  // Those of the slots from `first` on, up to the slot in which there are `keys`; of `first` only
  // those behind `after`. Null: that slot's are not kept.
  std::unique_ptr<Found> Take(size_t first, const std::optional<KeyMark>& after, size_t keys);
  // Slots before this are done.
  void ForgetBefore(size_t slot);
  // The keys of a slot proved useless.
  void Forget(size_t slot);
  // More() will be called with another topology. To be called when nothing is in flight.
  void OnRefresh() { nodes_.clear(); }

 private:
  struct Node {
    Endpoint endpoint;
    std::vector<Slot> slots;  // that it owns
    size_t from = 0;          // the slot from which on they were asked for last
    size_t next = 0;          // in slots: those before it are below `from` or Has() them
    size_t units = 0;         // in flight
    bool left_alone = false;  // until the next topology
  };
  struct Read {
    size_t node;
    std::vector<Slot> slots;  // asked for
    size_t replies_left;
    std::unique_ptr<KeysBatch> batch;
  };
  struct SlotKeys {
    Endpoint node;
    std::vector<std::pair<uint64_t, std::string>> keys;  // with their hashes
  };

  void FindNodes(const Topology& topology);
  std::vector<Slot> NextSlots(Node& node, size_t from, size_t horizon, size_t most);
  void Ask(size_t node, std::vector<Slot> slots, KeysUnit unit,
           std::vector<ShardRequest>* requests);
  void Conclude(Read& read);
  void Keep(const Read& read);
  size_t EndOfKept(size_t first) const;
  void Erase(std::map<Slot, SlotKeys>::iterator slot);

  const KeyFilter* const filter_;
  const KeyHash hash_;
  const size_t end_;
  std::vector<Node> nodes_;  // empty: not known yet
  std::vector<Read> reads_;  // of the round, by request
  size_t forgotten_ = 0;     // slots
  size_t slots_worth_taking_ = 1;
  SlotSet kept_;
  SlotSet asked_;
  std::map<Slot, SlotKeys> keys_;  // of kept slots that have any
  size_t keys_count_ = 0;
  size_t keys_bytes_ = 0;
  KeysBatch::Density density_;
  size_t long_keys_ = 0;  // met since Take()
};

}  // namespace atestore
