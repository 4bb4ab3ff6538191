#include "core/topology.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/shard_request.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

// No node has this id, so any node that answers is refused.
constexpr char kNoNode[] = "none";

absl::Status BadReply(std::string_view what) {
  return DataLossError(absl::StrCat("CLUSTER SLOTS: ", ToAbsl(what)));
}

// The IP address in the metadata of a node, [name, value, …]; empty: it has none.
std::string_view IpOf(const ReplyView& node) {
  if (node.size() < 4 || !(node[3].is_array() || node[3].type() == RespType::kMap)) return {};
  const ReplyView metadata = node[3];
  for (auto field = metadata.begin(); !(field == metadata.end()); ++field) {
    const bool is_ip = (*field).text() == "ip";
    if (++field == metadata.end()) break;
    if (is_ip) return (*field).text();
  }
  return {};
}

// The host of a node in CLUSTER SLOTS, [preferred endpoint, port, id, metadata]. The endpoint is
// null when clients should use the host they asked ("unknown-endpoint"), "?" when the node has no
// host name, and empty when its address is unknown: a server does not know its own address before
// it has met other nodes.
std::string_view HostOf(const ReplyView& node, const Endpoint& asked) {
  const std::string_view host = node[0].text();
  if (node[0].is_null()) return asked.host;
  if (!host.empty() && host != "?") return host;
  const std::string_view ip = IpOf(node);
  return ip.empty() || ip == "?" ? asked.host : ip;
}

// nullopt: the node cannot be reached (its address is unknown, or its port is 0: it has no port of
// this kind).
absl::StatusOr<std::optional<ClusterNode>> ReadNode(const ReplyView& node, const Endpoint& asked) {
  if (!node.is_array() || node.size() < 2) return BadReply("a node is not [host, port, …]");
  const ReplyView port = node[1];
  if (port.type() != RespType::kInteger || port.integer() < 0 || port.integer() > 0xFFFF) {
    return BadReply("a port is out of range");
  }
  const std::string_view host = HostOf(node, asked);
  if (host.size() > kHostBytesMax) return BadReply("the name of a host is too long");
  if (port.integer() == 0 || host.empty()) return std::nullopt;
  ClusterNode result;
  result.endpoint.host = host;
  result.endpoint.port = static_cast<uint16_t>(port.integer());
  if (node.size() > 2) result.id = node[2].text();
  return result;
}

}  // namespace

absl::StatusOr<Topology> Topology::FromClusterSlots(const ReplyView& reply, const Endpoint& asked) {
  if (!reply.is_array()) return BadReply("the reply is not an array");
  Topology topology;
  std::bitset<kSlotCount> listed;
  for (ReplyView range : reply) {
    absl::Status status = topology.AddRange(range, asked, listed);
    if (!status.ok()) return status;
  }
  return topology;
}

absl::Status Topology::AddRange(const ReplyView& range, const Endpoint& asked,
                                std::bitset<kSlotCount>& listed) {
  if (!range.is_array() || range.size() < 3) return BadReply("a range is not [start, end, node]");
  auto element = range.begin();
  ReplyView first = *element;
  ReplyView last = *++element;
  auto in_range = [](const ReplyView& slot) {
    return slot.type() == RespType::kInteger && slot.integer() >= 0 &&
           slot.integer() < static_cast<int64_t>(kSlotCount);
  };
  if (!in_range(first) || !in_range(last) || first.integer() > last.integer()) {
    return BadReply("a slot range is out of range");
  }
  absl::StatusOr<std::optional<ClusterNode>> primary = ReadNode(*++element, asked);
  if (!primary.ok()) return primary.status();
  if (!HasRoom()) return BadReply("too many nodes");
  // A range whose primary cannot be reached has no owner.
  const bool reachable = primary->has_value();
  const uint16_t index = reachable ? IndexOfPrimary(**std::move(primary)) : kNobody;
  for (int64_t slot = first.integer(); slot <= last.integer(); ++slot) {
    if (listed[slot]) return BadReply("a slot has two owners");
    listed.set(slot);
    if (reachable) ++covered_slots_;
    owners_[slot] = index;
  }
  for (++element; !(element == range.end()); ++element) {
    absl::StatusOr<std::optional<ClusterNode>> replica = ReadNode(*element, asked);
    if (!replica.ok()) return replica.status();
    if (!*replica) continue;
    if (std::find(replicas_.begin(), replicas_.end(), **replica) == replicas_.end()) {
      if (!HasRoom()) return BadReply("too many nodes");
      replicas_.push_back(**std::move(replica));
    }
  }
  return absl::OkStatus();
}

bool Topology::MayBeSameCluster(const Topology& other) const {
  std::set<std::string_view> ids;
  for (const std::vector<ClusterNode>* nodes : {&primaries_, &replicas_}) {
    for (const ClusterNode& node : *nodes) {
      if (!node.id.empty()) ids.insert(node.id);
    }
  }
  bool told = false;
  for (const std::vector<ClusterNode>* nodes : {&other.primaries_, &other.replicas_}) {
    for (const ClusterNode& node : *nodes) {
      if (ids.contains(node.id)) return true;
      told = told || !node.id.empty();
    }
  }
  return ids.empty() || !told;
}

void Topology::SetMembers(std::vector<ClusterNode> members) { members_ = std::move(members); }

const ClusterNode* Topology::NodeAt(const Endpoint& endpoint) const {
  for (const std::vector<ClusterNode>* nodes : {&primaries_, &replicas_, &members_}) {
    for (const ClusterNode& node : *nodes) {
      if (node.endpoint == endpoint) return &node;
    }
  }
  return nullptr;
}

const std::string* Topology::IdAt(const Endpoint& endpoint) const {
  const ClusterNode* node = NodeAt(endpoint);
  return node == nullptr || node->id.empty() ? nullptr : &node->id;
}

bool Topology::IsStranger(const Endpoint& endpoint) const {
  return !members_.empty() && NodeAt(endpoint) == nullptr;
}

uint16_t Topology::IndexOfPrimary(ClusterNode node) {
  auto found = std::find(primaries_.begin(), primaries_.end(), node);
  if (found == primaries_.end()) found = primaries_.insert(found, std::move(node));
  return static_cast<uint16_t>(found - primaries_.begin());
}

void DemandMember(const Topology& topology, ShardRequest& request) {
  if (const std::string* id = topology.IdAt(request.endpoint)) {
    request.node_id = *id;
  } else if (topology.IsStranger(request.endpoint)) {
    request.node_id = kNoNode;
  }
}

}  // namespace atestore::inline v0
