#include "mockcluster/keyspace/per_slot.h"

#include "mockcluster/keyspace/hash.h"

namespace mockcluster::inline v0 {

HashTable& PerSlotKeyspace::TableFor(Slot slot) {
  std::unique_ptr<HashTable>& table = tables_[slot];
  if (!table) {
    table = std::make_unique<HashTable>(rules_);
    used_slots_.Set(slot, true);
    visible_slots_.Set(slot, !IsSlotHidden(slot));
  }
  return *table;
}

void PerSlotKeyspace::DropTable(Slot slot) {
  if (std::unique_ptr<HashTable>* table = tables_.Find(slot)) table->reset();
  used_slots_.Set(slot, false);
  visible_slots_.Set(slot, false);
}

Entry* PerSlotKeyspace::FindForWrite(const KeyRef& key) {
  HashTable* table = FindTable(key.slot);
  return table ? table->Find(key.text, HashKey(key.text, seed_)) : nullptr;
}

Keyspace::UpsertResult PerSlotKeyspace::Upsert(const KeyRef& key) {
  uint64_t hash = HashKey(key.text, seed_);
  HashTable& table = TableFor(key.slot);
  if (Entry* entry = table.Find(key.text, hash)) return {.entry = entry, .inserted = false};
  if (!IsSlotHidden(key.slot)) ++visible_keys_;
  return {.entry = table.Insert(key, hash), .inserted = true};
}

bool PerSlotKeyspace::Erase(const KeyRef& key) {
  HashTable* table = FindTable(key.slot);
  if (!table) return false;
  std::unique_ptr<Entry> entry = table->Take(key.text, HashKey(key.text, seed_));
  if (!entry) return false;
  if (!IsSlotHidden(key.slot)) --visible_keys_;
  if (table->size() == 0) DropTable(key.slot);
  return true;
}

size_t PerSlotKeyspace::EraseSlot(Slot slot) {
  size_t erased = CountInSlot(slot);
  if (!IsSlotHidden(slot)) visible_keys_ -= erased;
  DropTable(slot);
  return erased;
}

void PerSlotKeyspace::Clear() {
  for (std::optional<Slot> slot = used_slots_.NextFrom(0); slot;
       slot = used_slots_.NextFrom(*slot + 1)) {
    DropTable(*slot);
  }
  visible_keys_ = 0;
}

size_t PerSlotKeyspace::CountInSlot(Slot slot) const {
  const HashTable* table = FindTable(slot);
  return table != nullptr ? table->size() : 0;
}

void PerSlotKeyspace::KeysInSlot(Slot slot, size_t max, Visitor visitor) {
  const HashTable* table = FindTable(slot);
  if (table == nullptr || max == 0) return;
  table->ForEachWhile([&](const Entry& entry) {
    visitor(entry);
    return --max > 0;
  });
}

uint64_t PerSlotKeyspace::Scan(const ScanRequest& request, Visitor visitor) {
  std::optional<uint64_t> start = StartCursor(request);
  if (!start) return 0;
  uint64_t sampled = 0;
  auto show = [&](const Entry& entry) {
    ++sampled;
    visitor(entry);
  };
  return RunScan(*start, request.count, sampled, [&](uint64_t cursor) {
    return ScanStep(SplitSlotCursor(cursor), request.pinned_slot, show);
  });
}

uint64_t PerSlotKeyspace::ScanStep(SlotCursor cursor, std::optional<Slot> pinned_slot,
                                   Visitor visitor) const {
  if (visible_slots_.Has(cursor.slot)) {
    uint64_t position = FindTable(cursor.slot)->ScanStep(cursor.position, visitor);
    if (position != 0) return JoinSlotCursor({.slot = cursor.slot, .position = position});
  }
  // The end of a slot, or a slot without keys, where a position means nothing.
  if (pinned_slot) return 0;
  std::optional<Slot> next = visible_slots_.NextFrom(size_t{cursor.slot} + 1);
  return next ? JoinSlotCursor({.slot = *next, .position = 0}) : 0;
}

const Entry* PerSlotKeyspace::RandomKey(absl::FunctionRef<uint64_t()> random) {
  if (visible_keys_ == 0) return nullptr;
  // Slots weigh as many keys as they hold.
  size_t rank = random() % visible_keys_;
  std::optional<Slot> slot = visible_slots_.NextFrom(0);
  while (rank >= FindTable(*slot)->size()) {
    rank -= FindTable(*slot)->size();
    slot = visible_slots_.NextFrom(*slot + 1);
  }
  return FindTable(*slot)->NearBucket(random());
}

void PerSlotKeyspace::ForEach(Hidden hidden, Visitor visitor) {
  const SlotBitmap& slots = hidden == Hidden::kInclude ? used_slots_ : visible_slots_;
  for (std::optional<Slot> slot = slots.NextFrom(0); slot; slot = slots.NextFrom(*slot + 1)) {
    FindTable(*slot)->ForEachWhile([&](const Entry& entry) {
      visitor(entry);
      return true;
    });
  }
}

void PerSlotKeyspace::SetSlotHidden(Slot slot, bool hidden) {
  if (IsSlotHidden(slot) == hidden) return;
  hidden_slots_.Set(slot, hidden);
  visible_slots_.Set(slot, !hidden && used_slots_.Has(slot));
  visible_keys_ += hidden ? -CountInSlot(slot) : CountInSlot(slot);
}

std::unique_ptr<Keyspace> PerSlotKeyspace::Clone(uint64_t hash_seed) const {
  auto clone = std::make_unique<PerSlotKeyspace>(hash_seed);
  clone->hidden_slots_ = hidden_slots_;
  clone->rules_ = rules_;
  for (std::optional<Slot> slot = used_slots_.NextFrom(0); slot;
       slot = used_slots_.NextFrom(*slot + 1)) {
    FindTable(*slot)->ForEachWhile([&](const Entry& entry) {
      clone->Upsert(KeyRef(entry.key(), entry.slot())).entry->CopyContentFrom(entry);
      return true;
    });
  }
  return clone;
}

void PerSlotKeyspace::Cron(size_t rehash_buckets) {
  for (std::optional<Slot> slot = used_slots_.NextFrom(0); slot;
       slot = used_slots_.NextFrom(*slot + 1)) {
    HashTable& table = *FindTable(*slot);
    table.ShrinkIfSparse();
    if (rehash_buckets > 0) rehash_buckets -= table.Rehash(rehash_buckets);
  }
}

size_t PerSlotKeyspace::ForceResize(int log2_change) {
  size_t begun = 0;
  for (std::optional<Slot> slot = used_slots_.NextFrom(0); slot;
       slot = used_slots_.NextFrom(*slot + 1)) {
    HashTable& table = *FindTable(*slot);
    if (table.BeginResize(ResizedBuckets(table.buckets(), log2_change))) ++begun;
  }
  return begun;
}

size_t PerSlotKeyspace::ResizingTables() const {
  size_t resizing = 0;
  for (std::optional<Slot> slot = used_slots_.NextFrom(0); slot;
       slot = used_slots_.NextFrom(*slot + 1)) {
    if (FindTable(*slot)->resizing()) ++resizing;
  }
  return resizing;
}

}  // namespace mockcluster::inline v0
