#include "mockcluster/keyspace/table.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "mockcluster/keyspace/scan.h"

namespace mockcluster::inline v0 {
namespace {

// Redis 7.0 and Redis 8.0 (dict.c, server.c). Fill = keys / buckets.
constexpr size_t kSingleGrowFillAvoid = 5;     // grows above it, in integer division
constexpr size_t kSingleRehashRatioAvoid = 5;  // size ratio from which a rehash goes on
constexpr size_t kSingleShrinkPercent = 10;    // shrinks below it
constexpr size_t kSlotGrowFillAvoid = 4;       // grows from it on
constexpr size_t kSlotShrinkFactor = 8;        // shrinks at 1/8
constexpr size_t kSlotShrinkFactorAvoid = 32;  // … at 1/32

// A rehash gives up after visiting this many empty buckets for each one it was asked to move.
constexpr size_t kEmptyVisitsPerBucket = 10;

}  // namespace

bool ResizeRules::ShouldGrow(size_t used, size_t buckets) const {
  if (policy == ResizePolicy::kNormal) return used >= buckets;
  if (layout == Layout::kSingleTable) return used / buckets > kSingleGrowFillAvoid;
  return used >= kSlotGrowFillAvoid * buckets;
}

bool ResizeRules::ShouldShrink(size_t used, size_t buckets) const {
  if (buckets <= HashTable::kBucketsMin) return false;
  if (layout == Layout::kSingleTable) {
    return policy == ResizePolicy::kNormal && used * 100 / buckets < kSingleShrinkPercent;
  }
  bool normal = policy == ResizePolicy::kNormal;
  return used * (normal ? kSlotShrinkFactor : kSlotShrinkFactorAvoid) <= buckets;
}

bool ResizeRules::MayRehash(size_t from_buckets, size_t to_buckets) const {
  if (policy == ResizePolicy::kNormal) return true;
  size_t ratio = std::max(from_buckets, to_buckets) / std::min(from_buckets, to_buckets);
  if (layout == Layout::kSingleTable) return ratio >= kSingleRehashRatioAvoid;
  return ratio >= (to_buckets > from_buckets ? kSlotGrowFillAvoid : kSlotShrinkFactorAvoid);
}

size_t ResizedBuckets(size_t buckets, int log2_change) {
  while (log2_change < 0 && buckets > HashTable::kBucketsMin) {
    buckets /= 2;
    ++log2_change;
  }
  while (log2_change > 0 && buckets < HashTable::kForcedBucketsMax) {
    buckets *= 2;
    --log2_change;
  }
  return buckets;
}

size_t HashTable::buckets() const { return std::max(parts_[0].size, parts_[1].size); }

Entry* HashTable::Find(std::string_view key, uint64_t hash) {
  if (resizing_) Rehash(1);
  for (const Part& part : parts_) {
    if (part.used == 0) continue;
    for (Entry* entry = part.buckets[hash & part.mask()]; entry; entry = entry->next_in_bucket_) {
      if (entry->hash_ == hash && entry->key_ == key) return entry;
    }
  }
  return nullptr;
}

Entry* HashTable::Insert(const KeyRef& key, uint64_t hash) {
  if (resizing_) Rehash(1);
  GrowIfFull();
  Entry* entry = std::make_unique<Entry>(key, hash).release();
  Link(parts_[resizing_ ? 1 : 0], entry);
  return entry;
}

std::unique_ptr<Entry> HashTable::Take(std::string_view key, uint64_t hash) {
  if (resizing_) Rehash(1);
  for (Part& part : parts_) {
    if (part.used == 0) continue;
    for (Entry** link = &part.buckets[hash & part.mask()]; *link;
         link = &(*link)->next_in_bucket_) {
      Entry* entry = *link;
      if (entry->hash_ != hash || entry->key_ != key) continue;
      *link = entry->next_in_bucket_;
      --part.used;
      FinishResizeIfEmptied();
      if (rules_.ShrinksOnErase()) ShrinkIfSparse();
      return std::unique_ptr<Entry>(entry);
    }
  }
  return nullptr;
}

void HashTable::Clear() {
  for (Part& part : parts_) {
    for (size_t bucket = 0; bucket < part.size; ++bucket) {
      for (Entry* entry = part.buckets[bucket]; entry;) {
        std::unique_ptr<Entry> owned(entry);
        entry = entry->next_in_bucket_;
      }
    }
    part = Part();
  }
  resizing_ = false;
}

uint64_t HashTable::ScanStep(uint64_t cursor, Visitor visitor) const {
  if (size() == 0) return 0;
  auto show_bucket = [&](const Part& part, uint64_t bucket) {
    for (Entry* entry = part.buckets[bucket]; entry; entry = entry->next_in_bucket_) {
      visitor(*entry);
    }
  };
  if (!resizing_) {
    show_bucket(parts_[0], cursor & parts_[0].mask());
    return NextBucketReversed(cursor, parts_[0].mask());
  }
  bool grows = parts_[0].size < parts_[1].size;
  const Part& small = parts_[grows ? 0 : 1];
  const Part& large = parts_[grows ? 1 : 0];
  show_bucket(small, cursor & small.mask());
  // All buckets of the larger table that the small bucket expands to, in cursor order, so that the
  // cursor returned is one that holds whichever table survives.
  do {
    show_bucket(large, cursor & large.mask());
    cursor = NextBucketReversed(cursor, large.mask());
  } while (cursor & (small.mask() ^ large.mask()));
  return cursor;
}

bool HashTable::ForEachWhile(absl::FunctionRef<bool(const Entry&)> visitor) const {
  for (const Part& part : parts_) {
    size_t left = part.used;
    for (size_t bucket = 0; left > 0; ++bucket) {
      for (Entry* entry = part.buckets[bucket]; entry; entry = entry->next_in_bucket_) {
        if (!visitor(*entry)) return false;
        --left;
      }
    }
  }
  return true;
}

const Entry* HashTable::NearBucket(uint64_t random) const {
  if (size() == 0) return nullptr;
  size_t total = parts_[0].size + parts_[1].size;
  for (size_t index = random % total;; index = (index + 1) % total) {
    bool first = index < parts_[0].size;
    const Entry* entry =
        first ? parts_[0].buckets[index] : parts_[1].buckets[index - parts_[0].size];
    if (entry) return entry;
  }
}

size_t HashTable::Rehash(size_t bucket_count) {
  size_t moved = 0;
  size_t empty_left = bucket_count * kEmptyVisitsPerBucket;
  if (!resizing_ || !rules_.MayRehash(parts_[0].size, parts_[1].size)) return moved;
  while (resizing_ && moved < bucket_count) {
    while (parts_[0].buckets[rehashed_] == nullptr) {
      ++rehashed_;
      if (--empty_left == 0) return moved;
    }
    MoveBucket(rehashed_++);
    ++moved;
    FinishResizeIfEmptied();
  }
  return moved;
}

void HashTable::ShrinkIfSparse() {
  if (resizing_ || !rules_.ShouldShrink(size(), parts_[0].size)) return;
  BeginResize(std::bit_ceil(std::max(size(), kBucketsMin)));
}

bool HashTable::BeginResize(size_t bucket_count) {
  if (resizing_ || parts_[0].size == 0 || bucket_count == parts_[0].size) return false;
  parts_[1] = MakePart(bucket_count);
  rehashed_ = 0;
  resizing_ = true;
  FinishResizeIfEmptied();
  return true;
}

void HashTable::Link(Part& part, Entry* entry) {
  Entry*& head = part.buckets[entry->hash_ & part.mask()];
  entry->next_in_bucket_ = head;
  head = entry;
  ++part.used;
}

void HashTable::MoveBucket(size_t bucket) {
  Entry* entry = std::exchange(parts_[0].buckets[bucket], nullptr);
  while (entry) {
    Entry* next = entry->next_in_bucket_;
    --parts_[0].used;
    Link(parts_[1], entry);
    entry = next;
  }
}

void HashTable::GrowIfFull() {
  if (parts_[0].size == 0) {
    parts_[0] = MakePart(kBucketsMin);
  } else if (!resizing_ && rules_.ShouldGrow(size(), parts_[0].size)) {
    BeginResize(std::bit_ceil(size() + 1));
  }
}

void HashTable::FinishResizeIfEmptied() {
  if (!resizing_ || parts_[0].used > 0) return;
  parts_[0] = std::move(parts_[1]);
  parts_[1] = Part();
  resizing_ = false;
}

}  // namespace mockcluster::inline v0
