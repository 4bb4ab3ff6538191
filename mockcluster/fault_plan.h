#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mockcluster::inline v0 {

// The faults that a plan can cause between two commands.
enum class Fault : uint8_t {
  kBeginMigration,         // a slot opens on its owner and on another primary
  kMigrateKeys,            // some keys of an open slot move
  kFinishMigration,        // the remaining keys move, the destination takes the slot
  kAbortMigration,         // the keys move back, the slot is stable again
  kAbortLeavingCopies,     // as above, but the destination keeps copies: orphans
  kAbortLeavingOrphans,    // lossy: moved keys stay where clients cannot reach them
  kBeginAtomicMigration,   // the destination imports a hidden copy of a slot
  kFinishAtomicMigration,  // the destination takes an imported slot in one step
  kAbortAtomicMigration,   // the hidden copy is deleted
  kGracefulFailover,       // a replica and its primary change roles
  kForcedFailover,         // a primary dies, its replica takes over, the dead node restarts
  kRestart,                // a process is replaced: same node, data kept
  kRestartEmpty,           // lossy: a process is replaced, its data is lost
  kFailWhileRejoining,     // a restart, after which the cluster state is fail for a while
  kLoading,                // a restart, after which the node is loading for a while
  kJoin,                   // an empty primary joins
  kLeave,                  // a slotless primary leaves
  kGossip,                 // one pending gossip message is delivered
  kSettle,                 // all gossip is delivered
  kForceGrow,              // a node's tables begin to grow
  kForceShrink,            // a node's tables begin to shrink
  kDropBefore,             // the connection dies, the command is not executed
  kDropAfter,              // the connection dies, the command was executed
  kTruncateReply,          // the connection dies in the middle of the reply
  kDelay,                  // virtual time passes
  kLoseReplica,            // a replica restarts empty and syncs again
  // Misbehaviour, which may last.
  kDemoteDestination,   // the destination of an open slot and its replica change roles
  kDeafen,              // a node stops receiving gossip
  kHearAgain,           // a deaf node receives gossip again
  kReload,              // a primary reloads its data set, and holds only part of it meanwhile
  kChangeServer,        // a restart as another server: upgrade or downgrade in place
  kPartition,           // a primary is cut off and its replica elected; both keep running
  kHealPartition,       // a node that was cut off is reconnected
  kAllowReadsWhenDown,  // a node's cluster-allow-reads-when-down changes
  kHang,                // a node stops answering
  kResume,              // a hung node resumes
  kPassAddress,         // a primary is replaced and moves; the neighbour's node gets its address
  kFillMemory,          // a node reaches its maxmemory, or gets free memory again
  kResetStatistics,     // CONFIG RESETSTAT on a node
  kHandOverUnheard,     // graceful-failover, of which the old primary learns later
  kCount,
};

inline constexpr size_t kFaultCount = static_cast<size_t>(Fault::kCount);

// The name as the event log prints it, e.g. "begin-migration".
std::string_view FaultName(Fault fault);
// True if the fault may delete keys that clients could reach, or make them unreachable.
bool IsLossy(Fault fault);
// True for faults that may last and cause errors for clients, but lose nothing.
bool IsMisbehaviour(Fault fault);

// A schedule of faults: before each command of a client, with probability
// `faults_per_1000_commands` / 1000, one fault drawn by weight. A fault that cannot happen in the
// present state (no slot is open, no replica is left) is skipped and not logged. A value: equal
// plans on equal clusters with equal commands cause equal faults.
struct FaultPlan {
  uint64_t seed = 0;
  uint32_t faults_per_1000_commands = 0;
  uint32_t faults_max = 0;  // the plan stops after this many faults; 0: no limit
  std::array<uint32_t, kFaultCount> weights{};

  uint32_t& weight(Fault fault) { return weights[static_cast<size_t>(fault)]; }
  uint32_t weight(Fault fault) const { return weights[static_cast<size_t>(fault)]; }

  // Every fault that is neither lossy nor misbehaviour, weighted so that open migrations usually
  // end.
  static FaultPlan Everything(uint64_t seed, uint32_t faults_per_1000_commands,
                              uint32_t faults_max);
  // The same, plus misbehaviour.
  static FaultPlan EverythingAndMisbehaviour(uint64_t seed, uint32_t faults_per_1000_commands,
                                             uint32_t faults_max);
};

}  // namespace mockcluster::inline v0
