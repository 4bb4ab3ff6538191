#include "mockcluster/cluster_view.h"

#include <algorithm>

namespace mockcluster {
namespace {

using atestore::kSlotCount;
using atestore::Slot;

std::optional<NodeIndex> FindMark(const std::map<Slot, NodeIndex>& marks, Slot slot) {
  if (marks.empty()) return std::nullopt;
  auto found = marks.find(slot);
  if (found == marks.end()) return std::nullopt;
  return found->second;
}

// Claims that were refused before may be accepted now: they are repeated all the time.
void HearAgain(ClusterView& view, NodeIndex except) {
  for (size_t position = 0; position < view.peers.size(); ++position) {
    if (position != Position(except)) view.peers[position].heard = 0;
  }
}

// A primary turned replica, so that its slots wait for a claim. Redis 7.0 forgets their owner.
void Demote(ClusterView& view, NodeIndex node, const ClaimRules& rules) {
  for (size_t slot = 0; slot < kSlotCount; ++slot) {
    if (view.owners[slot] != static_cast<uint16_t>(node)) continue;
    if (rules.marks_follow_failover) {
      view.unclaimed.set(slot);
    } else {
      view.owners[slot] = ClusterView::kNobody;
    }
  }
  HearAgain(view, node);
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

void TakeSlots(ClusterView& view, const Claim& claim, const ClaimRules& rules,
               ClaimEffects& effects) {
  const NodeIndex my_primary = view.me().primary.value_or(view.self);
  size_t sender_slots = 0;
  size_t taken_from_my_primary = 0;
  bool newly_unclaimed = false;
  for (size_t index = 0; index < kSlotCount; ++index) {
    Slot slot = static_cast<Slot>(index);
    std::optional<NodeIndex> owner = view.Owner(slot);
    const bool claimed = (*claim.owners)[slot] == static_cast<uint16_t>(claim.sender);
    if (owner == claim.sender && view.unclaimed[slot] == claimed) {
      view.unclaimed[slot] = !claimed;
      newly_unclaimed |= !claimed;
    }
    if (!claimed) continue;
    ++sender_slots;
    if (owner == claim.sender) continue;
    if (owner != view.self && view.ImportingFrom(slot)) continue;
    if (owner && !view.unclaimed[slot] && view.peer(*owner).config_epoch >= claim.config_epoch) {
      continue;
    }
    if (owner == view.self) effects.lost_slots.push_back(slot);
    if (owner == my_primary) ++taken_from_my_primary;
    view.SetOwner(slot, claim.sender);
    effects.changed = true;
  }
  if (newly_unclaimed) HearAgain(view, claim.sender);
  // Whoever follows a primary that has turned replica goes where that one went.
  if (my_primary != view.self && view.peer(my_primary).primary) return;
  if (taken_from_my_primary > 0 && view.CountSlots(my_primary) == 0 &&
      (rules.replica_migration || sender_slots == taken_from_my_primary)) {
    effects.new_primary = claim.sender;
  }
}

}  // namespace

PeerView& ClusterView::peer(NodeIndex node) {
  if (Position(node) >= peers.size()) peers.resize(Position(node) + 1);
  return peers[Position(node)];
}

const PeerView* ClusterView::FindPeer(NodeIndex node) const {
  if (Position(node) >= peers.size() || !peers[Position(node)].known) return nullptr;
  return &peers[Position(node)];
}

size_t ClusterView::CountSlots(NodeIndex node) const {
  return static_cast<size_t>(std::count(owners.begin(), owners.end(), static_cast<uint16_t>(node)));
}

std::optional<NodeIndex> ClusterView::MigratingTo(Slot slot) const {
  return FindMark(migrating_to, slot);
}

std::optional<NodeIndex> ClusterView::ImportingFrom(Slot slot) const {
  return FindMark(importing_from, slot);
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
  sender.config_epoch = claim.config_epoch;
  view.current_epoch = std::max({view.current_epoch, claim.current_epoch, claim.config_epoch});
  if (demoted) Demote(view, claim.sender, rules);
  if (claim.primary) return effects;
  ResolveCollision(view, claim, sender_id_is_greater);
  TakeSlots(view, claim, rules, effects);
  return effects;
}

}  // namespace mockcluster
