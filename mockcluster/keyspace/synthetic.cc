#include "mockcluster/keyspace/synthetic.h"

#include <algorithm>
#include <bit>

#include "mockcluster/keyspace/scan.h"

namespace mockcluster::inline v0 {
namespace {

uint64_t PlaceId(Slot slot, uint64_t index) { return index << kSlotBits | slot; }
Slot SlotOfPlace(uint64_t place) { return static_cast<Slot>(place % atestore::kSlotCount); }

// A permutation of 0 … 2^bits − 1 that depends on the seed: which actor is in a bucket.
uint64_t Permute(uint64_t bucket, int bits, uint64_t seed) {
  if (bits == 0) return 0;
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  const int half = (bits + 1) / 2;
  uint64_t mixed = bucket ^ (seed & mask);
  for (uint64_t factor : {seed * 0x9E3779B97F4A7C15, (seed ^ seed >> 32) * 0xBF58476D1CE4E5B9}) {
    // Odd factors and shifts to the right are reversible modulo a power of two.
    mixed = mixed * (factor | 1) & mask;
    mixed ^= mixed >> half;
  }
  return mixed;
}

int BitsFor(uint64_t places) { return std::bit_width(std::max<uint64_t>(places, 1) - 1); }

}  // namespace

SyntheticKeyspace::SyntheticKeyspace(const KeyspaceOptions& options)
    : options_(options),
      names_(*options.synthetic),
      written_(CreateKeyspace({.layout = Layout::kPerSlot,
                               .hash_seed = options.hash_seed,
                               .synthetic = std::nullopt})) {}

uint64_t SyntheticKeyspace::GeneratedInSlot(Slot slot) const {
  return generated_slots_.Has(slot) ? names_.CountInSlot(slot) : 0;
}

size_t SyntheticKeyspace::CountInSlot(Slot slot) const {
  auto touched = touched_in_slot_.find(slot);
  return GeneratedInSlot(slot) - (touched == touched_in_slot_.end() ? 0 : touched->second) +
         written_->CountInSlot(slot);
}

std::optional<uint64_t> SyntheticKeyspace::UntouchedIndex(const KeyRef& key) const {
  if (!generated_slots_.Has(key.slot)) return std::nullopt;
  std::optional<uint64_t> index = names_.IndexOf(key);
  if (!index || touched_.count(PlaceId(key.slot, *index)) > 0) return std::nullopt;
  return index;
}

void SyntheticKeyspace::MarkTouched(Slot slot, uint64_t index) {
  touched_.insert(PlaceId(slot, index));
  ++touched_in_slot_[slot];
}

template <typename Change>
void SyntheticKeyspace::ChangeSlot(Slot slot, Change change) {
  if (!IsSlotHidden(slot)) visible_keys_ -= CountInSlot(slot);
  change();
  size_t keys = CountInSlot(slot);
  if (!IsSlotHidden(slot)) visible_keys_ += keys;
  used_slots_.Set(slot, keys > 0);
  visible_slots_.Set(slot, keys > 0 && !IsSlotHidden(slot));
}

const Entry* SyntheticKeyspace::Find(const KeyRef& key) {
  if (const Entry* entry = written_->Find(key)) return entry;
  std::optional<uint64_t> index = UntouchedIndex(key);
  if (!index) return nullptr;
  computed_.emplace(key, 0);
  computed_->value = names_.Value(key.slot, *index);
  return &*computed_;
}

Entry* SyntheticKeyspace::FindForWrite(const KeyRef& key) {
  if (Entry* entry = written_->FindForWrite(key)) return entry;
  std::optional<uint64_t> index = UntouchedIndex(key);
  if (!index) return nullptr;
  Entry* entry = nullptr;
  ChangeSlot(key.slot, [&] {
    MarkTouched(key.slot, *index);
    entry = written_->Upsert(key).entry;
  });
  entry->value = names_.Value(key.slot, *index);
  return entry;
}

Keyspace::UpsertResult SyntheticKeyspace::Upsert(const KeyRef& key) {
  if (Entry* entry = FindForWrite(key)) return {.entry = entry, .inserted = false};
  Entry* entry = nullptr;
  ChangeSlot(key.slot, [&] { entry = written_->Upsert(key).entry; });
  return {.entry = entry, .inserted = true};
}

bool SyntheticKeyspace::Erase(const KeyRef& key) {
  bool erased = false;
  ChangeSlot(key.slot, [&] {
    erased = written_->Erase(key);
    if (erased) return;
    if (std::optional<uint64_t> index = UntouchedIndex(key)) {
      MarkTouched(key.slot, *index);
      erased = true;
    }
  });
  return erased;
}

size_t SyntheticKeyspace::EraseSlot(Slot slot) {
  size_t erased = CountInSlot(slot);
  ChangeSlot(slot, [&] {
    generated_slots_.Set(slot, false);
    written_->EraseSlot(slot);
    if (touched_in_slot_.erase(slot) == 0) return;
    std::erase_if(touched_, [&](uint64_t place) { return SlotOfPlace(place) == slot; });
  });
  return erased;
}

void SyntheticKeyspace::Clear() {
  written_->Clear();
  touched_.clear();
  touched_in_slot_.clear();
  generated_slots_ = used_slots_ = visible_slots_ = SlotBitmap();
  visible_keys_ = 0;
}

void SyntheticKeyspace::KeysInSlot(Slot slot, size_t max, Visitor visitor) {
  size_t left = max;
  written_->KeysInSlot(slot, left, [&](const Entry& entry) {
    visitor(entry);
    --left;
  });
  for (uint64_t index = 0; index < GeneratedInSlot(slot) && left > 0; ++index) {
    if (touched_.count(PlaceId(slot, index)) > 0) continue;
    visitor(Entry(KeyRef(names_.Key(slot, index), slot), 0));
    --left;
  }
}

void SyntheticKeyspace::ShowPlace(Slot slot, uint64_t index, Visitor visitor) {
  if (index == 0 && written_->CountInSlot(slot) > 0) {
    written_->KeysInSlot(slot, SIZE_MAX, [&](const Entry& entry) {
      bool has_place = generated_slots_.Has(slot) && names_.IndexOf({entry.key(), slot});
      if (!has_place) visitor(entry);
    });
  }
  if (index >= GeneratedInSlot(slot)) return;
  std::string key = names_.Key(slot, index);
  if (touched_.count(PlaceId(slot, index)) == 0) {
    visitor(Entry(KeyRef(key, slot), 0));
  } else if (const Entry* entry = written_->Find(KeyRef(key, slot))) {
    visitor(*entry);
  }
}

uint64_t SyntheticKeyspace::ScanSlotStep(uint64_t cursor, std::optional<Slot> pinned_slot,
                                         Visitor visitor) {
  auto [slot, position] = SplitSlotCursor(cursor);
  if (visible_slots_.Has(slot)) {
    int bits = BitsFor(GeneratedInSlot(slot));
    uint64_t mask = (uint64_t{1} << bits) - 1;
    ShowPlace(slot, Permute(position & mask, bits, options_.hash_seed + slot), visitor);
    position = NextBucketReversed(position, mask);
    if (position != 0) return JoinSlotCursor({.slot = slot, .position = position});
  }
  if (pinned_slot) return 0;
  std::optional<Slot> next = visible_slots_.NextFrom(size_t{slot} + 1);
  return next ? JoinSlotCursor({.slot = *next, .position = 0}) : 0;
}

uint64_t SyntheticKeyspace::ScanTableStep(uint64_t cursor, Visitor visitor) {
  if (visible_keys_ == 0) return 0;
  int bits = BitsFor(names_.CountInSlotMax()) + kSlotBits;
  uint64_t mask = (uint64_t{1} << bits) - 1;
  uint64_t place = Permute(cursor & mask, bits, options_.hash_seed);
  if (visible_slots_.Has(SlotOfPlace(place))) {
    ShowPlace(SlotOfPlace(place), place >> kSlotBits, visitor);
  }
  return NextBucketReversed(cursor, mask);
}

uint64_t SyntheticKeyspace::Scan(const ScanRequest& request, Visitor visitor) {
  uint64_t sampled = 0;
  auto show = [&](const Entry& entry) {
    ++sampled;
    visitor(entry);
  };
  if (options_.layout == Layout::kSingleTable) {
    return RunScan(request.cursor, request.count, sampled,
                   [&](uint64_t cursor) { return ScanTableStep(cursor, show); });
  }
  std::optional<uint64_t> start = StartCursor(request);
  if (!start) return 0;
  return RunScan(*start, request.count, sampled,
                 [&](uint64_t cursor) { return ScanSlotStep(cursor, request.pinned_slot, show); });
}

const Entry* SyntheticKeyspace::RandomKey(absl::FunctionRef<uint64_t()> random) {
  if (visible_keys_ == 0) return nullptr;
  std::optional<Slot> slot = visible_slots_.NextFrom(random() % atestore::kSlotCount);
  if (!slot) slot = visible_slots_.NextFrom(0);
  // Slots are about equally full, so any slot will do.
  size_t rank = random() % CountInSlot(*slot);
  if (rank < written_->CountInSlot(*slot)) {
    std::string key;
    written_->KeysInSlot(*slot, rank + 1, [&](const Entry& entry) { key = entry.key(); });
    return Find(KeyRef(key, *slot));
  }
  uint64_t generated = GeneratedInSlot(*slot);
  // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the slot has more keys than were written
  uint64_t index = random() % generated;
  while (touched_.count(PlaceId(*slot, index)) > 0) index = (index + 1) % generated;
  return Find(KeyRef(names_.Key(*slot, index), *slot));
}

void SyntheticKeyspace::ForEach(Hidden hidden, Visitor visitor) {
  const SlotBitmap& slots = hidden == Hidden::kInclude ? used_slots_ : visible_slots_;
  for (std::optional<Slot> slot = slots.NextFrom(0); slot; slot = slots.NextFrom(*slot + 1)) {
    written_->KeysInSlot(*slot, SIZE_MAX, visitor);
    for (uint64_t index = 0; index < GeneratedInSlot(*slot); ++index) {
      if (touched_.count(PlaceId(*slot, index)) > 0) continue;
      Entry entry(KeyRef(names_.Key(*slot, index), *slot), 0);
      entry.value = names_.Value(*slot, index);
      visitor(entry);
    }
  }
}

void SyntheticKeyspace::SetSlotHidden(Slot slot, bool hidden) {
  ChangeSlot(slot, [&] { hidden_slots_.Set(slot, hidden); });
}

void SyntheticKeyspace::SetSlotGenerated(Slot slot) {
  ChangeSlot(slot, [&] { generated_slots_.Set(slot, true); });
}

std::unique_ptr<Keyspace> SyntheticKeyspace::Clone(uint64_t hash_seed) const {
  KeyspaceOptions options = options_;
  options.hash_seed = hash_seed;
  auto clone = std::make_unique<SyntheticKeyspace>(options);
  clone->generated_slots_ = generated_slots_;
  clone->written_ = written_->Clone(hash_seed);
  clone->touched_ = touched_;
  clone->touched_in_slot_ = touched_in_slot_;
  clone->used_slots_ = used_slots_;
  clone->visible_slots_ = visible_slots_;
  clone->hidden_slots_ = hidden_slots_;
  clone->visible_keys_ = visible_keys_;
  return clone;
}

}  // namespace mockcluster::inline v0
