#pragma once

#include <cstddef>
#include <optional>
#include <variant>

#include "core/listing/migrating_slot.h"
#include "core/listing/step.h"

namespace atestore::inline v0 {

// How the slot at the position is read.
struct ReadBatch {  // together with the following slots
  bool operator==(const ReadBatch&) const = default;
};
struct ReadSlotUpToLimit {  // alone, if it holds at most whole_slot_keys keys
  bool operator==(const ReadSlotUpToLimit&) const = default;
};
struct ReadSlotUnlimited {  // alone, however many keys it holds
  bool operator==(const ReadSlotUnlimited&) const = default;
};
struct ReadMigratingSlot {  // its source, then its destination
  Migration migration;
  bool operator==(const ReadMigratingSlot&) const = default;
};
struct ReadLargeSlot {               // by SCAN calls inside the slot
  std::optional<size_t> count = {};  // COUNT of the next call, once chosen
  bool operator==(const ReadLargeSlot&) const = default;
};
using Strategy =
    std::variant<ReadBatch, ReadSlotUpToLimit, ReadSlotUnlimited, ReadMigratingSlot, ReadLargeSlot>;

// Why the keys of the slot could not be read.
struct TooManyKeys {
  bool for_any_whole_read = false;  // false: too many for a batch only
};
struct NotCovered {};       // the node does not own the slot, or SCAN stopped inside the slot
struct ProbeExists {};      // the key of the probe exists
struct NoPerSlotTables {};  // the reply is not from a server with per-slot tables
struct OtherProcess {};     // the cursor belongs to another process
struct UnknownNode {        // the slot migrates to a node that the topology does not list
  Endpoint node = {};
};
using ReadObstacle = std::variant<TooManyKeys, NotCovered, ProbeExists, NoPerSlotTables,
                                  OtherProcess, UnknownNode, ReadError>;

// The error for the caller when nothing helps.
absl::Status StatusOf(const ReadObstacle& met, Slot slot);

// What is known about the servers.
struct ServerFacts {
  bool per_slot_tables = false;
  bool without_multi = false;  // they refuse every command inside MULTI
};

// What to do next with the slot. It has no outcome that moves on to the next slot: only reading the
// slot's keys does that.
struct Transition {
  enum class Then {
    kRead,     // read at once, in another way, so this cannot repeat for ever
    kReread,   // read at once; after a few times in a row, same as kWait
    kRefresh,  // refresh the topology, then read; after a few times in a row, same as kWait
    kWait,     // back off, refresh the topology, then read
    kFail,     // fail: retrying would not help
  };
  Strategy strategy;
  Then then = Then::kRead;
};

Transition NextStrategy(const Strategy& strategy, const ReadObstacle& met, const ServerFacts& facts,
                        int probe_variant);

}  // namespace atestore::inline v0
