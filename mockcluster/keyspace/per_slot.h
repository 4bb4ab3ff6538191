#pragma once

#include <memory>
#include <optional>

#include "mockcluster/keyspace/keyspace.h"
#include "mockcluster/keyspace/scan.h"
#include "mockcluster/keyspace/slot_bitmap.h"
#include "mockcluster/keyspace/slot_map.h"
#include "mockcluster/keyspace/table.h"

namespace mockcluster::inline v0 {

// Layout::kPerSlot: a table for each slot that has keys.
class PerSlotKeyspace : public Keyspace {
 public:
  explicit PerSlotKeyspace(uint64_t hash_seed) : seed_(hash_seed) {}

  Layout layout() const override { return Layout::kPerSlot; }
  const Entry* Find(const KeyRef& key) override { return FindForWrite(key); }
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
  void SetSlotGenerated(Slot) override {}
  std::unique_ptr<Keyspace> Clone(uint64_t hash_seed) const override;
  void SetResizePolicy(ResizePolicy policy) override { rules_.policy = policy; }
  void Cron(size_t rehash_buckets) override;
  size_t ForceResize(int log2_change) override;
  size_t ResizingTables() const override;

 private:
  HashTable& TableFor(Slot slot);
  void DropTable(Slot slot);
  // Null: the slot has no keys.
  HashTable* FindTable(Slot slot) const {
    const std::unique_ptr<HashTable>* table = tables_.Find(slot);
    return table != nullptr ? table->get() : nullptr;
  }
  uint64_t ScanStep(SlotCursor cursor, std::optional<Slot> pinned_slot, Visitor visitor) const;

  const uint64_t seed_;
  ResizeRules rules_{.layout = Layout::kPerSlot};
  SlotMap<std::unique_ptr<HashTable>> tables_;  // null: no keys
  SlotBitmap used_slots_;                       // have a table
  SlotBitmap visible_slots_;                    // have a table and are not hidden
  SlotBitmap hidden_slots_;                     // with or without a table
  size_t visible_keys_ = 0;
};

}  // namespace mockcluster::inline v0
