#include "core/listing/segment.h"

#include <algorithm>
#include <utility>

namespace atestore::inline v0 {
namespace {

// Nothing was covered: what does that say about the way to read the first slot?
Impediment WhyNotCovered(const KeysBatch& batch, Slot slot, size_t whole_slot_keys) {
  if (batch.oversize()[slot]) {
    const size_t keys_max = batch.units()[0].keys_max;
    return TooManyKeys{.for_any_whole_read = keys_max >= whole_slot_keys};
  }
  if (batch.error(0)) return *batch.error(0);
  if (batch.probe_taken()) return ProbeExists{};
  if (batch.layout_violated()) return NoPerSlotTables{};
  return NotCovered{};
}

std::optional<Impediment> ImpedimentOf(const LargeSlotScan& large) {
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
  if (found) return found->keys;
  if (batch) return batch->keys();
  return migrating ? migrating->keys() : large->keys();
}

void Segment::TakeKeys(WalkKnowledge& known, size_t listing_end) {
  if (std::exchange(keys_taken, true)) return;
  if (found) {
    known.estimates.OnKeys(found->density);
    end = found->end;
  } else if (batch) {
    known.OnBatch(*batch);
    end = first;
    while (end < listing_end && batch->covered()[end]) ++end;
  } else {
    end = first + 1;
  }
}

std::optional<Impediment> Segment::FindImpediment(size_t whole_slot_keys) const {
  if (large) return ImpedimentOf(*large);
  if (migrating && migrating->error()) return *migrating->error();
  if (end > first) return std::nullopt;
  return WhyNotCovered(*batch, static_cast<Slot>(first), whole_slot_keys);
}

void Segment::ReadValues(size_t count_max, const ValuesRead::Bounds& bounds, RecordSink* sink) {
  KeyList& list = keys();
  list.Sort();
  size_t count = list.size();
  while (count > 0 && list[count - 1].slot >= end) --count;
  list.Truncate(count);
  fetch = std::min(count, count_max);
  if (migrating) {
    values = std::make_unique<ValuesRead>(&list, fetch, migrating->migration(), bounds, sink);
    return;
  }
  std::vector<Endpoint> nodes;
  if (found) {
    nodes = found->nodes;
  } else if (large) {
    nodes = {large->owner()};
  } else {
    for (const KeysUnit& unit : batch->units()) nodes.push_back(unit.endpoint);
  }
  values = std::make_unique<ValuesRead>(&list, fetch, std::move(nodes), bounds, sink);
}

}  // namespace atestore::inline v0
