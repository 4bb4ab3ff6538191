#pragma once

#include <memory>

#include "mockcluster/keyspace/keyspace.h"
#include "mockcluster/keyspace/slot_bitmap.h"
#include "mockcluster/keyspace/slot_map.h"
#include "mockcluster/keyspace/table.h"

namespace mockcluster::inline v0 {

// The keys of one slot, newest first: what Redis 7.0 keeps beside its table for GETKEYSINSLOT.
class SlotList {
 public:
  size_t size() const { return size_; }
  Entry* first() const { return first_; }
  static Entry* Next(const Entry& entry) { return entry.next_in_slot_; }
  void Add(Entry& entry);
  void Remove(Entry& entry);

 private:
  Entry* first_ = nullptr;
  size_t size_ = 0;
};

// Layout::kSingleTable.
class SingleTableKeyspace : public Keyspace {
 public:
  explicit SingleTableKeyspace(uint64_t hash_seed) : seed_(hash_seed), table_(rules_) {}

  Layout layout() const override { return Layout::kSingleTable; }
  const Entry* Find(const KeyRef& key) override { return FindForWrite(key); }
  Entry* FindForWrite(const KeyRef& key) override;
  UpsertResult Upsert(const KeyRef& key) override;
  bool Erase(const KeyRef& key) override;
  size_t EraseSlot(Slot slot) override;
  void Clear() override;
  size_t Size() const override { return table_.size() - hidden_keys_; }
  size_t CountInSlot(Slot slot) const override {
    const SlotList* list = slots_.Find(slot);
    return list != nullptr ? list->size() : 0;
  }
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
  size_t ResizingTables() const override { return table_.resizing() ? 1 : 0; }

 private:
  const uint64_t seed_;
  ResizeRules rules_{.layout = Layout::kSingleTable};
  HashTable table_;
  SlotMap<SlotList> slots_;
  SlotBitmap hidden_slots_;
  size_t hidden_keys_ = 0;
};

}  // namespace mockcluster::inline v0
