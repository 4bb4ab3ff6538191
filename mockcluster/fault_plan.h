#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mockcluster {

// Everything that may happen to a cluster between two commands.
enum class Fault : uint8_t {
  kBeginMigration,         // a slot opens on its owner and on another primary
  kMigrateKeys,            // some keys of an open slot move
  kFinishMigration,        // the rest moves, the destination takes the slot
  kAbortMigration,         // the keys move back, the slot is stable again
  kAbortLeavingCopies,     // as above, but the destination keeps copies: orphans
  kAbortLeavingOrphans,    // lossy: moved keys stay where no client finds them
  kBeginAtomicMigration,   // the destination imports a hidden copy of a slot
  kFinishAtomicMigration,  // the destination takes an imported slot in one step
  kAbortAtomicMigration,   // the hidden copy is thrown away
  kGracefulFailover,       // a replica and its primary change roles
  kForcedFailover,         // a primary dies, its replica takes over, the dead one comes back
  kRestart,                // a process is replaced: same node, data kept
  kRestartEmpty,           // lossy: … without its data
  kFailWhileRejoining,     // a restart, after which the cluster state is fail for a while
  kLoading,                // a restart, after which the node is loading for a while
  kJoin,                   // an empty primary joins
  kLeave,                  // a slotless primary leaves
  kGossip,                 // some pending news reach some node
  kSettle,                 // all news reach every node
  kForceGrow,              // a node's tables begin to grow
  kForceShrink,            // a node's tables begin to shrink
  kDropBefore,             // the connection dies, the command is not executed
  kDropAfter,              // the connection dies, the command was executed
  kTruncateReply,          // the connection dies in the middle of the reply
  kDelay,                  // virtual time passes
  kLoseReplica,            // a replica restarts empty and syncs again
  // Misbehaviour, which a cluster may show for long.
  kDemoteDestination,   // the destination of an open slot and its replica change roles
  kDeafen,              // a node hears no news any more
  kHearAgain,           // a deaf node hears again
  kReload,              // a primary reads its data set again, and has only part of it meanwhile
  kChangeServer,        // a restart as another server: upgrade or downgrade in place
  kPartition,           // a primary is cut off and its replica elected; both go on
  kHealPartition,       // a node that was cut off comes back
  kAllowReadsWhenDown,  // a node's cluster-allow-reads-when-down changes
  kHang,                // a node does not answer any more
  kResume,              // a node that hangs goes on
  kPassAddress,         // a primary is replaced and moves; the neighbour's node gets its address
  kFillMemory,          // a node's memory is full, or no longer
  kResetStatistics,     // CONFIG RESETSTAT on a node
  kCount,
};

inline constexpr size_t kFaultCount = static_cast<size_t>(Fault::kCount);

// The name as the event log prints it, e.g. "begin-migration".
std::string_view FaultName(Fault fault);
// True when keys that clients could reach before may be out of reach or gone after it.
bool IsLossy(Fault fault);
// True for what a cluster may do for long without losing anything, while clients meet errors.
bool IsMisbehaviour(Fault fault);

// A schedule of faults: before each command of a client, with probability
// `faults_per_1000_commands` / 1000, one fault drawn by weight. One that cannot happen just then
// (no slot is open, no replica is left) is skipped without a trace. A value: equal plans on equal
// clusters under equal commands do the same.
struct FaultPlan {
  uint64_t seed = 0;
  uint32_t faults_per_1000_commands = 0;
  uint32_t faults_max = 0;  // after so many the plan is silent; 0: no bound
  std::array<uint32_t, kFaultCount> weights{};

  uint32_t& weight(Fault fault) { return weights[static_cast<size_t>(fault)]; }
  uint32_t weight(Fault fault) const { return weights[static_cast<size_t>(fault)]; }

  // Every fault that is not lossy and no misbehaviour, weighted so that open migrations usually
  // come to an end.
  static FaultPlan Everything(uint64_t seed, uint32_t faults_per_1000_commands,
                              uint32_t faults_max);
  // Misbehaviour too.
  static FaultPlan EverythingAndMisbehaviour(uint64_t seed, uint32_t faults_per_1000_commands,
                                             uint32_t faults_max);
};

}  // namespace mockcluster
