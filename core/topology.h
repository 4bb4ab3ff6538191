#pragma once

#include <array>
#include <bitset>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/resp.h"
#include "core/slot.h"

namespace atestore::inline v0 {

// The longest name of a host (RFC 1035 allows 253 characters).
inline constexpr size_t kHostBytesMax = 255;
// The most nodes of a cluster. The Redis Cluster specification is designed for up to 1,000.
inline constexpr size_t kClusterNodesMax = 4096;

// Where a node listens.
struct Endpoint {
  std::string host;  // a name or an IP address (IPv6 without brackets), at most kHostBytesMax
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "host:port".
std::string ToString(const Endpoint& endpoint);

// Parses "host:port" as operators write it and as MOVED and ASK contain it. The port follows the
// last colon, so IPv6 addresses may have brackets but need none. The host may be empty.
// INVALID_ARGUMENT when the text is not such an address; the message quotes it.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);
// The same for an address to listen at: port 0 is allowed and lets the system choose a port.
absl::StatusOr<Endpoint> ParseListenEndpoint(std::string_view text);

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

}  // namespace atestore::inline v0
