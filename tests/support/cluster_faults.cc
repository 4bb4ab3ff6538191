#include "tests/support/cluster_faults.h"

#include <algorithm>

#include "core/status.h"
#include "tests/support/slot_move.h"

namespace atestore {
namespace {

// A restart takes a fraction of a second, far below this.
constexpr absl::Duration kLongNodeTimeout = absl::Seconds(15);
constexpr absl::Duration kShortNodeTimeout = absl::Seconds(1);
// A primary votes again for the same shard after twice this.
constexpr absl::Duration kVotingNodeTimeout = absl::Seconds(2);
constexpr absl::Duration kPromotionLimit = absl::Seconds(20);
constexpr size_t kSlotsResharded = 700;     // of each primary
constexpr size_t kSlotsRebalanced = 400;    // of each primary, onto the new node
constexpr size_t kSlotsHalfMigrated = 100;  // of each primary
constexpr size_t kSlotsAborted = 60;        // of each primary
constexpr const char* kManyKeys = "1000000";

// Runs `step` for every primary there is now.
absl::Status ForEachPrimary(RealCluster& cluster,
                            const std::function<absl::Status(size_t primary)>& step) {
  absl::StatusOr<std::vector<size_t>> primaries = cluster.Primaries();
  if (!primaries.ok()) return primaries.status();
  for (size_t primary : *primaries) {
    if (absl::Status status = step(primary); !status.ok()) return status;
  }
  return cluster.WaitUntilSettled();
}

// Up to `count` slots of a node, evenly spread over all it owns.
absl::StatusOr<std::vector<Slot>> SomeSlots(RealCluster& cluster, size_t node, size_t count) {
  absl::StatusOr<std::vector<ServerLine>> view = cluster.View(node);
  if (!view.ok()) return view.status();
  std::vector<Slot> owned;
  for (const ServerLine& line : *view) {
    if (line.node != node) continue;
    for (auto [first, last] : line.slots) {
      for (size_t slot = first; slot <= last; ++slot) owned.push_back(static_cast<Slot>(slot));
    }
  }
  std::vector<Slot> some;
  size_t step = std::max<size_t>(1, owned.size() / count);
  for (size_t i = 0; i < owned.size() && some.size() < count; i += step) some.push_back(owned[i]);
  return some;
}

// Moves of some slots of every primary, towards the next primary.
absl::StatusOr<std::vector<SlotMove>> SomeMoves(RealCluster& cluster, size_t count_of_each) {
  absl::StatusOr<std::vector<size_t>> primaries = cluster.Primaries();
  if (!primaries.ok()) return primaries.status();
  std::vector<SlotMove> moves;
  for (size_t i = 0; i < primaries->size(); ++i) {
    size_t from = (*primaries)[i];
    absl::StatusOr<std::vector<Slot>> slots = SomeSlots(cluster, from, count_of_each);
    if (!slots.ok()) return slots.status();
    for (Slot slot : *slots) {
      moves.push_back({slot, from, (*primaries)[(i + 1) % primaries->size()]});
    }
  }
  return moves;
}

absl::Status RestartEveryPrimary(RealCluster& cluster, FaultLog& /*log*/) {
  return ForEachPrimary(cluster, [&](size_t primary) {
    absl::Status status = cluster.Stop(primary, StopMode::kKill);
    return status.ok() ? cluster.Launch(primary) : status;
  });
}

absl::Status FailOverEveryPrimary(RealCluster& cluster, FailoverMode mode) {
  return ForEachPrimary(cluster, [&](size_t primary) -> absl::Status {
    absl::StatusOr<std::vector<size_t>> replicas = cluster.ReplicasOf(primary);
    if (!replicas.ok()) return replicas.status();
    if (replicas->empty()) return NotFoundError("a primary has no replica");
    absl::Status status = cluster.Failover(replicas->front(), mode);
    // The next election needs everybody's vote.
    return status.ok() ? cluster.WaitUntilSettled() : status;
  });
}

absl::Status Reshard(RealCluster& cluster, FaultLog& /*log*/) {
  absl::StatusOr<std::vector<SlotMove>> moves = SomeMoves(cluster, kSlotsResharded);
  if (!moves.ok()) return moves.status();
  absl::Status status = MoveSlots(cluster, *moves);
  return status.ok() ? cluster.WaitUntilSettled() : status;
}

// Of a slot with several keys at least one is on either side.
absl::Status MoveHalf(RealCluster& cluster, const SlotMove& move) {
  absl::StatusOr<HiredisReply> keys =
      cluster.Run(move.from, {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(move.slot)});
  if (!keys.ok()) return keys.status();
  absl::Status status = BeginMove(cluster, move);
  if (!status.ok()) return status;
  return MoveKeys(cluster, move, static_cast<size_t>((keys->integer + 1) / 2)).status();
}

absl::Status LeaveSlotsHalfMigrated(RealCluster& cluster, FaultLog& /*log*/) {
  absl::StatusOr<std::vector<SlotMove>> moves = SomeMoves(cluster, kSlotsHalfMigrated);
  if (!moves.ok()) return moves.status();
  for (const SlotMove& move : *moves) {
    if (absl::Status status = MoveHalf(cluster, move); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Half the keys of each slot are moved and moved back. The source takes them back only after its
// mark is cleared, and until then nobody is sent to the other node: the keys are hidden meanwhile.
absl::Status AbortMigrations(RealCluster& cluster, FaultLog& log) {
  absl::StatusOr<std::vector<SlotMove>> moves = SomeMoves(cluster, kSlotsAborted);
  if (!moves.ok()) return moves.status();
  for (const SlotMove& move : *moves) {
    absl::Status status = MoveHalf(cluster, move);
    if (!status.ok()) return status;
    absl::StatusOr<HiredisReply> moved =
        cluster.Run(move.to, {"CLUSTER", "GETKEYSINSLOT", std::to_string(move.slot), kManyKeys});
    if (!moved.ok()) return moved.status();
    for (const HiredisReply& key : moved->elements) log.hidden_keys.insert(key.text);
    status = AbortMove(cluster, move);
    if (!status.ok()) return status;
  }
  return cluster.WaitUntilSettled();
}

// The node is dead until its replica has taken over; then it comes back as a replica.
absl::Status KillAndReplaceAPrimary(RealCluster& cluster, FaultLog& /*log*/) {
  absl::StatusOr<size_t> victim = cluster.OwnerOf(0);
  if (!victim.ok()) return victim.status();
  absl::Status status = cluster.Stop(*victim, StopMode::kKill);
  if (!status.ok()) return status;
  bool replaced = Poll(kPromotionLimit, [&] {
    absl::StatusOr<size_t> owner = cluster.OwnerOf(0);
    return owner.ok() && *owner != *victim && cluster.WaitUntilSettled(absl::ZeroDuration()).ok();
  });
  if (!replaced) return DeadlineExceededError("no replica was promoted");
  status = cluster.Launch(*victim);
  return status.ok() ? cluster.WaitUntilSettled() : status;
}

absl::Status AddANodeAndRebalance(RealCluster& cluster, FaultLog& /*log*/) {
  absl::StatusOr<size_t> added = cluster.AddNode();
  if (!added.ok()) return added.status();
  absl::StatusOr<std::vector<SlotMove>> moves = SomeMoves(cluster, kSlotsRebalanced);
  if (!moves.ok()) return moves.status();
  for (SlotMove& move : *moves) move.to = *added;
  absl::Status status = MoveSlots(cluster, *moves);
  return status.ok() ? cluster.WaitUntilSettled() : status;
}

}  // namespace

std::vector<ClusterFault> AllClusterFaults() {
  RealClusterOptions replicated{.primaries = 3, .replicas = 1, .node_timeout = kVotingNodeTimeout};
  RealClusterOptions persistent = replicated;
  persistent.persistent = true;
  persistent.node_timeout = kLongNodeTimeout;
  RealClusterOptions nervous = replicated;
  nervous.node_timeout = kShortNodeTimeout;
  RealClusterOptions primaries_only{.primaries = 3, .node_timeout = kLongNodeTimeout};
  auto fail_over = [](FailoverMode mode) {
    return [mode](RealCluster& cluster, FaultLog& /*log*/) {
      return FailOverEveryPrimary(cluster, mode);
    };
  };
  return {
      {.name = "RestartOfEveryPrimary", .options = persistent, .apply = RestartEveryPrimary},
      {.name = "GracefulFailover",
       .options = replicated,
       .apply = fail_over(FailoverMode::kGraceful)},
      {.name = "ForcedFailover", .options = replicated, .apply = fail_over(FailoverMode::kForce)},
      {.name = "Resharding", .options = primaries_only, .apply = Reshard},
      {.name = "SlotsHalfMigrated",
       .options = primaries_only,
       .apply = LeaveSlotsHalfMigrated,
       .is_state = true},
      {.name = "MigrationsAborted", .options = primaries_only, .apply = AbortMigrations},
      {.name = "PrimaryKilledAndReplaced",
       .options = nervous,
       .apply = KillAndReplaceAPrimary,
       .has_outage = true},
      {.name = "NodeAddedAndRebalancedOnto",
       .options = primaries_only,
       .apply = AddANodeAndRebalance},
  };
}

}  // namespace atestore
