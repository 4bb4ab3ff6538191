#pragma once

#include <cstddef>

#include "core/listing/keys_batch.h"

namespace atestore {

// A slot with at most this many keys is read whole, and its records are listed exactly once.
inline constexpr size_t kWholeSlotKeys = 2000;
// The most keys that one SCAN call looks at. Bounds how long a call holds the server's only thread:
// 1,000 keys take about 0.6 ms (docs/performance.md).
inline constexpr size_t kScanCountMax = 1000;
// About how many keys one transaction of GETKEYSINSLOT commands may visit, at 0.3 to 0.4 µs each:
// all of a page of 1,000. A second transaction would cost the server another CLUSTER INFO and
// CLUSTER NODES, 22 and 29 µs.
inline constexpr size_t kSlotsUnitKeys = 1500;
inline constexpr size_t kSlotsUnitSlotsMax = 256;
// Where most keys are wanted, fewer slots are read by a transaction each. That costs a node 0.7 µs
// more a slot, but no CLUSTER NODES: 13 to 18 µs in a cluster of three nodes, more in a larger one.
// Where few are, listings go by the number of transactions (kPrefetchUnits).
inline constexpr size_t kSlotsUnitSlotsMin = 10;
// About how many keys one round may visit, so that a pipelined round does not hold a server long.
inline constexpr size_t kRoundKeysMax = 6000;

// What is known about the population, to ask for the right amount. Only speed depends on it.
struct WalkHints {
  double keys_per_slot = 1;   // keys of any kind
  double wanted_ratio = 1;    // of them, those that the filter wants
  double record_bytes = 512;  // of a record on a page
  double value_bytes = 512;   // of its value on the server

  // The same, as something that can be divided by, whatever was learnt or handed in.
  WalkHints Clamped() const;
  double wanted_per_slot() const { return keys_per_slot * wanted_ratio; }
};

// How keys are looked for.
struct KeysReading {
  // Every primary has per-slot tables (Valkey ≥ 8.0, Redis ≥ 7.4). When it proves false the walk
  // goes on without.
  bool per_slot_tables = false;
  // A server refuses every command inside MULTI: see BracketedSlots. Found out by the walk.
  bool without_multi = false;
  size_t whole_slot_keys = kWholeSlotKeys;
  size_t scan_count_max = kScanCountMax;
};

// What the next keys are for.
struct KeysWanted {
  size_t keys = 0;              // that there is room for
  size_t segment_keys = 0;      // about as many are to be read at a time
  bool begins_in_slot = false;  // a part of the first slot is done
};

// What to ask for, from the density that was observed.
struct KeysPlan {
  KeysUnit::Kind kind = KeysUnit::Kind::kProbedSlots;
  size_t slots_max = 1;       // of a whole round
  size_t slots_per_unit = 1;  // of one node
  size_t keys_max = 0;        // KeysUnit::keys_max

  // About a segment of what is wanted; all of it, so that one round mostly suffices, where that is
  // not much more than a segment.
  static KeysPlan For(const KeysWanted& wanted, const WalkHints& hints, const KeysReading& reading);
};

}  // namespace atestore
