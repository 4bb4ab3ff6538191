#pragma once

#include <cstddef>

#include "core/listing/keys_batch.h"

namespace atestore::inline v0 {

// A slot with at most this many keys is read whole, so its records are listed exactly once.
inline constexpr size_t kWholeSlotKeys = 2000;
// The most keys that one SCAN call looks at. Bounds how long a call holds the server's only thread:
// 1,000 keys take 0.3 ms at 300,000 actors and 0.6 ms at five million. The rest of the transaction
// takes 0.1 ms, whatever the number of keys.
inline constexpr size_t kScanCountMax = 1500;
// About how many keys one transaction of GETKEYSINSLOT commands may visit, at 0.3 to 0.4 µs each:
// enough for a page of 1,000. A second transaction would cost the server another CLUSTER INFO
// (22 µs) and CLUSTER NODES (29 µs).
inline constexpr size_t kSlotsUnitKeys = 1500;
inline constexpr size_t kSlotsUnitSlotsMax = 256;
// Where most keys are wanted, fewer slots than this are read with one transaction per slot. That
// costs a node 0.7 µs more per slot, but saves CLUSTER NODES: 13 to 18 µs in a cluster of three
// nodes, more in a larger one. Where few keys are wanted, the number of transactions limits the
// speed (kPrefetchUnits).
inline constexpr size_t kSlotsUnitSlotsMin = 10;
// About how many keys one round may visit, so that a pipelined round does not block a server long.
inline constexpr size_t kRoundKeysMax = 6000;

// What is known about the data, to request the right amount. Affects only speed.
struct WalkHints {
  double keys_per_slot = 1;   // keys of any kind
  double wanted_ratio = 1;    // share of the keys that the filter wants
  double record_bytes = 512;  // size of a record on a page
  double value_bytes = 512;   // size of its value on the server

  // A copy with every value clamped to a positive, finite range, so that it is safe to divide by.
  WalkHints Clamped() const;
  double wanted_per_slot() const { return keys_per_slot * wanted_ratio; }
};

// How keys are read.
struct KeysReading {
  // Every primary has per-slot tables (Valkey ≥ 8.0, Redis ≥ 7.4). The walk clears it when a reply
  // proves it false.
  bool per_slot_tables = false;
  // A server refuses every command inside MULTI: see BracketedSlots. The walk sets it.
  bool without_multi = false;
  size_t whole_slot_keys = kWholeSlotKeys;
  size_t scan_count_max = kScanCountMax;
};

// How many keys the next round should find.
struct KeysWanted {
  size_t keys = 0;              // the room left on the page
  size_t segment_keys = 0;      // about how many to read at a time
  bool begins_in_slot = false;  // part of the first slot has been listed
};

// What to request, given the density observed so far.
struct KeysPlan {
  KeysUnit::Kind kind = KeysUnit::Kind::kProbedSlots;
  size_t slots_max = 1;       // in a whole round
  size_t slots_per_unit = 1;  // in one KeysUnit
  size_t keys_max = 0;        // KeysUnit::keys_max

  // Plans about one segment, or everything wanted if that is not much more than a segment, so that
  // one round usually suffices.
  static KeysPlan For(const KeysWanted& wanted, const WalkHints& hints, const KeysReading& reading);
};

}  // namespace atestore::inline v0
