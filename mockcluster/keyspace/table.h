#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "mockcluster/keyspace/entry.h"
#include "mockcluster/keyspace/keyspace.h"

namespace mockcluster::inline v0 {

// When a table of one kind of server resizes itself. A value, shared by all tables of a keyspace.
struct ResizeRules {
  Layout layout = Layout::kPerSlot;
  ResizePolicy policy = ResizePolicy::kNormal;

  bool ShouldGrow(size_t used, size_t buckets) const;
  bool ShouldShrink(size_t used, size_t buckets) const;
  // Whether a pending rehash between these sizes may move buckets now.
  bool MayRehash(size_t from_buckets, size_t to_buckets) const;
  bool ShrinksOnErase() const { return layout == Layout::kPerSlot; }
};

// 2^`log2_change` times `buckets`, within the limits of a forced resize.
size_t ResizedBuckets(size_t buckets, int log2_change);

// A chained hash table that resizes a bucket at a time, so that for a while there are two tables
// and SCAN sees both: the `dict` of Redis. Owns its entries. Not thread-safe.
class HashTable {
 public:
  using Visitor = absl::FunctionRef<void(const Entry&)>;
  static constexpr size_t kBucketsMin = 4;
  static constexpr size_t kForcedBucketsMax = size_t{1} << 24;

  // `rules` must outlive the table.
  explicit HashTable(const ResizeRules& rules) : rules_(rules) {}
  ~HashTable() { Clear(); }
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  size_t size() const { return parts_[0].used + parts_[1].used; }
  bool resizing() const { return resizing_; }
  // Of the table, or of the larger one of the two.
  size_t buckets() const;

  // The entry, or null. Each of the next three moves a pending rehash one bucket on.
  Entry* Find(std::string_view key, uint64_t hash);
  // `key` must not be in the table. Never null; the table owns it.
  Entry* Insert(const KeyRef& key, uint64_t hash);
  // Takes an entry out, null when there is none.
  std::unique_ptr<Entry> Take(std::string_view key, uint64_t hash);

  void Clear();

  // One step of a scan: shows the group of entries at `cursor` and returns the next cursor, 0 at
  // the end. Any cursor is valid. An empty table shows nothing and returns 0.
  uint64_t ScanStep(uint64_t cursor, Visitor visitor) const;

  // Shows entries in table order for as long as `visitor` returns true; returns the last result.
  bool ForEachWhile(absl::FunctionRef<bool(const Entry&)> visitor) const;
  // The first entry in table order at or after the bucket that `random` picks, so not quite evenly
  // distributed. Null when the table is empty.
  const Entry* NearBucket(uint64_t random) const;

  // Moves up to `bucket_count` buckets of a pending rehash; returns the number moved.
  size_t Rehash(size_t bucket_count);
  void ShrinkIfSparse();
  // Begins a rehash. Nothing happens (and false is returned) when one is pending, the table has no
  // bucket, or it has that many already. `bucket_count` must be a power of two.
  bool BeginResize(size_t bucket_count);

 private:
  struct Part {
    std::unique_ptr<Entry*[]> buckets;
    size_t size = 0;  // a power of two, or 0
    size_t used = 0;

    size_t mask() const { return size - 1; }
  };

  static Part MakePart(size_t bucket_count) {
    return {.buckets = std::make_unique<Entry*[]>(bucket_count), .size = bucket_count};
  }
  static void Link(Part& part, Entry* entry);
  void MoveBucket(size_t bucket);
  void GrowIfFull();
  void FinishResizeIfEmptied();

  const ResizeRules& rules_;
  std::array<Part, 2> parts_;  // [1] has buckets only while resizing
  size_t rehashed_ = 0;        // buckets of parts_[0] below this one are empty
  bool resizing_ = false;
};

}  // namespace mockcluster::inline v0
