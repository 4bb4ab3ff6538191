#include "mockcluster/events/misbehaviour.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "mockcluster/commands/dispatch.h"
#include "mockcluster/node/failover.h"
#include "mockcluster/node/handover.h"
#include "mockcluster/node/interventions.h"
#include "mockcluster/node/lifecycle.h"
#include "mockcluster/node/preconditions.h"
#include "mockcluster/node/reload.h"

// Where a cluster misbehaves: each kind finds a place for itself and calls the event.
namespace mockcluster::inline v0 {
namespace {

constexpr uint64_t kReloadMsMax = 400;
constexpr std::array<Flavor, 3> kFlavors = {Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91};

class MisbehaviourCause {
 public:
  MisbehaviourCause(ClusterState& state, Random& random) : state_(state), random_(random) {}

  absl::Status Cause(Fault fault) {
    switch (fault) {
      case Fault::kDemoteDestination:
        return HandOver(FailoverKind::kGraceful, /*destinations=*/true);
      case Fault::kHandOverUnheard:
        return HandOver(FailoverKind::kUnheard, /*destinations=*/false);
      case Fault::kPartition:
        return Partition();
      case Fault::kPassAddress:
        return PassAddress();
      case Fault::kChangeServer:
        return ChangeServer();
      case Fault::kReload:
        return ReloadSome();
      case Fault::kAllowReadsWhenDown:
      case Fault::kFillMemory:
        return ChangeSetting(fault);
      case Fault::kResetStatistics:
        return ResetStatistics();
      default:
        return BeginOrEnd(fault);
    }
  }

 private:
  static absl::Status Nowhere() { return Refused("fault", "no place for it"); }

  template <typename Condition>
  std::optional<NodeIndex> Pick(Condition condition) {
    std::vector<NodeIndex> fitting;
    for (const auto& node : state_.nodes) {
      if (node->member && node->process && condition(*node)) fitting.push_back(node->index);
    }
    if (fitting.empty()) return std::nullopt;
    return fitting[random_.Below(fitting.size())];
  }

  template <typename Condition>
  bool Any(Condition condition) const {
    return std::any_of(state_.nodes.begin(), state_.nodes.end(),
                       [&](const auto& node) { return condition(*node); });
  }

  const Node& PrimaryOf(const Node& replica) const {
    return state_.node(*replica.view.me().primary);
  }

  // Deaf, hung and isolated nodes: one of a kind at a time.
  absl::Status BeginOrEnd(Fault fault) {
    switch (fault) {
      case Fault::kDeafen:
        if (Any([](const Node& node) { return node.deaf; })) return Nowhere();
        return OnSome([](const Node& node) { return !node.hung; }, SetDeaf, true);
      case Fault::kHearAgain:
        return OnSome([](const Node& node) { return node.deaf; }, SetDeaf, false);
      case Fault::kHang:
        if (Any([](const Node& node) { return node.hung; })) return Nowhere();
        return OnSome([](const Node& node) { return !node.isolated; }, SetHung, true);
      case Fault::kResume:
        return OnSome([](const Node& node) { return node.hung; }, SetHung, false);
      case Fault::kHealPartition:
        return OnSome([](const Node& node) { return node.isolated; }, SetIsolated, false);
      default:
        return Nowhere();
    }
  }

  template <typename Condition>
  absl::Status OnSome(Condition condition, absl::Status (*event)(ClusterState&, NodeIndex, bool),
                      bool on) {
    std::optional<NodeIndex> node = Pick(condition);
    return node ? event(state_, *node, on) : Nowhere();
  }

  // Of any primary, or of the destination of an open slot.
  absl::Status HandOver(FailoverKind kind, bool destinations) {
    std::optional<NodeIndex> replica = Pick([&](const Node& node) {
      return CanTakeOver(state_, node) && !LosesMarks(state_, PrimaryOf(node)) &&
             (!destinations || IsDestination(state_, PrimaryOf(node)));
    });
    return replica ? Failover(state_, *replica, kind) : Nowhere();
  }

  // The rest must be a majority, so that it goes on.
  absl::Status Partition() {
    if (Any([](const Node& node) { return node.isolated || node.hung; })) return Nowhere();
    size_t primaries = 0;
    for (const auto& node : state_.nodes) {
      const bool votes = node->member && node->process && !node->view.IsReplica();
      primaries += votes && node->view.CountSlots(node->index) > 0 ? 1 : 0;
    }
    constexpr size_t kPrimariesMin = 3;
    if (primaries < kPrimariesMin) return Nowhere();
    std::optional<NodeIndex> replica = Pick([this](const Node& node) {
      return CanTakeOver(state_, node) && CanFailOverSafely(state_, PrimaryOf(node));
    });
    if (!replica) return Nowhere();
    const NodeIndex primary = PrimaryOf(state_.node(*replica)).index;
    if (absl::Status cut = SetIsolated(state_, primary, true); !cut.ok()) return cut;
    absl::Status done = Failover(state_, *replica, FailoverKind::kPartition);
    if (!done.ok()) SetIsolated(state_, primary, false).IgnoreError();
    return done;
  }

  absl::Status PassAddress() {
    Cluster* neighbour = state_.neighbour;
    if (neighbour == nullptr) return Nowhere();
    std::optional<NodeIndex> replica = Pick([this](const Node& node) {
      return CanTakeOver(state_, node) && CanFailOverSafely(state_, PrimaryOf(node));
    });
    const std::vector<NodeIndex> foreign = neighbour->Primaries();
    if (!replica || foreign.empty()) return Nowhere();
    Node& primary = state_.node(*state_.node(*replica).view.me().primary);
    const atestore::Endpoint address = primary.endpoint;
    absl::Status done = Failover(state_, *replica, FailoverKind::kForced);
    if (!done.ok()) return done;
    primary.endpoint.port = static_cast<uint16_t>(state_.options.base_port + state_.next_port++);
    done = Restart(state_, primary.index, RestartMode::kKeepData);
    if (!done.ok()) return done;
    state_.Log("address of " + LogName(primary.index) + " passes to the neighbour");
    const NodeIndex foreigner = foreign[random_.Below(foreign.size())];
    done = neighbour->MoveAddress(foreigner, address);
    // The neighbour has a clock of its own, which stands still: the node serves at once.
    return done.ok() ? neighbour->SetClusterDown(foreigner, 0) : done;
  }

  // Not a replica with copies of its primary's marks: a server that replicates none would keep them
  // for good, and ignore who owns the slots it seems to import.
  absl::Status ChangeServer() {
    std::optional<NodeIndex> index = Pick([](const Node& node) {
      return !node.isolated && (!node.view.IsReplica() || node.view.importing_from.empty());
    });
    if (!index) return Nowhere();
    std::vector<Flavor> others(kFlavors.begin(), kFlavors.end());
    std::erase(others, state_.node(*index).flavor);
    const Flavor flavor = others[random_.Below(others.size())];
    absl::Status done = RestartAs(state_, *index, flavor);
    // So that the delay before a primary serves again is no part of the fault.
    if (done.ok()) SetClusterDown(state_, *index, 0).IgnoreError();
    return done;
  }

  // Sources of open slots mostly: there it matters.
  absl::Status ReloadSome() {
    auto is_primary = [](const Node& node) { return !node.view.IsReplica() && !node.isolated; };
    std::optional<NodeIndex> index =
        Pick([&](const Node& node) { return is_primary(node) && !node.view.migrating_to.empty(); });
    if (!index) index = Pick(is_primary);
    if (!index) return Nowhere();
    return Reload(state_, *index, 1 + static_cast<int64_t>(random_.Below(kReloadMsMax)));
  }

  absl::Status ChangeSetting(Fault fault) {
    std::optional<NodeIndex> index = Pick([](const Node&) { return true; });
    if (!index) return Nowhere();
    NodeSettings settings = state_.node(*index).settings;
    if (fault == Fault::kAllowReadsWhenDown) {
      settings.allow_reads_when_down = !settings.allow_reads_when_down;
    } else {
      settings.memory_bytes_max = settings.memory_bytes_max == 0 ? 1 : 0;
    }
    return Configure(state_, *index, settings);
  }

  absl::Status ResetStatistics() {
    std::optional<NodeIndex> index = Pick([](const Node& node) { return !node.hung; });
    if (!index) return Nowhere();
    ExecuteAsAdmin(state_, state_.node(*index), {"CONFIG", "RESETSTAT"});
    state_.Log("reset statistics of " + LogName(*index));
    return absl::OkStatus();
  }

  ClusterState& state_;
  Random& random_;
};

}  // namespace

absl::Status CauseMisbehaviour(ClusterState& state, Random& random, Fault fault) {
  return MisbehaviourCause(state, random).Cause(fault);
}

}  // namespace mockcluster::inline v0
