#include "core/listing/segment.h"

#include <algorithm>
#include <utility>

namespace atestore::inline v0 {
namespace {

// Nothing was covered: what does that say about the way to read the first slot?
ReadObstacle WhyNotCovered(const KeysBatch& batch, Slot slot, size_t whole_slot_keys) {
  if (batch.oversize()[slot]) {
    const size_t keys_max = batch.units()[0].keys_max;
    return TooManyKeys{.for_any_whole_read = keys_max >= whole_slot_keys};
  }
  if (batch.error(0)) return *batch.error(0);
  if (batch.probe_taken()) return ProbeExists{};
  if (batch.layout_violated()) return NoPerSlotTables{};
  return NotCovered{};
}

std::optional<ReadObstacle> ObstacleOf(const LargeSlotScan& large) {
  if (large.error()) return *large.error();
  if (large.probe_taken()) return ProbeExists{};
  if (large.layout_violated()) return NoPerSlotTables{};
  if (large.other_process()) return OtherProcess{};
  return std::nullopt;
}

}  // namespace

ListingStep* Segment::step() const {
  if (values) return values.get();
  if (batch) return batch.get();
  if (migrating) return migrating.get();
  return large.get();
}

KeyList& Segment::keys() const {
  if (prefetched) return prefetched->keys;
  if (batch) return batch->keys();
  return migrating ? migrating->keys() : large->keys();
}

void Segment::TakeKeys(WalkKnowledge& known, size_t listing_end) {
  if (std::exchange(keys_complete, true)) return;
  if (prefetched) {
    known.estimates.OnKeys(prefetched->density);
    end = prefetched->end;
  } else if (batch) {
    known.OnBatch(*batch);
    end = first;
    while (end < listing_end && batch->covered()[end]) ++end;
  } else {
    end = first + 1;
  }
}

std::optional<ReadObstacle> Segment::FindObstacle(size_t whole_slot_keys) const {
  std::optional<ReadObstacle> met;
  if (large) {
    met = ObstacleOf(*large);
  } else if (migrating && migrating->error()) {
    met = *migrating->error();
  } else if (end == first) {
    met = WhyNotCovered(*batch, static_cast<Slot>(first), whole_slot_keys);
  }
  // ASK names the slot that migrates. Of another slot it says nothing about this one.
  const auto* error = met ? std::get_if<ReadError>(&*met) : nullptr;
  const bool of_another_slot =
      error != nullptr && error->kind == ServerErrorKind::kAsk && error->slot != first;
  return of_another_slot ? NotCovered{} : met;
}

void Segment::ReadValues(size_t count_max, ValuesRead::Bounds bounds, RecordSink* sink) {
  KeyList& list = keys();
  list.Sort();
  size_t count = list.size();
  while (count > 0 && list[count - 1].slot >= end) --count;
  list.Truncate(count);
  values_count = std::min(count, count_max);
  if (migrating) {
    values =
        std::make_unique<ValuesRead>(&list, values_count, migrating->migration(), bounds, sink);
    return;
  }
  std::vector<Endpoint> nodes;
  if (prefetched) {
    nodes = prefetched->nodes;
    bounds.checks_nodes = true;
  } else if (large) {
    nodes = {large->owner()};
  } else {
    for (const KeysUnit& unit : batch->units()) nodes.push_back(unit.endpoint);
  }
  values = std::make_unique<ValuesRead>(&list, values_count, std::move(nodes), bounds, sink);
}

}  // namespace atestore::inline v0
