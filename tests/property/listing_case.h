#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "core/listing/list_walk.h"
#include "mockcluster/fault_plan.h"
#include "mockcluster/options.h"

namespace atestore {

// How the actors of a case lie in the slots.
enum class Spread {
  kUniform,    // by their names
  kFewSlots,   // in a dozen slots, by hash tags
  kLargeSlot,  // most of them in one slot, more than are read whole
};

// A fault that happens so many commands after the one before it, where the cluster's seed says; one
// that cannot happen then does not.
struct PlannedFault {
  uint32_t after_commands = 0;
  mockcluster::Fault fault = mockcluster::Fault::kRestart;
};

// One generated case: everything that a run depends on. A failing one can be printed and pasted
// into a regression test.
struct ListingCase {
  uint64_t seed = 0;
  mockcluster::Flavor flavor = mockcluster::Flavor::kValkey80;
  size_t primaries = 3;
  size_t replicas = 1;
  // The slots that are listed. Of less than all, nearly all actors lie in these, so that a case
  // takes a tenth of the time.
  Slot first_slot = 0;
  size_t end_slot = kSlotCount;
  Spread spread = Spread::kUniform;
  size_t actors = 100;
  size_t foreign_keys = 10;
  size_t taken_probes = 0;  // slots in which the key that a listing probes exists
  size_t poison_records = 0;
  size_t large_records = 0;    // larger than a page
  size_t dropped_records = 0;  // larger than what a reader keeps of a reply
  size_t page_size = 10;
  size_t page_bytes = 1 << 20;
  size_t whole_slot_keys = 2000;
  size_t scan_count_max = 1000;
  size_t segment_keys = kSegmentKeys;
  size_t values_part_keys = kValuesPartKeys;
  int round_trip_us = 0;    // that the walk is told
  bool read_ahead = false;  // by a PageSequence, which lives as long as it gets anywhere
  int hash_bits = 64;       // fewer: many names of equal hash
  uint32_t faults_per_1000_commands = 0;
  uint32_t faults_max = 0;
  bool misbehaviour = false;  // faults that last, and others than orderly ones
  // Kinds of faults that do not exist in this case, a bit for each: what many kinds together hide,
  // a few show.
  uint64_t faults_without = 0;
  // Instead of faults by chance: a list that can be cut down and pasted.
  std::vector<PlannedFault> schedule = {};
  bool stale_views = false;  // news travel by gossip, not at once
  uint32_t churn_per_page = 0;
  int refreshes_max = 60;     // after so many a page gives up, as one does whose time is over
  std::string atespace;       // empty: all
  bool keys_only = false;     // no values are read
  uint32_t wanted_per_8 = 8;  // of so many keys the sink wants so many records
};

inline std::ostream& operator<<(std::ostream& out, const std::vector<PlannedFault>& schedule) {
  out << "{";
  for (const PlannedFault& planned : schedule) {
    out << "{" << planned.after_commands << ", static_cast<mockcluster::Fault>("
        << static_cast<int>(planned.fault) << ")}, ";
  }
  return out << "}";
}

// Whether the sink of a case wants this key's record.
inline bool IsWanted(const ListingCase& c, std::string_view key) {
  return HashKey(key) % 8 < c.wanted_per_8;
}

inline std::ostream& operator<<(std::ostream& out, const ListingCase& c) {
  return out << "{.seed=" << c.seed << " .flavor=" << static_cast<int>(c.flavor)
             << " .primaries=" << c.primaries << " .replicas=" << c.replicas
             << " .first_slot=" << c.first_slot << " .end_slot=" << c.end_slot
             << " .spread=" << static_cast<int>(c.spread) << " .actors=" << c.actors
             << " .foreign_keys=" << c.foreign_keys << " .taken_probes=" << c.taken_probes
             << " .poison_records=" << c.poison_records << " .page_size=" << c.page_size
             << " .page_bytes=" << c.page_bytes << " .whole_slot_keys=" << c.whole_slot_keys
             << " .scan_count_max=" << c.scan_count_max << " .segment_keys=" << c.segment_keys
             << " .values_part_keys=" << c.values_part_keys << " .round_trip_us=" << c.round_trip_us
             << " .read_ahead=" << c.read_ahead << " .hash_bits=" << c.hash_bits
             << " .faults_per_1000_commands=" << c.faults_per_1000_commands
             << " .faults_max=" << c.faults_max << " .misbehaviour=" << c.misbehaviour
             << " .faults_without=" << c.faults_without << " .schedule=" << c.schedule
             << " .stale_views=" << c.stale_views << " .churn_per_page=" << c.churn_per_page
             << " .refreshes_max=" << c.refreshes_max << " .keys_only=" << c.keys_only
             << " .wanted_per_8=" << c.wanted_per_8 << " .atespace='" << c.atespace << "'}";
}

}  // namespace atestore
