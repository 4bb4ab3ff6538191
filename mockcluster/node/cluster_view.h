#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/slot.h"
#include "mockcluster/cluster.h"
#include "mockcluster/node/slot_owners.h"

namespace mockcluster::inline v0 {

constexpr size_t Position(NodeIndex node) { return static_cast<size_t>(node); }

// What one node knows about another.
struct PeerView {
  bool known = false;
  bool forgotten = false;            // CLUSTER FORGET: claims are ignored until CLUSTER MEET
  bool failed = false;               // the "fail" flag
  std::optional<NodeIndex> primary;  // set: a replica
  uint64_t config_epoch = 0;         // unused for a replica
  uint64_t heard = 0;                // version of the peer's last claim that arrived
  std::optional<NodeIndex> shard;    // Valkey: the shard, identified by its first node
};

// What a primary announces about itself. A replica announces its primary.
struct Claim {
  NodeIndex sender;
  std::optional<NodeIndex> primary;
  std::optional<NodeIndex> shard;
  uint64_t config_epoch = 0;
  uint64_t current_epoch = 0;
  uint64_t version = 0;
  const SlotOwners* owners = nullptr;  // in the sender's view
};

// The cluster as one node sees it: the content of nodes.conf. It survives restarts. Only the node's
// own commands and the claims of other nodes change it. A value.
struct ClusterView {
  explicit ClusterView(NodeIndex node) : self(node) {}

  PeerView& peer(NodeIndex node);
  const PeerView* FindPeer(NodeIndex node) const;  // nullptr: not known
  const PeerView& me() const { return peers[Position(self)]; }

  std::optional<NodeIndex> Owner(atestore::Slot slot) const { return owners.Owner(slot); }
  void SetOwner(atestore::Slot slot, NodeIndex node) {
    owners.Set(slot, node);
    unclaimed.reset(slot);
  }
  size_t CountSlots(NodeIndex node) const { return owners.Count(node); }
  bool IsReplica() const { return me().primary.has_value(); }
  // Asked for every command, and nearly always there is no mark at all.
  std::optional<NodeIndex> MigratingTo(atestore::Slot slot) const {
    return migrating_to.empty() ? std::nullopt : FindMark(migrating_to, slot);
  }
  std::optional<NodeIndex> ImportingFrom(atestore::Slot slot) const {
    return importing_from.empty() ? std::nullopt : FindMark(importing_from, slot);
  }

  // Lets the claims of all peers but one take effect again: servers repeat them with every ping, so
  // that a claim which was refused may be accepted once the view has changed.
  void HearAgain(NodeIndex except);
  // Removes the mark of a slot that the node imports, which kept claims on the slot from taking
  // effect.
  void StopImporting(atestore::Slot slot);

  // The greatest config epoch known; the node's own current epoch is never below it.
  uint64_t GreatestConfigEpoch() const;
  // Takes a new config epoch unless the present one is already the greatest known and not zero
  // (clusterBumpConfigEpochWithoutConsensus). Returns whether it did.
  bool BumpConfigEpoch();

  NodeIndex self;
  std::vector<PeerView> peers;  // by NodeIndex, own entry included
  SlotOwners owners;
  // Slots that their owner has stopped claiming: the next claim is accepted whatever its epoch.
  std::bitset<atestore::kSlotCount> unclaimed;
  std::map<atestore::Slot, NodeIndex> migrating_to;
  std::map<atestore::Slot, NodeIndex> importing_from;
  uint64_t current_epoch = 0;
  uint64_t version = 1;  // of the node's claim

 private:
  static std::optional<NodeIndex> FindMark(const std::map<atestore::Slot, NodeIndex>& marks,
                                           atestore::Slot slot);
};

// What a claim did to a view.
struct ClaimEffects {
  bool changed = false;
  std::vector<atestore::Slot> lost_slots;  // slots that the node owned before
  std::optional<NodeIndex> new_primary;    // the node must become a replica of this one
};

struct ClaimRules {
  bool replica_migration = true;
  bool marks_follow_failover = false;
};

// Applies a claim as clusterUpdateSlotsConfigWith does: a slot goes to the claimer when it has no
// owner or the claimer's epoch is greater than its owner's, unless the node is importing it. If
// marks follow a failover, marks that name a former primary of the claimer's shard now name the
// claimer.
ClaimEffects ApplyClaim(ClusterView& view, const Claim& claim, bool sender_id_is_greater,
                        const ClaimRules& rules);

}  // namespace mockcluster::inline v0
