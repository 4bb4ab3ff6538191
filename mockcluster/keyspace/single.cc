#include "mockcluster/keyspace/single.h"

#include "mockcluster/keyspace/hash.h"
#include "mockcluster/keyspace/scan.h"

namespace mockcluster::inline v0 {

void SlotList::Add(Entry& entry) {
  entry.next_in_slot_ = first_;
  if (first_) first_->previous_in_slot_ = &entry;
  first_ = &entry;
  ++size_;
}

void SlotList::Remove(Entry& entry) {
  (entry.previous_in_slot_ ? entry.previous_in_slot_->next_in_slot_ : first_) = entry.next_in_slot_;
  if (entry.next_in_slot_) entry.next_in_slot_->previous_in_slot_ = entry.previous_in_slot_;
  --size_;
}

Entry* SingleTableKeyspace::FindForWrite(const KeyRef& key) {
  if (table_.size() == 0) return nullptr;
  return table_.Find(key.text, HashKey(key.text, seed_));
}

Keyspace::UpsertResult SingleTableKeyspace::Upsert(const KeyRef& key) {
  uint64_t hash = HashKey(key.text, seed_);
  if (Entry* entry = table_.Find(key.text, hash)) return {.entry = entry, .inserted = false};
  Entry* entry = table_.Insert(key, hash);
  slots_[key.slot].Add(*entry);
  if (IsSlotHidden(key.slot)) ++hidden_keys_;
  return {.entry = entry, .inserted = true};
}

bool SingleTableKeyspace::Erase(const KeyRef& key) {
  std::unique_ptr<Entry> entry = table_.Take(key.text, HashKey(key.text, seed_));
  if (!entry) return false;
  slots_[entry->slot()].Remove(*entry);
  if (IsSlotHidden(entry->slot())) --hidden_keys_;
  return true;
}

size_t SingleTableKeyspace::EraseSlot(Slot slot) {
  size_t erased = 0;
  SlotList* list = slots_.Find(slot);
  while (const Entry* entry = list != nullptr ? list->first() : nullptr) {
    Erase(KeyRef(entry->key(), slot));
    ++erased;
  }
  return erased;
}

void SingleTableKeyspace::Clear() {
  table_.Clear();
  slots_.Clear();
  hidden_keys_ = 0;
}

void SingleTableKeyspace::KeysInSlot(Slot slot, size_t max, Visitor visitor) {
  const SlotList* list = slots_.Find(slot);
  if (list == nullptr) return;
  for (Entry* entry = list->first(); entry && max > 0; entry = SlotList::Next(*entry)) {
    visitor(*entry);
    --max;
  }
}

uint64_t SingleTableKeyspace::Scan(const ScanRequest& request, Visitor visitor) {
  uint64_t sampled = 0;
  auto show = [&](const Entry& entry) {
    if (hidden_keys_ > 0 && IsSlotHidden(entry.slot())) return;
    ++sampled;
    visitor(entry);
  };
  return RunScan(request.cursor, request.count, sampled,
                 [&](uint64_t cursor) { return table_.ScanStep(cursor, show); });
}

const Entry* SingleTableKeyspace::RandomKey(absl::FunctionRef<uint64_t()> random) {
  if (Size() == 0) return nullptr;
  // Where hidden keys stand in front of every visible one, no draw would ever meet one.
  constexpr int kDrawsMax = 100;
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    const Entry* entry = table_.NearBucket(random());
    if (!IsSlotHidden(entry->slot())) return entry;
  }
  const Entry* found = nullptr;
  table_.ForEachWhile([&](const Entry& entry) {
    if (!IsSlotHidden(entry.slot())) found = &entry;
    return found == nullptr;
  });
  return found;
}

void SingleTableKeyspace::ForEach(Hidden hidden, Visitor visitor) {
  table_.ForEachWhile([&](const Entry& entry) {
    if (hidden == Hidden::kInclude || !IsSlotHidden(entry.slot())) visitor(entry);
    return true;
  });
}

void SingleTableKeyspace::SetSlotHidden(Slot slot, bool hidden) {
  if (IsSlotHidden(slot) == hidden) return;
  hidden_slots_.Set(slot, hidden);
  hidden_keys_ += hidden ? CountInSlot(slot) : -CountInSlot(slot);
}

std::unique_ptr<Keyspace> SingleTableKeyspace::Clone(uint64_t hash_seed) const {
  auto clone = std::make_unique<SingleTableKeyspace>(hash_seed);
  clone->hidden_slots_ = hidden_slots_;
  clone->rules_ = rules_;
  table_.ForEachWhile([&](const Entry& entry) {
    clone->Upsert(KeyRef(entry.key(), entry.slot())).entry->CopyContentFrom(entry);
    return true;
  });
  return clone;
}

void SingleTableKeyspace::Cron(size_t rehash_buckets) {
  table_.ShrinkIfSparse();
  table_.Rehash(rehash_buckets);
}

size_t SingleTableKeyspace::ForceResize(int log2_change) {
  return table_.BeginResize(ResizedBuckets(table_.buckets(), log2_change)) ? 1 : 0;
}

}  // namespace mockcluster::inline v0
