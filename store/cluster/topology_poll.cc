#include "store/cluster/topology_poll.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/cluster_members.h"
#include "core/listing/server_process.h"
#include "core/server_error.h"
#include "core/status.h"
#include "store/cluster/cluster_client.h"

namespace atestore::inline v0 {
namespace {

enum AskedFor : size_t { kSlots, kInfo, kNodes };

uint64_t EpochIn(std::string_view info) {
  constexpr std::string_view kField = "cluster_current_epoch:";
  uint64_t epoch = 0;
  const size_t found = info.find(kField);
  if (found == std::string_view::npos) return epoch;
  const char* begin = info.data() + found + kField.size();
  std::from_chars(begin, info.data() + info.size(), epoch);
  return epoch;
}

// A user who may not ask for the state, or a server that has none, does not make a view worthless.
bool SaysOk(const ReplyView& info, const Endpoint& asked) {
  if (!info.is_error()) return ClusterIsOk(info.text());
  return !IsTransient(ParseServerError(info.text(), asked).kind);
}

bool Holds(const std::vector<ClusterNode>& nodes, std::string_view id) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [id](const ClusterNode& node) { return node.id == id; });
}

absl::Status NamingNode(const absl::Status& status, const Endpoint& asked) {
  const std::string node = ToString(asked);
  std::string message(status.message());
  // Most transports name the node themselves.
  if (message.find(node) == std::string::npos) message = absl::StrCat("node ", node, ": ", message);
  const bool late = absl::IsDeadlineExceeded(status);
  return {late ? absl::StatusCode::kUnavailable : status.code(), message};
}

}  // namespace

bool TopologyAnswer::IsBetterThan(const TopologyAnswer& other) const {
  const auto rank = [](const TopologyAnswer& answer) {
    return std::tuple(answer.cluster_ok, !answer.is_replica, answer.topology.covered_slots(),
                      answer.epoch);
  };
  return rank(*this) > rank(other);
}

TopologyPoll::TopologyPoll(std::span<const Endpoint> nodes, const Topology* known)
    : known_(known), answers_(nodes.size()) {
  for (const Endpoint& node : nodes) {
    ShardRequest& request = requests_.emplace_back(ShardRequest{.endpoint = node});
    request.pipeline.Add({"CLUSTER", "SLOTS"});
    request.pipeline.Add({"CLUSTER", "INFO"});
    request.pipeline.Add({"CLUSTER", "NODES"});
  }
}

void TopologyPoll::OnReply(size_t request, size_t command, const ReplyView& reply) {
  const Endpoint& asked = requests_[request].endpoint;
  std::optional<TopologyAnswer>& answer = answers_[request];
  if (command == kSlots && reply.is_error()) {
    return NoteFailure(ExplainServerError(ParseServerError(reply.text(), asked), asked));
  }
  if (command == kSlots) {
    absl::StatusOr<Topology> topology = Topology::FromClusterSlots(reply, asked);
    if (!topology.ok()) return NoteFailure(NamingNode(topology.status(), asked));
    if (topology->covered_slots() == 0) {
      return NoteFailure(UnavailableError(absl::StrCat(
          "node ", ToString(asked), " knows no owner of any slot; is the cluster made?")));
    }
    answer = TopologyAnswer{.asked = asked, .topology = *std::move(topology)};
  }
  if (!answer) return;
  if (command == kInfo) {
    answer->cluster_ok = SaysOk(reply, asked);
    answer->epoch = EpochIn(reply.text());
  }
  if (command == kNodes) Judge(request, reply);
}

void TopologyPoll::Judge(size_t request, const ReplyView& nodes) {
  TopologyAnswer answer = *std::exchange(answers_[request], std::nullopt);
  if (known_ != nullptr && !known_->MayBeSameCluster(answer.topology)) {
    foreign_.push_back(answer.asked);
    return;
  }
  // A user who may not ask for it does not make the view worthless either.
  absl::StatusOr<ClusterMembers> members =
      ClusterMembers::FromClusterNodes(nodes.is_error() ? "" : nodes.text(), answer.asked);
  if (members.ok()) {
    answer.is_replica = Holds(answer.topology.replicas(), members->myself);
    answer.topology.SetMembers(std::move(members->nodes));
  }
  if (!best_ || answer.IsBetterThan(*best_)) best_ = std::move(answer);
}

void TopologyPoll::OnFailure(size_t request, const absl::Status& status) {
  if (!Abandon()) NoteFailure(NamingNode(status, requests_[request].endpoint));
}

void TopologyPoll::NoteFailure(const absl::Status& status) {
  // A refusal says more than that some other node is down.
  if (failure_.ok() || absl::IsUnavailable(failure_)) failure_ = status;
}

}  // namespace atestore::inline v0
