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

namespace atestore::inline v0 {

// About how many keys to prefetch. With their slots they take less than 1 MiB.
inline constexpr size_t kPrefetchKeys = 4000;
// Send no more requests while more than this is kept: the estimate was wrong.
inline constexpr size_t kPrefetchKeysMax = 8000;
inline constexpr size_t kPrefetchBytesMax = size_t{1} << 20;
// Prefetch transactions in flight for each node, of kScanCountMax keys each. More would not make a
// listing faster, and would keep other clients waiting longer. More of smaller ones at far nodes:
// so many that they look at kPrefetchKeys.
inline constexpr size_t kPrefetchUnits = 2;

// Prefetches the keys of later slots, for a listing that wants few of the keys, or whose nodes are
// far. The first spends its time waiting while one node after another searches its own slots;
// KeyPrefetch makes all nodes search at once. The other would wait a round trip for the keys of
// each page before it can ask for their values. KeyPrefetch does not retry: where a read failed, it
// has no keys, and the walk reads that slot itself when it gets there. Not thread-safe.
class KeyPrefetch {
 public:
  // `filter` must outlive this object. `end`: the listing ends before this slot.
  KeyPrefetch(const KeyFilter* filter, KeyHash hash, size_t end = kSlotCount)
      : filter_(filter), hash_(hash), end_(end) {}

  // Begins a round: requests count from 0 again. Call it only when nothing is in flight.
  void BeginRound() { reads_.clear(); }
  // Further requests to send, for slots from `from` on. `far`: keys are prefetched even where one
  // node has all of them, because the walk would wait for the network each time it needs some.
  std::vector<ShardRequest> More(const Topology& topology, size_t from, const WalkHints& hints,
                                 const KeysReading& reading, bool far = false);
  void OnReply(size_t request, size_t command, const ReplyView& reply);
  void OnFailure(size_t request, const absl::Status& status);

  // Slots whose keys are kept or in flight.
  bool Has(size_t slot) const { return kept_[slot] || asked_[slot]; }
  // True when it pays to wait before calling Take(first, …, keys), because more of those keys are
  // in flight. Beyond the first `usual` keys, only for nodes that have some of the keys found so
  // far: any node may hang, and would keep back what the others have sent.
  bool Awaits(size_t first, size_t usual, size_t keys) const;

  // Keys of consecutive slots. The keys of one slot were all read at one instant.
  struct Prefetched {
    KeyList keys;
    std::vector<Endpoint> nodes;  // KeyList::Key::node is an index into these
    size_t end = 0;               // `keys` is complete for the slots before this one
    KeysBatch::Density density;   // seen since the previous Take()
  };
  // Takes the prefetched keys of the slots from `first` on, and stops after the slot that brings
  // the count to `keys`. In slot `first`, takes only the keys after `after`. Null: the keys of
  // `first` are not kept.
  std::unique_ptr<Prefetched> Take(size_t first, const std::optional<KeyMark>& after, size_t keys);
  // Drops everything about the slots before `slot`: the listing is past them.
  void ForgetBefore(size_t slot);
  // Drops the keys of a slot: they turned out to be stale.
  void Forget(size_t slot);
  // Announces that the next More() gets another topology. Call it only when nothing is in flight.
  void OnRefresh() { nodes_.clear(); }

 private:
  struct Node {
    Endpoint endpoint;
    std::vector<Slot> slots;  // owned by the node
    size_t from = 0;          // `from` of the last call of NextSlots()
    size_t next = 0;          // index in `slots`: those before it are below `from` or Has() them
    size_t units = 0;         // in flight
    bool suspended = false;   // send nothing until the next topology
  };
  struct Read {
    size_t node;
    std::vector<Slot> slots;  // requested
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
  const Endpoint* NodeAskedFor(Slot slot) const;
  void Erase(std::map<Slot, SlotKeys>::iterator slot);

  const KeyFilter* const filter_;
  const KeyHash hash_;
  const size_t end_;
  std::vector<Node> nodes_;  // empty: not known yet
  std::vector<Read> reads_;  // of this round, indexed by request
  size_t forgotten_ = 0;     // slots before this one are forgotten
  size_t slots_worth_taking_ = 1;
  SlotSet kept_;
  SlotSet asked_;
  std::map<Slot, SlotKeys> keys_;  // the kept slots that hold any keys
  size_t keys_count_ = 0;
  size_t keys_bytes_ = 0;
  KeysBatch::Density density_;
  size_t long_keys_ = 0;  // seen since the last Take()
};

}  // namespace atestore::inline v0
