#include "mockcluster/node/cluster_view.h"

#include <algorithm>

namespace mockcluster::inline v0 {
namespace {

using atestore::Slot;

void SetBits(std::bitset<atestore::kSlotCount>& bits, size_t first, size_t last) {
  for (size_t slot = first; slot <= last; ++slot) bits.set(slot);
}

// A primary turned replica, so that its slots wait for a claim. Redis 7.0 forgets their owner.
void Demote(ClusterView& view, NodeIndex node, const ClaimRules& rules) {
  if (rules.marks_follow_failover) {
    for (const SlotRun& run : view.owners.Runs()) {
      if (run.owner == node) SetBits(view.unclaimed, run.first, run.last);
    }
  } else {
    view.owners.Replace(node, std::nullopt);
  }
  view.HearAgain(node);
}

// A replica belongs to its primary's shard (updateShardId).
void FollowShard(ClusterView& view, const Claim& claim) {
  PeerView& me = view.peer(view.self);
  if (me.primary != claim.sender || me.shard == claim.shard) return;
  me.shard = claim.shard;
  ++view.version;
}

// Two primaries with one epoch: the one with the smaller id takes a new one
// (clusterHandleConfigEpochCollision).
void ResolveCollision(ClusterView& view, const Claim& claim, bool sender_id_is_greater) {
  PeerView& me = view.peer(view.self);
  if (me.primary || claim.primary || claim.config_epoch != me.config_epoch) return;
  if (!sender_id_is_greater) return;
  me.config_epoch = ++view.current_epoch;
  ++view.version;
}

// The claimer took the place of a primary at the other end of an open slot.
void Retarget(ClusterView& view, const Claim& claim) {
  auto replaced = [&](NodeIndex node) {
    if (node == claim.sender) return false;
    const PeerView& peer = view.peer(node);
    return peer.shard == claim.shard && (peer.primary || peer.config_epoch < claim.config_epoch);
  };
  for (auto& [slot, destination] : view.migrating_to) {
    if (replaced(destination)) destination = claim.sender;
  }
  for (auto& [slot, source] : view.importing_from) {
    if (!replaced(source) || claim.owners->Owner(slot) != claim.sender) continue;
    if (view.Owner(slot) == source) view.SetOwner(slot, claim.sender);
    source = claim.sender;
  }
}

// A claim at work on the slots of a view.
class SlotTaking {
 public:
  SlotTaking(ClusterView& view, const Claim& claim, ClaimEffects& effects)
      : view_(view),
        claim_(claim),
        effects_(effects),
        my_primary_(view.me().primary.value_or(view.self)) {}

  void Take(const ClaimRules& rules) {
    const std::vector<SlotRun> before = view_.owners.Runs();
    any_unclaimed_ = view_.unclaimed.any();
    const bool uniform = !any_unclaimed_ && view_.importing_from.empty();
    ForEachStretch(before, claim_.owners->Runs(),
                   [&](Slot first, Slot last, const auto& owner, const auto& claimer) {
                     const bool claimed = claimer == claim_.sender;
                     const bool is_owner = owner == claim_.sender;
                     // Most stretches are somebody else's affair, or stay as they were.
                     if (!claimed && !is_owner) return;
                     if (claimed && is_owner && !any_unclaimed_) return;
                     // Nothing unclaimed, nothing imported: all its slots are decided alike.
                     if (claimed && uniform) {
                       if (IsTaken(first, true, owner)) TakeRun(first, last, owner);
                     } else {
                       VisitEach(first, last, claimed, owner);
                     }
                   });
    if (newly_unclaimed_) view_.HearAgain(claim_.sender);
    ChoosePrimary(rules);
  }

 private:
  using Owner = std::optional<NodeIndex>;

  // Slots with one owner before the claim.
  void VisitEach(Slot first, Slot last, bool claimed, const Owner& owner) {
    size_t taken_from = first;
    for (size_t slot = first; slot <= last; ++slot) {
      if (IsTaken(static_cast<Slot>(slot), claimed, owner)) continue;
      if (taken_from < slot) TakeRun(taken_from, slot - 1, owner);
      taken_from = slot + 1;
    }
    if (taken_from <= last) TakeRun(taken_from, last, owner);
  }

  // Whether the sender gets the slot. Notes also whether a slot of the sender's is still claimed.
  bool IsTaken(Slot slot, bool claimed, const Owner& owner) {
    if (owner == claim_.sender && view_.unclaimed[slot] == claimed) {
      view_.unclaimed[slot] = !claimed;
      newly_unclaimed_ |= !claimed;
    }
    if (!claimed || owner == claim_.sender) return false;
    if (owner != view_.self && view_.ImportingFrom(slot)) return false;
    return !owner || view_.unclaimed[slot] || view_.peer(*owner).config_epoch < claim_.config_epoch;
  }

  void TakeRun(size_t first, size_t last, const Owner& owner) {
    const bool lost = owner == view_.self;
    for (size_t slot = first; slot <= last && (lost || any_unclaimed_); ++slot) {
      if (lost) effects_.lost_slots.push_back(static_cast<Slot>(slot));
      view_.unclaimed.reset(slot);
    }
    if (owner == my_primary_) taken_from_my_primary_ += last - first + 1;
    view_.owners.SetRun({static_cast<Slot>(first), static_cast<Slot>(last), claim_.sender});
    effects_.changed = true;
  }

  // A replica of a primary that became a replica follows that one's primary.
  void ChoosePrimary(const ClaimRules& rules) {
    if (my_primary_ != view_.self && view_.peer(my_primary_).primary) return;
    if (taken_from_my_primary_ == 0 || view_.CountSlots(my_primary_) > 0) return;
    const size_t sender_slots = claim_.owners->Count(claim_.sender);
    if (rules.replica_migration || sender_slots == taken_from_my_primary_) {
      effects_.new_primary = claim_.sender;
    }
  }

  ClusterView& view_;
  const Claim& claim_;
  ClaimEffects& effects_;
  const NodeIndex my_primary_;
  size_t taken_from_my_primary_ = 0;
  bool any_unclaimed_ = false;
  bool newly_unclaimed_ = false;
};

}  // namespace

PeerView& ClusterView::peer(NodeIndex node) {
  if (Position(node) >= peers.size()) peers.resize(Position(node) + 1);
  return peers[Position(node)];
}

const PeerView* ClusterView::FindPeer(NodeIndex node) const {
  if (Position(node) >= peers.size() || !peers[Position(node)].known) return nullptr;
  return &peers[Position(node)];
}

std::optional<NodeIndex> ClusterView::FindMark(const std::map<Slot, NodeIndex>& marks, Slot slot) {
  auto found = marks.find(slot);
  if (found == marks.end()) return std::nullopt;
  return found->second;
}

void ClusterView::StopImporting(Slot slot) {
  if (importing_from.erase(slot) > 0) HearAgain(self);
}

void ClusterView::HearAgain(NodeIndex except) {
  for (size_t position = 0; position < peers.size(); ++position) {
    if (position != Position(except)) peers[position].heard = 0;
  }
}

uint64_t ClusterView::GreatestConfigEpoch() const {
  uint64_t greatest = current_epoch;
  for (const PeerView& known : peers) {
    if (known.known) greatest = std::max(greatest, known.config_epoch);
  }
  return greatest;
}

bool ClusterView::BumpConfigEpoch() {
  PeerView& mine = peer(self);
  uint64_t greatest = GreatestConfigEpoch();
  if (mine.config_epoch != 0 && mine.config_epoch == greatest) return false;
  current_epoch = greatest + 1;
  mine.config_epoch = current_epoch;
  ++version;
  return true;
}

ClaimEffects ApplyClaim(ClusterView& view, const Claim& claim, bool sender_id_is_greater,
                        const ClaimRules& rules) {
  ClaimEffects effects;
  PeerView& sender = view.peer(claim.sender);
  if (sender.forgotten || (sender.heard >= claim.version && sender.known)) return effects;
  sender.heard = claim.version;
  effects.changed =
      !sender.known || sender.primary != claim.primary || sender.config_epoch != claim.config_epoch;
  bool demoted = claim.primary && !sender.primary;
  sender.known = true;
  sender.primary = claim.primary;
  sender.shard = claim.shard;
  sender.config_epoch = claim.config_epoch;
  view.current_epoch = std::max({view.current_epoch, claim.current_epoch, claim.config_epoch});
  FollowShard(view, claim);
  if (demoted) Demote(view, claim.sender, rules);
  if (claim.primary) return effects;
  if (rules.marks_follow_failover) Retarget(view, claim);
  ResolveCollision(view, claim, sender_id_is_greater);
  SlotTaking(view, claim, effects).Take(rules);
  return effects;
}

}  // namespace mockcluster::inline v0
