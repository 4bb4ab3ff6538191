#pragma once

#include <map>
#include <optional>

#include "core/listing/estimates.h"
#include "core/listing/keys_batch.h"
#include "core/listing/strategy.h"
#include "core/topology.h"

namespace atestore::inline v0 {

// Who owns a slot: the node that a MOVED has named since the topology came, else the topology's.
class SlotOwners {
 public:
  void OnMoved(Slot slot, const Endpoint& owner) { moved_to_[slot] = owner; }
  void Forget() { moved_to_.clear(); }
  // nullopt: nobody.
  std::optional<Endpoint> Find(Slot slot, const Topology& topology) const;

 private:
  std::map<Slot, Endpoint> moved_to_;
};

// What a walk has learnt about the cluster, whatever it reads next.
struct WalkKnowledge {
  KeysReading reading;
  Estimates estimates;
  SlotOwners owners = {};
  int probe_variant = 0;

  void OnBatch(const KeysBatch& batch);
  void OnObstacle(const ReadObstacle& met);
};

}  // namespace atestore::inline v0
