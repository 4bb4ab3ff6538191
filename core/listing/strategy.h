#pragma once

#include <cstddef>
#include <optional>
#include <variant>

#include "core/listing/migrating_slot.h"
#include "core/listing/step.h"

namespace atestore {

// How the slot at the position is read.
struct ReadBatch {  // together with the slots that follow
  bool operator==(const ReadBatch&) const = default;
};
struct ReadSlot {  // alone, unless it holds more keys than a slot that is read whole
  bool operator==(const ReadSlot&) const = default;
};
struct ReadWholeSlot {  // alone, whatever it holds
  bool operator==(const ReadWholeSlot&) const = default;
};
struct ReadMigratingSlot {  // its source, then its destination
  Migration migration;
  bool operator==(const ReadMigratingSlot&) const = default;
};
struct ReadLargeSlot {               // by SCAN calls inside it
  std::optional<size_t> count = {};  // COUNT of the next one, once chosen
  bool operator==(const ReadLargeSlot&) const = default;
};
using Strategy = std::variant<ReadBatch, ReadSlot, ReadWholeSlot, ReadMigratingSlot, ReadLargeSlot>;

// What kept a read from the slot's keys.
struct TooManyKeys {
  bool for_any_whole_read = false;  // else only for a share of a batch
};
struct NotCovered {};       // the node says that the slot is not its own, or SCAN stopped inside it
struct ProbeExists {};      // the key of the probe exists
struct NoPerSlotTables {};  // the answer is not that of a server with per-slot tables
struct OtherProcess {};     // the cursor belongs to another process
struct UnknownNode {};      // it migrates to a node that nobody in the cluster knows
using Impediment = std::variant<TooManyKeys, NotCovered, ProbeExists, NoPerSlotTables, OtherProcess,
                                UnknownNode, ReadError>;

// What is known of the servers.
struct ServerFacts {
  bool per_slot_tables = false;
  bool without_multi = false;  // they refuse what stands inside MULTI
};

// What to do next about the slot. There is no way on to the next slot in it: that takes the slot's
// keys.
struct Transition {
  enum class Then {
    kRead,     // at once: what is read next differs, so this cannot go on for ever
    kReread,   // at once, a few times in a row; then as kWait
    kRefresh,  // learn the topology first; after a few times in a row, as kWait
    kWait,     // back off, then learn the topology
    kFail,     // trying again would not help
  };
  Strategy strategy;
  Then then = Then::kRead;
};

Transition Next(const Strategy& strategy, const Impediment& met, const ServerFacts& facts,
                int probe_variant);

}  // namespace atestore
