#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/endpoint.h"
#include "core/resp.h"
#include "core/slot.h"

namespace atestore::inline v0 {

struct ShardRequest;

// The most nodes of a cluster. The Redis Cluster specification is designed for up to 1,000.
inline constexpr size_t kClusterNodesMax = 4096;

struct ClusterNode {
  std::string id;  // 40 hexadecimal digits; survives restarts and changes of address
  Endpoint endpoint;

  bool operator==(const ClusterNode&) const = default;
};

// Which node owns which slot, as one node saw it. It may be out of date when it arrives: MOVED and
// ASK replies from the nodes override it.
class Topology {
 public:
  // No slot has an owner.
  Topology() { owners_.fill(kNobody); }

  // Parses a reply to CLUSTER SLOTS from node `asked`. Where the reply has no host, the host of
  // `asked` is used. Omits nodes that cannot be reached (port 0: the node has no port of this kind;
  // or its address is unknown); slots whose primary is such a node have no owner. DATA_LOSS when
  // the reply does not have the documented shape, gives a slot to two owners or names more than
  // kClusterNodesMax nodes.
  static absl::StatusOr<Topology> FromClusterSlots(const ReplyView& reply, const Endpoint& asked);

  // The primary that owns `slot`; nullptr: none does. Valid as long as the topology.
  const ClusterNode* Owner(Slot slot) const {
    return owners_[slot] == kNobody ? nullptr : &primaries_[owners_[slot]];
  }
  // Sets all members of the cluster (ClusterMembers::nodes), including nodes without slots.
  void SetMembers(std::vector<ClusterNode> members);
  // The id of the node at `endpoint`, for ShardRequest::node_id. nullptr: no node is known there,
  // or its id is unknown. Valid as long as the topology.
  const std::string* IdAt(const Endpoint& endpoint) const;
  // True when all members are known and none is at `endpoint`: a node that answers there may belong
  // to another cluster, so its replies prove nothing.
  bool IsStranger(const Endpoint& endpoint) const;
  // False when both topologies have node ids and no id in common: they are of two clusters.
  bool MayBeSameCluster(const Topology& other) const;
  // The primaries that own slots, each once.
  const std::vector<ClusterNode>& primaries() const { return primaries_; }
  // The replicas: further nodes to ask for the topology.
  const std::vector<ClusterNode>& replicas() const { return replicas_; }
  // The number of slots that have an owner; kSlotCount in a complete cluster.
  size_t covered_slots() const { return covered_slots_; }

  bool operator==(const Topology&) const = default;

 private:
  static constexpr uint16_t kNobody = 0xFFFF;

  // `listed`: the slots of the ranges added so far.
  absl::Status AddRange(const ReplyView& range, const Endpoint& asked,
                        std::bitset<kSlotCount>& listed);
  uint16_t IndexOfPrimary(ClusterNode node);
  const ClusterNode* NodeAt(const Endpoint& endpoint) const;
  bool HasRoom() const { return primaries_.size() + replicas_.size() < kClusterNodesMax; }

  std::array<uint16_t, kSlotCount> owners_;  // index into primaries_
  std::vector<ClusterNode> primaries_;
  std::vector<ClusterNode> replicas_;
  std::vector<ClusterNode> members_;  // empty: not known
  size_t covered_slots_ = 0;
};

// Sets `request.node_id` to the id of the node that the topology has at the request's endpoint, or
// to an id that no node has if the topology has none there: the address may have passed to a node
// of another cluster. Call this before any request whose reply is taken as a fact about keys. A
// topology that does not know all members leaves requests to unknown nodes unchanged.
void DemandMember(const Topology& topology, ShardRequest& request);

}  // namespace atestore::inline v0
