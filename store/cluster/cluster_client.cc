#include "store/cluster/cluster_client.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/cluster/topology_poll.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

// Nodes that do not answer so soon are passed over for the next ones.
constexpr absl::Duration kTopologyAnswerMax = absl::Milliseconds(500);
// … unless no others are left.
constexpr absl::Duration kTopologyLastAnswerMax = absl::Seconds(1);
// So many nodes are asked at once: few, as a rule the first one knows.
constexpr size_t kTopologyAskedFirst = 2;
constexpr size_t kTopologyAskedMax = 16;
// The condition variable takes no infinite time.
constexpr absl::Duration kWaitStep = absl::Hours(1);

absl::Status OtherCluster(const Endpoint& node) {
  return WithErrorInfo(
      UnavailableError(absl::StrCat("node ", ToString(node),
                                    " is of another cluster than the one that is known; restart "
                                    "this process if it is to serve that one")),
      {.reason = "REDIS_OTHER_CLUSTER"});
}

absl::Status ClusterIsDown(const TopologyAnswer& answer) {
  if (answer.topology.covered_slots() < kSlotCount) return SlotsWithoutOwner(answer.topology);
  return WithErrorInfo(
      UnavailableError(absl::StrCat("node ", ToString(answer.asked),
                                    ": cluster_state:fail, or no node has answered "
                                    "it since its start (CLUSTER INFO)")),
      {.reason = "STORE_UNAVAILABLE"});
}

// Each node once, in this order.
void AddNew(std::vector<Endpoint>& nodes, const Endpoint& node) {
  if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
}

void AddRotated(std::vector<Endpoint>& nodes, const std::vector<ClusterNode>& more, uint64_t turn) {
  for (size_t i = 0; i < more.size(); ++i) {
    nodes.push_back(more[(turn + i) % more.size()].endpoint);
  }
}

}  // namespace

absl::Status ExplainServerError(const ServerError& error, const Endpoint& asked) {
  const Refusal& row = RefusalFor(error);
  const absl::Status status = ToStatus(error, asked);
  std::string message(status.message());
  // What to do is added to the server's words, which name the command where there is one.
  if (!row.advice.empty()) absl::StrAppend(&message, "; ", ToAbsl(row.advice));
  return WithErrorInfo(absl::Status(status.code(), message), {.reason = std::string(row.reason)});
}

absl::Status WithStoreReason(const absl::Status& failure) {
  if (failure.ok() || GetErrorInfo(failure)) return failure;
  switch (failure.code()) {
    case absl::StatusCode::kUnavailable:
      return WithErrorInfo(failure, {.reason = "STORE_UNAVAILABLE"});
    case absl::StatusCode::kUnauthenticated:
      return WithErrorInfo(failure, {.reason = "REDIS_UNAUTHENTICATED"});
    case absl::StatusCode::kPermissionDenied:
      return WithErrorInfo(failure, {.reason = "REDIS_PERMISSION_DENIED"});
    case absl::StatusCode::kDeadlineExceeded:
      return WithErrorInfo(failure, {.reason = "DEADLINE_EXCEEDED"});
    case absl::StatusCode::kFailedPrecondition:
      return WithErrorInfo(failure, {.reason = "REDIS_REFUSED"});
    case absl::StatusCode::kResourceExhausted:
      return WithErrorInfo(failure, {.reason = "REDIS_OUT_OF_MEMORY"});
    default:
      return WithErrorInfo(failure, {.reason = "STORE_ERROR"});
  }
}

absl::Status SlotsWithoutOwner(const Topology& topology) {
  return WithErrorInfo(
      UnavailableError(absl::StrCat(kSlotCount - topology.covered_slots(), " of ", kSlotCount,
                                    " slots have no owner; assign them or wait for a failover")),
      {.reason = "SLOTS_WITHOUT_OWNER"});
}

ClusterClient::ClusterClient(ShardTransport& transport, Clock& clock, std::vector<Endpoint> seeds,
                             RetryOptions retry, OnForeignNode on_foreign_node)
    : transport_(transport),
      clock_(clock),
      seeds_(std::move(seeds)),
      retry_(std::move(retry)),
      on_foreign_node_(std::move(on_foreign_node)) {}

RetryOptions ClusterClient::NextRetryOptions() {
  RetryOptions options = retry_;
  options.seed += calls_.fetch_add(1, std::memory_order_relaxed);
  return options;
}

std::shared_ptr<const Topology> ClusterClient::topology() const {
  std::lock_guard lock(mutex_);
  return topology_;
}

absl::StatusOr<std::shared_ptr<const Topology>> ClusterClient::Refresh(const Topology* seen,
                                                                       absl::Time deadline) {
  std::unique_lock lock(mutex_);
  if (topology_ != nullptr && topology_.get() != seen) return topology_;
  if (refreshing_) {
    uint64_t before = refreshes_;
    auto done = [&] { return refreshes_ != before; };
    while (!done()) {
      const absl::Duration left = std::min(deadline - clock_.Now(), kWaitStep);
      if (left <= absl::ZeroDuration()) {
        return DeadlineExceededError("the topology of the cluster is still being asked for");
      }
      // A duration: waiting for a time of day would hang when that is set back.
      refreshed_.wait_for(lock, absl::ToChronoMicroseconds(left), done);
    }
    if (!last_refresh_.ok()) return last_refresh_;
    return topology_;
  }
  refreshing_ = true;
  lock.unlock();
  absl::StatusOr<std::shared_ptr<const Topology>> fresh = AskForTopology(deadline);
  lock.lock();
  refreshing_ = false;
  ++refreshes_;
  last_refresh_ = fresh.status();
  if (fresh.ok()) topology_ = *fresh;
  refreshed_.notify_all();
  return fresh;
}

absl::StatusOr<std::shared_ptr<const Topology>> ClusterClient::AskForTopology(absl::Time deadline) {
  const std::shared_ptr<const Topology> known = topology();
  const std::vector<Endpoint> nodes = NodesToAsk(known.get());
  absl::Status failure = UnavailableError("no address of a cluster node is known");
  std::optional<TopologyAnswer> best;
  std::optional<Endpoint> foreign;
  size_t at_once = kTopologyAskedFirst;
  for (size_t next = 0; next < nodes.size() && !(best && best->is_best());) {
    const absl::Time now = clock_.Now();
    if (next > 0 && now >= deadline) break;
    const auto asked = std::span(nodes).subspan(next, std::min(at_once, nodes.size() - next));
    next += asked.size();
    at_once = std::min(at_once * 2, kTopologyAskedMax);
    TopologyPoll poll(asked, known.get());
    const absl::Duration limit = next == nodes.size() ? kTopologyLastAnswerMax : kTopologyAnswerMax;
    transport_.Execute(poll.requests(), std::min(deadline, now + limit), poll);
    for (const Endpoint& node : poll.foreign()) {
      foreign = node;
      foreign_nodes_.fetch_add(1, std::memory_order_relaxed);
      if (on_foreign_node_) on_foreign_node_(node);
    }
    if (poll.best() && (!best || poll.best()->IsBetterThan(*best))) best = poll.best();
    // A refusal says more than that some other node is down.
    if (!poll.failure().ok() && absl::IsUnavailable(failure)) failure = poll.failure();
  }
  if (best && (best->cluster_ok || known == nullptr || known->covered_slots() < kSlotCount)) {
    return std::make_shared<const Topology>(std::move(best->topology));
  }
  if (best) return ClusterIsDown(*best);
  if (foreign) return OtherCluster(*foreign);
  return WithStoreReason(failure);
}

std::vector<Endpoint> ClusterClient::NodesToAsk(const Topology* known) {
  if (known == nullptr) return seeds_;
  const uint64_t turn = NextRetryOptions().seed;
  std::vector<Endpoint> learnt;
  AddRotated(learnt, known->primaries(), turn);
  AddRotated(learnt, known->replicas(), turn);
  // In turn with the seeds: every known address may be out of date.
  std::vector<Endpoint> nodes;
  for (size_t i = 0; i < std::max(learnt.size(), seeds_.size()); ++i) {
    if (i < learnt.size()) AddNew(nodes, learnt[i]);
    if (i < seeds_.size()) AddNew(nodes, seeds_[(turn + i) % seeds_.size()]);
  }
  return nodes;
}

}  // namespace atestore::inline v0
