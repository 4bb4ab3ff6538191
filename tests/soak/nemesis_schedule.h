#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// What the nemesis does to a cluster. Each lasts for a while and is undone at its end, unless it is
// an event.
enum class NemesisFault {
  kStop,                   // SIGSTOP … SIGCONT
  kCutOneWay,              // the bus from one node to another one
  kCutBoth,                // a node's bus with all others, in both directions
  kDropPackets,            // one kind of bus packet on its way to a node
  kDropFilter,             // the same by DEBUG DROP-CLUSTER-PACKET-FILTER
  kReload,                 // DEBUG RELOAD
  kFailover,               // graceful
  kFailoverForced,         // FORCE or TAKEOVER
  kFailoverOfSource,       // of a slot that is half migrated; its other end may be deaf to it
  kFailoverOfDestination,  // of the same
  kMigrationHalf,          // opened key by key, half of the keys moved
  kMigrationFinished,      // an open one, or all of a new one
  kMigrationAborted,       // its keys moved back
  kAtomicMigration,        // CLUSTER MIGRATESLOTS
  kAtomicCancelled,        // … and cancelled at once
  kKill,                   // SIGKILL, started again at the end
  kShutdown,               // SHUTDOWN, the same
  kReadsWhenDown,          // cluster-allow-reads-when-down, while a primary's bus is cut
  kNodeTimeout,            // cluster-node-timeout
  kMemoryFull,             // maxmemory below what is used
  kNoReplicas,             // min-replicas-to-write
  kMaxClients,             // maxclients, and all clients must come back
  kResetStat,              // CONFIG RESETSTAT on every node
  kNodeJoins,
  kNodeLeaves,
  kClientsKilled,  // CLIENT KILL
};

std::string_view ToString(NemesisFault fault);
// All that a kind of server can do.
std::vector<NemesisFault> NemesisFaultsOf(ServerKind kind);

struct NemesisStep {
  int64_t at_ms = 0;  // since the round began
  NemesisFault fault = NemesisFault::kStop;
  int64_t duration_ms = 0;
  // What chance has drawn: which node, which slot, which packets, among those that there are then.
  uint32_t first = 0;
  uint32_t second = 0;

  bool operator==(const NemesisStep&) const = default;
};

using NemesisRound = std::vector<NemesisStep>;  // in order of time

// All that the seed decides. The faults are dealt like cards: each happens once before any happens
// again, which takes two rounds; most overlap with others.
struct NemesisSchedule {
  ServerKind kind = ServerKind::kValkey;
  std::vector<NemesisRound> rounds;

  bool operator==(const NemesisSchedule&) const = default;
};

// Rounds come one after the other from a seed: the first n are those of any longer run.
class NemesisDraw {
 public:
  NemesisDraw(ServerKind kind, uint64_t seed) : kind_(kind), state_(seed) {}
  NemesisRound NextRound();

 private:
  uint64_t Next();
  uint64_t Below(uint64_t bound) { return Next() % bound; }

  const ServerKind kind_;
  uint64_t state_;
  std::vector<NemesisFault> deck_;
};

// Text, a step a line: what a run prints is what --replay reads. INVALID_ARGUMENT names the line.
std::string FormatSchedule(const NemesisSchedule& schedule);
absl::StatusOr<NemesisSchedule> ParseSchedule(const std::string& text);

}  // namespace atestore
