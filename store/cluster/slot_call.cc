#include "store/cluster/slot_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"
#include "store/error_info.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {
namespace {

// More in a row mean that nodes disagree about the owner, which takes them a while to settle.
constexpr int kRedirectsMax = 5;

// Commands for one node, and which of the replies answer them.
struct Prepared {
  ShardRequest request;
  std::vector<bool> is_asking;
};

// ASKING counts for one command, or for a whole transaction when it stands before MULTI.
Prepared Prepare(const Endpoint& endpoint, bool asking, const std::vector<Command>& commands) {
  Prepared prepared{.request = {.endpoint = endpoint}};
  bool in_transaction = false;
  for (const Command& command : commands) {
    if (asking && !in_transaction) {
      prepared.request.pipeline.Add({"ASKING"});
      prepared.is_asking.push_back(true);
    }
    if (command.front() == "MULTI") in_transaction = true;
    if (command.front() == "EXEC") in_transaction = false;
    prepared.request.pipeline.Begin(command.size());
    for (const std::string& argument : command) prepared.request.pipeline.AddArgument(argument);
    prepared.is_asking.push_back(false);
  }
  return prepared;
}

bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

absl::StatusOr<std::optional<std::vector<Reply>>> SlotCall::Try(
    const std::vector<Command>& commands) {
  outcome_ = TryOutcome::kNotSent;
  refusal_.reset();
  if (absl::Status status = pacer_.CheckCall(); !status.ok()) return status;
  absl::StatusOr<std::optional<Target>> target = FindTarget();
  if (!target.ok()) return target.status();
  if (!*target) return std::nullopt;

  Prepared prepared = Prepare((*target)->endpoint, (*target)->asking, commands);
  if (topology_ != nullptr) DemandMember(*topology_, prepared.request);
  absl::StatusOr<std::vector<Reply>> replies =
      ExecuteAt(transport_, prepared.request, pacer_.AttemptDeadline());
  if (!replies.ok()) {
    if (!WasNotSent(replies.status())) outcome_ = TryOutcome::kUnknown;
    if (!IsTransient(replies.status())) return WithStoreReason(replies.status());
    if (absl::Status status = OnTransientFailure(replies.status()); !status.ok()) return status;
    return std::nullopt;
  }
  std::vector<Reply> answers;
  for (size_t i = 0; i < replies->size(); ++i) {
    if (prepared.is_asking[i] && !(*replies)[i].view().is_error()) continue;
    answers.push_back(std::move((*replies)[i]));
  }
  refusal_ = FindRefusal(commands, answers);
  if (refusal_) {
    if (absl::Status status = OnServerError(*refusal_); !status.ok()) return status;
    return std::nullopt;
  }
  outcome_ = TryOutcome::kAnswered;
  redirects_ = 0;
  return answers;
}

// The first error is the cause; what follows it (EXECABORT) is its consequence.
std::optional<ServerError> SlotCall::FindRefusal(const std::vector<Command>& commands,
                                                 const std::vector<Reply>& answers) {
  for (size_t i = 0; i < answers.size(); ++i) {
    ReplyView reply = answers[i].view();
    std::string_view command;
    if (i < commands.size()) command = commands[i].front();
    if (reply.is_error()) {
      // Without MULTI, what stands behind it is executed at once, and EXEC guards nothing.
      outcome_ = command == "MULTI" ? TryOutcome::kUnknown : TryOutcome::kRefused;
      return ParseServerError(reply.text(), target_->endpoint);
    }
    if (command != "EXEC" || !reply.is_array()) continue;
    for (ReplyView element : reply) {
      if (!element.is_error()) continue;
      // The others of the transaction were executed.
      outcome_ = reply.size() == 1 ? TryOutcome::kRefused : TryOutcome::kUnknown;
      return ParseServerError(element.text(), target_->endpoint);
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Reply>> SlotCall::Execute(const std::vector<Command>& commands) {
  for (;;) {
    absl::StatusOr<std::optional<std::vector<Reply>>> replies = Try(commands);
    if (!replies.ok()) return replies.status();
    if (*replies) return **std::move(replies);
  }
}

absl::StatusOr<std::optional<SlotCall::Target>> SlotCall::FindTarget() {
  if (target_) return target_;
  topology_ = client_.topology();
  if (topology_ == nullptr || topology_ == stale_) {
    auto fresh = client_.Refresh(stale_.get(), pacer_.AttemptDeadline());
    if (!fresh.ok()) {
      if (!IsTransient(fresh.status())) return WithStoreReason(fresh.status());
      if (absl::Status status = OnTransientFailure(fresh.status()); !status.ok()) return status;
      return std::nullopt;
    }
    topology_ = *fresh;
  }
  const ClusterNode* owner = topology_->Owner(slot_);
  if (owner == nullptr) {
    absl::Status failure = UnavailableError("no node owns it");
    if (absl::Status status = OnTransientFailure(failure); !status.ok()) return status;
    return std::nullopt;
  }
  target_ = Target{.endpoint = owner->endpoint};
  return target_;
}

absl::Status SlotCall::OnServerError(const ServerError& error) {
  const Endpoint asked = target_->endpoint;
  bool redirect = error.kind == ServerErrorKind::kMoved || error.kind == ServerErrorKind::kAsk;
  if (redirect && ++redirects_ <= kRedirectsMax) {
    if (error.kind == ServerErrorKind::kMoved || topology_->IsStranger(error.endpoint)) {
      // For the calls to come too. A failure does not matter where the way is known.
      auto fresh = client_.Refresh(topology_.get(), pacer_.AttemptDeadline());
      if (fresh.ok()) topology_ = *std::move(fresh);
    }
    if (topology_->IsStranger(error.endpoint)) {
      return OnTransientFailure(UnavailableError(
          absl::StrCat("node ", ToString(asked), " sends to ", ToString(error.endpoint),
                       ", which the cluster does not know (CLUSTER NODES)")));
    }
    target_ = Target{.endpoint = error.endpoint, .asking = error.kind == ServerErrorKind::kAsk};
    return absl::OkStatus();
  }
  redirects_ = 0;
  absl::Status failure = ExplainServerError(error, asked);
  return absl::IsUnavailable(failure) ? OnTransientFailure(failure) : failure;
}

absl::Status SlotCall::OnTransientFailure(const absl::Status& failure) {
  target_.reset();
  stale_ = topology_;
  return pacer_.WaitAfter(
      absl::Status(failure.code(), absl::StrCat("slot ", slot_, ": ", failure.message())));
}

}  // namespace atestore::inline v0
