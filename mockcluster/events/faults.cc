#include "mockcluster/events/faults.h"

#include <numeric>
#include <vector>

#include "mockcluster/commands/routing.h"
#include "mockcluster/events/migration.h"
#include "mockcluster/events/misbehaviour.h"
#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/failover.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/handover.h"
#include "mockcluster/node/interventions.h"
#include "mockcluster/node/lifecycle.h"
#include "mockcluster/node/ownership.h"
#include "mockcluster/node/preconditions.h"

// Where a fault is injected: each kind finds a place for itself and calls the event.
namespace mockcluster::inline v0 {
namespace {

// Enough to meet each other, few enough that a plan's faults often hit the same slot.
constexpr size_t kOpenSlotsMax = 4;
constexpr size_t kNodesMax = 16;
constexpr uint64_t kKeysMovedMax = 8;
constexpr uint64_t kDelayMsMax = 200;
constexpr uint64_t kLoadingMsMax = 500;

class FaultCause {
 public:
  FaultCause(ClusterState& state, Random& random, std::optional<ClientId> client)
      : state_(state), random_(random), client_(client) {}

  absl::Status Cause(Fault fault) {
    switch (fault) {
      case Fault::kBeginMigration:
        return OpenSlot(FindOpenSlots(state_).size(), BeginMigration);
      case Fault::kMigrateKeys:
        return MoveSomeKeys();
      case Fault::kFinishMigration:
        return FinishSome(FindOpenSlots(state_), FinishMigration);
      case Fault::kAbortMigration:
        return Abort(AbortMode::kMoveBack);
      case Fault::kAbortLeavingCopies:
        return Abort(AbortMode::kLeaveCopies);
      case Fault::kAbortLeavingOrphans:
        return Abort(AbortMode::kLeaveOrphans);
      case Fault::kBeginAtomicMigration:
        return OpenSlot(FindImportingSlots(state_).size(), BeginAtomicMigration);
      case Fault::kFinishAtomicMigration:
        return FinishSome(FindImportingSlots(state_), FinishAtomicMigration);
      case Fault::kAbortAtomicMigration:
        return OnSlot(FindImportingSlots(state_), AbortAtomicMigration);
      case Fault::kGracefulFailover:
      case Fault::kForcedFailover:
        return FailOver(fault);
      case Fault::kRestart:
      case Fault::kFailWhileRejoining:
      case Fault::kLoading:
      case Fault::kRestartEmpty:
      case Fault::kLoseReplica:
        return RestartSome(fault);
      default:
        return CauseOther(fault);
    }
  }

 private:
  absl::Status CauseOther(Fault fault) {
    switch (fault) {
      case Fault::kJoin:
        return Join();
      case Fault::kLeave:
        return Leave();
      case Fault::kGossip:
        return GossipOnce(state_) ? absl::OkStatus() : Nowhere();
      case Fault::kSettle:
        return SettleSome();
      case Fault::kForceGrow:
        return Resize(ResizeDirection::kGrow);
      case Fault::kForceShrink:
        return Resize(ResizeDirection::kShrink);
      case Fault::kDropBefore:
        return BreakConnection(fault, ConnectionFault::kDropBefore);
      case Fault::kDropAfter:
        return BreakConnection(fault, ConnectionFault::kDropAfter);
      case Fault::kTruncateReply:
        return BreakConnection(fault, ConnectionFault::kTruncateReply);
      case Fault::kDelay:
        return Delay();
      default:
        return Nowhere();
    }
  }

  static absl::Status Nowhere() { return Refused("fault", "no place for it"); }

  template <typename Condition>
  std::optional<NodeIndex> PickNode(Condition condition) {
    std::vector<NodeIndex> fitting;
    for (const auto& node : state_.nodes) {
      if (!node->member || node->process == nullptr || node->hung) continue;
      if (condition(*node)) fitting.push_back(node->index);
    }
    if (fitting.empty()) return std::nullopt;
    return fitting[random_.Below(fitting.size())];
  }

  bool IsUpPrimary(const Node& node) const {
    return !node.view.IsReplica() && !node.isolated && ClusterIsUp(state_, node) &&
           state_.now_ms >= node.process->loading_until_ms;
  }

  // A primary that had slots and is about to lose the last one: `leaving` and all it exports.
  static bool KeepsNoSlot(const Node& node, size_t leaving) {
    const size_t slots = node.view.CountSlots(node.index);
    return slots > 0 && slots <= leaving + node.exporting.size();
  }

  // Prefer slots that hold keys: faults on empty slots test nothing.
  std::optional<Slot> PickSlotOf(Node& node) {
    const Entry* entry = node.process->keyspace->RandomKey([this] { return random_.Next(); });
    if (entry != nullptr && node.view.Owner(entry->slot()) == node.index) return entry->slot();
    const size_t owned = node.view.CountSlots(node.index);
    if (owned == 0) return std::nullopt;
    size_t rank = random_.Below(owned);
    for (const SlotRun& run : node.view.owners.Runs()) {
      if (run.owner != node.index) continue;
      if (rank < run.size()) return static_cast<Slot>(run.first + rank);
      rank -= run.size();
    }
    return std::nullopt;
  }

  absl::Status OpenSlot(size_t open, absl::Status (*begin)(ClusterState&, Slot, NodeIndex)) {
    if (open >= kOpenSlotsMax) return Nowhere();
    std::optional<NodeIndex> source = PickNode([this](const Node& node) {
      return IsUpPrimary(node) && node.view.CountSlots(node.index) > 0;
    });
    if (!source) return Nowhere();
    std::optional<NodeIndex> destination = PickNode([&](const Node& node) {
      return node.index != *source && IsUpPrimary(node) && !KeepsNoSlot(node, 0);
    });
    std::optional<Slot> slot = PickSlotOf(state_.node(*source));
    if (!destination || !slot) return Nowhere();
    return begin(state_, *slot, *destination);
  }

  absl::Status OnSlot(const std::vector<Slot>& slots, absl::Status (*event)(ClusterState&, Slot)) {
    if (slots.empty()) return Nowhere();
    return event(state_, slots[random_.Below(slots.size())]);
  }

  // A primary that loses its last slot turns replica, and what it imports is lost with its data.
  absl::Status FinishSome(std::vector<Slot> slots, absl::Status (*event)(ClusterState&, Slot)) {
    std::erase_if(slots, [this](Slot slot) {
      std::optional<NodeIndex> owner = FindOwner(state_, slot);
      if (!owner) return true;
      const ClusterView& view = state_.node(*owner).view;
      return !view.importing_from.empty() && KeepsNoSlot(state_.node(*owner), 1);
    });
    return OnSlot(slots, event);
  }

  absl::Status MoveSomeKeys() {
    std::vector<Slot> slots = FindOpenSlots(state_);
    if (slots.empty()) return Nowhere();
    Slot slot = slots[random_.Below(slots.size())];
    return MigrateKeys(state_, slot, 1 + random_.Below(kKeysMovedMax)).status();
  }

  absl::Status Abort(AbortMode mode) {
    std::vector<Slot> slots = FindOpenSlots(state_);
    if (slots.empty()) return Nowhere();
    return AbortMigration(state_, slots[random_.Below(slots.size())], mode);
  }

  absl::Status FailOver(Fault fault) {
    std::optional<NodeIndex> replica = PickNode([this](const Node& node) {
      return CanTakeOver(state_, node) &&
             CanFailOverSafely(state_, state_.node(*node.view.me().primary));
    });
    if (!replica) return Nowhere();
    NodeIndex primary = *state_.node(*replica).view.me().primary;
    if (fault == Fault::kGracefulFailover) {
      return Failover(state_, *replica, FailoverKind::kGraceful);
    }
    absl::Status done = Failover(state_, *replica, FailoverKind::kForced);
    return done.ok() ? Restart(state_, primary, RestartMode::kKeepData) : done;
  }

  absl::Status RestartSome(Fault fault) {
    const bool replica_only = fault == Fault::kLoseReplica;
    std::optional<NodeIndex> index = PickNode([&](const Node& node) {
      return !node.isolated && (!replica_only || node.view.IsReplica());
    });
    if (!index) return Nowhere();
    const bool empty = replica_only || fault == Fault::kRestartEmpty;
    absl::Status done =
        Restart(state_, *index, empty ? RestartMode::kEmpty : RestartMode::kKeepData);
    if (!done.ok() || fault == Fault::kFailWhileRejoining) return done;
    // Such a short outage that the rejoin delay is not part of the fault.
    SetClusterDown(state_, *index, 0).IgnoreError();
    if (fault != Fault::kLoading) return done;
    return SetLoading(state_, *index, 1 + static_cast<int64_t>(random_.Below(kLoadingMsMax)));
  }

  absl::Status Join() {
    size_t members = 0;
    for (const auto& node : state_.nodes) members += node->member ? 1 : 0;
    if (members >= kNodesMax) return Nowhere();
    return AddNode(state_, std::nullopt).status();
  }

  absl::Status Leave() {
    std::optional<NodeIndex> index = PickNode([](const Node& node) {
      return !node.view.IsReplica() && node.view.CountSlots(node.index) == 0;
    });
    return index ? RemoveNode(state_, *index) : Nowhere();
  }

  absl::Status SettleSome() {
    SettleViews(state_);
    state_.Log("settle");
    return absl::OkStatus();
  }

  absl::Status Resize(ResizeDirection direction) {
    std::optional<NodeIndex> index = PickNode([](const Node&) { return true; });
    return index ? ForceResize(state_, *index, direction) : Nowhere();
  }

  absl::Status BreakConnection(Fault fault, ConnectionFault kind) {
    Client* client = client_ ? state_.FindClient(*client_) : nullptr;
    if (client == nullptr) return Nowhere();
    client->fault = kind;
    state_.Log(std::string(FaultName(fault)) + " of client " +
               std::to_string(static_cast<uint64_t>(client->id)));
    return absl::OkStatus();
  }

  absl::Status Delay() {
    int64_t delay_ms = 1 + static_cast<int64_t>(random_.Below(kDelayMsMax));
    AdvanceTime(state_, delay_ms);
    state_.Log("delay " + std::to_string(delay_ms) + " ms");
    return absl::OkStatus();
  }

  ClusterState& state_;
  Random& random_;
  const std::optional<ClientId> client_;
};

}  // namespace

absl::Status CauseFault(ClusterState& state, Random& random, Fault fault,
                        std::optional<ClientId> client) {
  if (IsMisbehaviour(fault)) return CauseMisbehaviour(state, random, fault);
  return FaultCause(state, random, client).Cause(fault);
}

namespace {

// Throws the dice of the running plan before a command of `client`.
void RunFaultPlan(ClusterState& state, ClientId client) {
  FaultRun& run = *state.faults;
  const FaultPlan& plan = run.plan;
  if (plan.faults_max != 0 && run.done >= plan.faults_max) return;
  if (run.random.Below(1000) >= plan.faults_per_1000_commands) return;
  const uint64_t total = std::accumulate(plan.weights.begin(), plan.weights.end(), uint64_t{0});
  if (total == 0) return;
  uint64_t drawn = run.random.Below(total);
  size_t index = 0;
  while (drawn >= plan.weights[index]) drawn -= plan.weights[index++];
  absl::Status caused = CauseFault(state, run.random, static_cast<Fault>(index), client);
  if (caused.ok()) ++run.done;
}

}  // namespace

void BeginFaultPlan(ClusterState& state, const FaultPlan& plan) {
  state.faults = FaultRun{
      .before_command = RunFaultPlan, .plan = plan, .random = Random(plan.seed), .done = 0};
}

}  // namespace mockcluster::inline v0
