#include "store/cluster_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"
#include "store/execute_at.h"

namespace atestore {
namespace {

// A node that does not answer so soon is passed over for another one.
constexpr absl::Duration kTopologyAnswerMax = absl::Seconds(1);

absl::StatusOr<Topology> AskOneNode(ShardTransport& transport, const Endpoint& asked,
                                    absl::Time deadline) {
  ShardRequest request{.endpoint = asked};
  request.pipeline.Add({"CLUSTER", "SLOTS"});
  absl::StatusOr<std::vector<Reply>> replies = ExecuteAt(transport, request, deadline);
  if (absl::IsDeadlineExceeded(replies.status())) {
    return UnavailableError(ToStd(replies.status().message()));
  }
  if (!replies.ok()) return replies.status();
  ReplyView view = replies->front().view();
  if (view.is_error()) return ExplainServerError(ParseServerError(view.text(), asked), asked);
  absl::StatusOr<Topology> topology = Topology::FromClusterSlots(view, asked);
  if (topology.ok() && topology->covered_slots() == 0) {
    return UnavailableError(absl::StrCat("node ", ToString(asked),
                                         " knows no owner of any slot; is the cluster made?"));
  }
  return topology;
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

ClusterClient::ClusterClient(ShardTransport& transport, Clock& clock, std::vector<Endpoint> seeds,
                             RetryOptions retry)
    : transport_(transport), clock_(clock), seeds_(std::move(seeds)), retry_(std::move(retry)) {}

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
    if (!refreshed_.wait_until(lock, absl::ToChronoTime(deadline), done)) {
      return DeadlineExceededError("the topology of the cluster is still being asked for");
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
  absl::Status failure = UnavailableError("no address of a cluster node is known");
  std::shared_ptr<Topology> best;
  for (const Endpoint& endpoint : NodesToAsk()) {
    absl::Time limit = std::min(deadline, clock_.Now() + kTopologyAnswerMax);
    absl::StatusOr<Topology> answer = AskOneNode(transport_, endpoint, limit);
    if (answer.ok()) {
      if (best == nullptr || answer->covered_slots() > best->covered_slots()) {
        best = std::make_shared<Topology>(*std::move(answer));
      }
      if (best->covered_slots() == kSlotCount) break;
    } else if (absl::IsUnavailable(failure) || !absl::IsUnavailable(answer.status())) {
      // A refusal says more than that some other node is down.
      failure = answer.status();
    }
    if (clock_.Now() >= deadline) break;
  }
  if (best != nullptr) return best;
  return WithStoreReason(failure);
}

std::vector<Endpoint> ClusterClient::NodesToAsk() {
  std::vector<Endpoint> nodes;
  if (std::shared_ptr<const Topology> known = topology()) {
    for (const ClusterNode& node : known->primaries()) nodes.push_back(node.endpoint);
    for (const ClusterNode& node : known->replicas()) nodes.push_back(node.endpoint);
    size_t turn = NextRetryOptions().seed % nodes.size();
    std::rotate(nodes.begin(), nodes.begin() + static_cast<ptrdiff_t>(turn), nodes.end());
  }
  for (const Endpoint& seed : seeds_) {
    if (std::find(nodes.begin(), nodes.end(), seed) == nodes.end()) nodes.push_back(seed);
  }
  return nodes;
}

}  // namespace atestore
