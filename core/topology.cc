#include "core/topology.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

absl::Status BadReply(std::string_view what) {
  return DataLossError(absl::StrCat("CLUSTER SLOTS: ", ToAbsl(what)));
}

// A node of CLUSTER SLOTS: [preferred endpoint, port, id, …]. The endpoint is null or empty when
// the server does not know its own address, "?" when it has no name: the asked host stands in.
absl::StatusOr<ClusterNode> ReadNode(const ReplyView& node, const Endpoint& asked) {
  if (!node.is_array() || node.size() < 2) return BadReply("a node is not [host, port, …]");
  ReplyView host = node[0];
  int64_t port = node[1].integer();
  if (port < 1 || port > 0xFFFF) return BadReply("a port is out of range");
  if (host.text().size() > kHostBytesMax) return BadReply("the name of a host is too long");
  bool unknown = host.is_null() || host.text().empty() || host.text() == "?";
  ClusterNode result;
  result.endpoint.host = unknown ? asked.host : std::string(host.text());
  result.endpoint.port = static_cast<uint16_t>(port);
  if (node.size() > 2) result.id = node[2].text();
  return result;
}

absl::Status NotAnAddress(std::string_view text) {
  return InvalidArgumentError(
      absl::StrCat("address \"", ToAbsl(text.substr(0, kHostBytesMax)), "\" is not host:port"));
}

}  // namespace

std::string ToString(const Endpoint& endpoint) {
  return absl::StrCat(endpoint.host, ":", endpoint.port);
}

absl::StatusOr<Endpoint> ParseListenEndpoint(std::string_view text) {
  size_t colon = text.rfind(':');
  Endpoint endpoint;
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
    std::string_view port = text.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    bool host_valid = host.size() <= kHostBytesMax && host.find_first_of("[]") == host.npos;
    if (error == std::errc() && end == port.data() + port.size() && host_valid) {
      endpoint.host = host;
      return endpoint;
    }
  }
  return NotAnAddress(text);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  absl::StatusOr<Endpoint> endpoint = ParseListenEndpoint(text);
  // Nobody can be called at port 0.
  if (endpoint.ok() && endpoint->port == 0) return NotAnAddress(text);
  return endpoint;
}

absl::StatusOr<Topology> Topology::FromClusterSlots(const ReplyView& reply, const Endpoint& asked) {
  if (!reply.is_array()) return BadReply("the reply is not an array");
  Topology topology;
  for (ReplyView range : reply) {
    if (absl::Status status = topology.AddRange(range, asked); !status.ok()) return status;
  }
  return topology;
}

absl::Status Topology::AddRange(const ReplyView& range, const Endpoint& asked) {
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
  absl::StatusOr<ClusterNode> primary = ReadNode(*++element, asked);
  if (!primary.ok()) return primary.status();
  if (!HasRoom()) return BadReply("too many nodes");
  uint16_t index = IndexOfPrimary(*std::move(primary));
  for (int64_t slot = first.integer(); slot <= last.integer(); ++slot) {
    if (owners_[slot] != kNobody) return BadReply("a slot has two owners");
    ++covered_slots_;
    owners_[slot] = index;
  }
  for (++element; !(element == range.end()); ++element) {
    absl::StatusOr<ClusterNode> replica = ReadNode(*element, asked);
    if (!replica.ok()) return replica.status();
    if (std::find(replicas_.begin(), replicas_.end(), *replica) == replicas_.end()) {
      if (!HasRoom()) return BadReply("too many nodes");
      replicas_.push_back(*std::move(replica));
    }
  }
  return absl::OkStatus();
}

const std::string* Topology::IdAt(const Endpoint& endpoint) const {
  for (const std::vector<ClusterNode>* nodes : {&primaries_, &replicas_}) {
    for (const ClusterNode& node : *nodes) {
      if (node.endpoint == endpoint) return node.id.empty() ? nullptr : &node.id;
    }
  }
  return nullptr;
}

uint16_t Topology::IndexOfPrimary(ClusterNode node) {
  auto found = std::find(primaries_.begin(), primaries_.end(), node);
  if (found == primaries_.end()) found = primaries_.insert(found, std::move(node));
  return static_cast<uint16_t>(found - primaries_.begin());
}

}  // namespace atestore
