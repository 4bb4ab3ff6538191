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

namespace atestore {

// The longest name of a host (RFC 1035 allows 253 characters).
inline constexpr size_t kHostBytesMax = 255;
// The most nodes of a cluster; "up to 1000" is what its specification is made for.
inline constexpr size_t kClusterNodesMax = 4096;

// Where a node listens.
struct Endpoint {
  std::string host;  // a name or an IP address (IPv6 without brackets), at most kHostBytesMax
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "host:port".
std::string ToString(const Endpoint& endpoint);

// Parses "host:port" as operators write it and as MOVED and ASK carry it: the last colon counts, so
// IPv6 needs no brackets and may have them. The host may be empty. INVALID_ARGUMENT names the text.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);
// The same for where to listen: port 0 lets the system choose one.
absl::StatusOr<Endpoint> ParseListenEndpoint(std::string_view text);

struct ClusterNode {
  std::string id;  // 40 hexadecimal digits; survives restarts and changes of address
  Endpoint endpoint;

  bool operator==(const ClusterNode&) const = default;
};

// Who owns which slot, as one node saw it. An immutable value; may be out of date the moment it
// arrives: the owner itself has the last word, by MOVED and ASK.
class Topology {
 public:
  // No slot has an owner.
  Topology() { owners_.fill(kNobody); }

  // Reads a reply to CLUSTER SLOTS that came from `asked`, whose host stands in where the reply has
  // none. A node that nobody can reach (port 0: it listens on no port of this kind, or its address
  // is lost) is left out; slots whose primary is such a node have no owner. DATA_LOSS when the
  // reply does not have the documented shape, gives a slot to two owners or names more than
  // kClusterNodesMax nodes.
  static absl::StatusOr<Topology> FromClusterSlots(const ReplyView& reply, const Endpoint& asked);

  // The primary that owns `slot`; nullptr: nobody does. Lives as long as the topology.
  const ClusterNode* Owner(Slot slot) const {
    return owners_[slot] == kNobody ? nullptr : &primaries_[owners_[slot]];
  }
  // Adds what is known of nodes besides (ClusterMembers), also of those without slots: from now on
  // every member is known.
  void SetMembers(std::vector<ClusterNode> members);
  // The id of the node at `endpoint`; nullptr: none is known there, or it told none. For
  // ShardRequest::node_id. Lives as long as the topology.
  const std::string* IdAt(const Endpoint& endpoint) const;
  // True when every member is known and none is at `endpoint`: a node that answers there may be of
  // another cluster, and nothing of what it says may be believed.
  bool IsStranger(const Endpoint& endpoint) const;
  // False when both views name their nodes and have none in common: then they are of two clusters.
  bool MayBeSameCluster(const Topology& other) const;
  // The primaries that own slots, each once.
  const std::vector<ClusterNode>& primaries() const { return primaries_; }
  // The replicas, as further places to ask for the topology.
  const std::vector<ClusterNode>& replicas() const { return replicas_; }
  // The number of slots that have an owner; kSlotCount in a complete cluster.
  size_t covered_slots() const { return covered_slots_; }

  bool operator==(const Topology&) const = default;

 private:
  static constexpr uint16_t kNobody = 0xFFFF;

  // `listed`: the slots of the ranges so far.
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

}  // namespace atestore
