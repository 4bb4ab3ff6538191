#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/function_ref.h"
#include "core/slot.h"
#include "mockcluster/keyspace/entry.h"
#include "mockcluster/options.h"

namespace mockcluster::inline v0 {

// What a table does on its own while, as on a real server, a child process shares its memory.
enum class ResizePolicy {
  kNormal,
  kAvoid,  // BGSAVE or AOF rewrite running: grow only when badly overfull, never shrink
};

struct KeyspaceOptions {
  Layout layout = Layout::kPerSlot;
  // Decides the order of keys behind a cursor. A real server draws it when the process starts:
  // give every process life another one, and keep it through flush, resync and role change.
  uint64_t hash_seed = 0;
  // When given, slots marked with SetSlotGenerated() begin full; see keyspace_synthetic.h.
  std::optional<SyntheticActors> synthetic;
};

// One call of SCAN.
struct ScanRequest {
  uint64_t cursor = 0;  // any value is valid, as on a real server
  uint64_t count = 10;  // ≥ 1
  // Only this slot's keys; kPerSlot only, kSingleTable ignores it. See PinnedSlot() in core/glob.h.
  std::optional<Slot> pinned_slot;
};

// The keys of one node process: what is behind GET, SET, SCAN, DBSIZE, KEYS, RANDOMKEY,
// FLUSHALL, CLUSTER GETKEYSINSLOT and COUNTKEYSINSLOT. A resource. Not thread-safe.
//
// Deterministic: seed and calls decide every result. It has no clock; expiry is data to it.
// Pointers and references to entries are valid until the next call of a non-const member; a
// visitor must not call any member.
class Keyspace {
 public:
  using Visitor = absl::FunctionRef<void(const Entry&)>;

  virtual ~Keyspace() = default;

  virtual Layout layout() const = 0;

  // The entry of `key`, or null. Moves a pending rehash one step on, as every access does.
  virtual const Entry* Find(const KeyRef& key) = 0;
  // The same, to be changed through the pointer.
  virtual Entry* FindForWrite(const KeyRef& key) = 0;

  struct UpsertResult {
    Entry* entry;   // never null
    bool inserted;  // the key is new: its value is empty, without expiry
  };
  virtual UpsertResult Upsert(const KeyRef& key) = 0;

  // Whether the key was there.
  virtual bool Erase(const KeyRef& key) = 0;
  // Erases all keys of a slot; returns their number.
  virtual size_t EraseSlot(Slot slot) = 0;
  virtual void Clear() = 0;

  // What DBSIZE counts: the keys outside hidden slots.
  virtual size_t Size() const = 0;
  // Hidden or not, these two count and list a slot's keys, in no particular order. Here and in Scan
  // the visitor gets a synthetic actor without its value: Find() has it.
  virtual size_t CountInSlot(Slot slot) const = 0;
  virtual void KeysInSlot(Slot slot, size_t max, Visitor visitor) = 0;

  // Shows `visitor` every sampled key and returns the next cursor, 0 when the scan is complete.
  // Filters (MATCH, TYPE, expiry) are the visitor's: they do not change the cursor. Samples whole
  // groups (a bucket's chain, while a table is resized one bucket of the smaller table with all its
  // expansions in the larger) until `count` keys are sampled, 10 × count further steps are made, or
  // the end is reached. Keys of hidden slots are not shown.
  virtual uint64_t Scan(const ScanRequest& request, Visitor visitor) = 0;

  // A key outside hidden slots, null when there is none; `random` gives uniform 64-bit numbers.
  virtual const Entry* RandomKey(absl::FunctionRef<uint64_t()> random) = 0;

  enum class Hidden { kSkip, kInclude };
  // Every key once, in table order.
  virtual void ForEach(Hidden hidden, Visitor visitor) = 0;

  // A hidden slot's keys (target of an atomic migration before its takeover) do not show in Size,
  // Scan, RandomKey and ForEach(kSkip). Find and all else treat them as ever. Clear() keeps marks.
  virtual void SetSlotHidden(Slot slot, bool hidden) = 0;
  virtual bool IsSlotHidden(Slot slot) const = 0;

  // With KeyspaceOptions::synthetic: this node begins with the synthetic actors of `slot`. Call it
  // once for each slot that a fresh primary owns, before any other use. Without: nothing.
  virtual void SetSlotGenerated(Slot slot) = 0;

  // The same keys, values and marks under another seed: what a restart from a saved file, or a full
  // synchronisation of a replica, leaves in the other process.
  virtual std::unique_ptr<Keyspace> Clone(uint64_t hash_seed) const = 0;

  virtual void SetResizePolicy(ResizePolicy policy) = 0;
  // A tick of the server's cron: shrinks what is too sparse and moves up to `rehash_buckets`
  // buckets of pending rehashes (a real server: as many as take 1 ms).
  virtual void Cron(size_t rehash_buckets = kCronRehashBuckets) = 0;
  static constexpr size_t kCronRehashBuckets = 1000;

  // Fault injection: every table that is not being resized begins a rehash into a table of
  // 2^`log2_change` times its size (negative: smaller), at least the minimum size. Until accesses
  // and Cron() finish it, both tables are visible to Scan. Returns the number of tables begun.
  virtual size_t ForceResize(int log2_change) = 0;
  // The number of tables with a pending rehash.
  virtual size_t ResizingTables() const = 0;
};

std::unique_ptr<Keyspace> CreateKeyspace(const KeyspaceOptions& options);

}  // namespace mockcluster::inline v0
