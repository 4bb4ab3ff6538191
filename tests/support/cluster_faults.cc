#include "tests/support/cluster_faults.h"

#include <algorithm>
#include <utility>

#include "core/status.h"
#include "tests/support/slot_move.h"

namespace atestore {
namespace {

// A restart takes a fraction of a second, far below this.
constexpr absl::Duration kLongNodeTimeout = absl::Seconds(15);
constexpr absl::Duration kShortNodeTimeout = absl::Seconds(1);
constexpr absl::Duration kPromotionLimit = absl::Seconds(20);
constexpr size_t kSlotsResharded = 1000;    // of each primary
constexpr size_t kSlotsRebalanced = 400;    // of each primary, onto the new node
constexpr size_t kSlotsHalfMigrated = 100;  // of each primary
constexpr size_t kSlotsAborted = 60;        // of each primary

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

// Runs `step` for some slots of every primary, towards the next primary.
absl::Status ForSomeSlots(RealCluster& cluster, size_t count_of_each,
                          const std::function<absl::Status(const SlotMove&)>& step) {
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
  for (const SlotMove& move : moves) {
    if (absl::Status status = step(move); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RestartEveryPrimary(RealCluster& cluster) {
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

absl::Status Reshard(RealCluster& cluster) {
  absl::Status status = ForSomeSlots(cluster, kSlotsResharded,
                                     [&](const SlotMove& move) { return MoveSlot(cluster, move); });
  return status.ok() ? cluster.WaitUntilSettled() : status;
}

// Of a slot with several keys at least one is on either side.
absl::Status LeaveSlotsHalfMigrated(RealCluster& cluster) {
  return ForSomeSlots(cluster, kSlotsHalfMigrated, [&](const SlotMove& move) {
    absl::StatusOr<HiredisReply> keys =
        cluster.Run(move.from, {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(move.slot)});
    if (!keys.ok()) return keys.status();
    absl::Status status = BeginMove(cluster, move);
    if (!status.ok()) return status;
    return MoveKeys(cluster, move, static_cast<size_t>((keys->integer + 1) / 2)).status();
  });
}

absl::Status AbortMigrations(RealCluster& cluster) {
  absl::Status status = ForSomeSlots(cluster, kSlotsAborted, [&](const SlotMove& move) {
    absl::Status step = BeginMove(cluster, move);
    if (step.ok()) step = MoveKeys(cluster, move, 100).status();
    return step.ok() ? AbortMove(cluster, move) : step;
  });
  return status.ok() ? cluster.WaitUntilSettled() : status;
}

// The node is dead until its replica has taken over; then it comes back as a replica.
absl::Status KillAndReplaceAPrimary(RealCluster& cluster) {
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

absl::Status AddANodeAndRebalance(RealCluster& cluster) {
  absl::StatusOr<size_t> added = cluster.AddNode();
  if (!added.ok()) return added.status();
  absl::Status status = ForSomeSlots(cluster, kSlotsRebalanced, [&](const SlotMove& move) {
    return MoveSlot(cluster, {move.slot, move.from, *added});
  });
  return status.ok() ? cluster.WaitUntilSettled() : status;
}

}  // namespace

std::vector<ClusterFault> AllClusterFaults() {
  RealClusterOptions replicated{.primaries = 3, .replicas = 1, .node_timeout = kLongNodeTimeout};
  RealClusterOptions persistent = replicated;
  persistent.persistent = true;
  RealClusterOptions nervous = replicated;
  nervous.node_timeout = kShortNodeTimeout;
  RealClusterOptions primaries_only{.primaries = 3, .node_timeout = kLongNodeTimeout};
  auto fail_over = [](FailoverMode mode) {
    return [mode](RealCluster& cluster) { return FailOverEveryPrimary(cluster, mode); };
  };
  return {
      {.name = "RestartOfEveryPrimary", .options = persistent, .apply = RestartEveryPrimary},
      {.name = "GracefulFailover",
       .options = replicated,
       .apply = fail_over(FailoverMode::kGraceful)},
      {.name = "ForcedFailover", .options = replicated, .apply = fail_over(FailoverMode::kForce)},
      {.name = "ReshardingOf3000Slots", .options = primaries_only, .apply = Reshard},
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
