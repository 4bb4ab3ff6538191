#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "mockcluster/keyspace/keyspace.h"
#include "mockcluster/keyspace/slot_bitmap.h"
#include "mockcluster/keyspace/synthetic_actors.h"

namespace mockcluster::inline v0 {

// A keyspace that begins with synthetic actors, in either layout. Memory and the time of every call
// but Clear, Clone and ForEach depend on what was written since, not on the number of actors. To
// SCAN the actors are a table of one bucket for each, which never resizes; keys that were written
// and are no synthetic actor's show together with their slot's first actor.
class SyntheticKeyspace : public Keyspace {
 public:
  // `options.synthetic` must be given.
  explicit SyntheticKeyspace(const KeyspaceOptions& options);

  Layout layout() const override { return options_.layout; }
  const Entry* Find(const KeyRef& key) override;
  Entry* FindForWrite(const KeyRef& key) override;
  UpsertResult Upsert(const KeyRef& key) override;
  bool Erase(const KeyRef& key) override;
  size_t EraseSlot(Slot slot) override;
  void Clear() override;
  size_t Size() const override { return visible_keys_; }
  size_t CountInSlot(Slot slot) const override;
  void KeysInSlot(Slot slot, size_t max, Visitor visitor) override;
  uint64_t Scan(const ScanRequest& request, Visitor visitor) override;
  const Entry* RandomKey(absl::FunctionRef<uint64_t()> random) override;
  void ForEach(Hidden hidden, Visitor visitor) override;
  void SetSlotHidden(Slot slot, bool hidden) override;
  bool IsSlotHidden(Slot slot) const override { return hidden_slots_.Has(slot); }
  void SetSlotGenerated(Slot slot) override;
  std::unique_ptr<Keyspace> Clone(uint64_t hash_seed) const override;
  void SetResizePolicy(ResizePolicy policy) override { written_->SetResizePolicy(policy); }
  void Cron(size_t rehash_buckets) override { written_->Cron(rehash_buckets); }
  size_t ForceResize(int) override { return 0; }
  size_t ResizingTables() const override { return 0; }

 private:
  // Actors of this node's slots that were not erased since, computed or overwritten.
  uint64_t GeneratedInSlot(Slot slot) const;
  // The index of a computed actor that was neither erased nor overwritten.
  std::optional<uint64_t> UntouchedIndex(const KeyRef& key) const;
  void MarkTouched(Slot slot, uint64_t index);
  // Runs `change`, which may change the number of keys in `slot` and whether it is hidden.
  template <typename Change>
  void ChangeSlot(Slot slot, Change change);

  uint64_t ScanSlotStep(uint64_t cursor, std::optional<Slot> pinned_slot, Visitor visitor);
  uint64_t ScanTableStep(uint64_t cursor, Visitor visitor);
  // Shows what belongs to one place, if anything does.
  void ShowPlace(Slot slot, uint64_t index, Visitor visitor);

  const KeyspaceOptions options_;
  const SyntheticActorNames names_;
  SlotBitmap generated_slots_;
  std::unique_ptr<Keyspace> written_;  // keys written since, whether synthetic or not
  // Places of actors that were erased or are in `written_`; see PlaceId().
  std::unordered_set<uint64_t> touched_;
  std::unordered_map<Slot, uint64_t> touched_in_slot_;
  SlotBitmap used_slots_;
  SlotBitmap visible_slots_;
  SlotBitmap hidden_slots_;
  size_t visible_keys_ = 0;
  std::optional<Entry> computed_;  // what Find() and RandomKey() returned last
};

}  // namespace mockcluster::inline v0
