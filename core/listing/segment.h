#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/listing/key_prefetch.h"
#include "core/listing/keys_batch.h"
#include "core/listing/large_slot.h"
#include "core/listing/migrating_slot.h"
#include "core/listing/strategy.h"
#include "core/listing/values_read.h"
#include "core/listing/walk_knowledge.h"

namespace atestore::inline v0 {

// A part of a page: the keys of some slots, then the values of these keys.
struct Segment {
  size_t first = 0;          // slot
  size_t requested_end = 0;  // slots below are asked for, as far as there is an owner
  // One of these reads the keys …
  std::unique_ptr<KeysBatch> batch = nullptr;
  std::unique_ptr<MigratingSlot> migrating = nullptr;
  std::unique_ptr<LargeSlotScan> large = nullptr;
  std::unique_ptr<KeyPrefetch::Prefetched> prefetched = nullptr;  // … or they were prefetched.
  // After TakeKeys(): all slots below are in keys() or have nothing to list.
  bool keys_complete = false;
  size_t end = 0;
  // After ReadValues(): reads the values of the first `fetch` keys.
  std::unique_ptr<ValuesRead> values = nullptr;
  size_t values_count = 0;
  // For RequestRoutes.
  size_t sent = 0;
  size_t in_flight = 0;

  // What reads just now; null: nothing has to be asked before TakeKeys().
  ListingStep* step() const;
  KeyList& keys() const;

  // When the step that reads keys is done. `listing_end`: the slot before which the listing ends.
  void TakeKeys(WalkKnowledge& known, size_t listing_end);
  // What kept the keys of the first slot from being read; nullopt: nothing. After TakeKeys().
  std::optional<ReadObstacle> FindObstacle(size_t whole_slot_keys) const;
  // Begins to read the values of the first `count_max` keys of slots below `end`.
  void ReadValues(size_t count_max, ValuesRead::Bounds bounds, RecordSink* sink);
};

}  // namespace atestore::inline v0
