#include "core/listing/step.h"

#include "absl/strings/str_cat.h"
#include "core/listing/server_process.h"
#include "core/status.h"

namespace atestore::inline v0 {

ReadError ReadError::FromError(const ServerError& error, const Endpoint& asked) {
  return {.kind = error.kind,
          .slot = error.slot,
          .asked = asked,
          .redirect = error.endpoint,
          .status = ToStatus(error, asked),
          .transient = IsTransient(error.kind),
          .at_once = error.kind == ServerErrorKind::kMoved || error.kind == ServerErrorKind::kAsk ||
                     error.kind == ServerErrorKind::kTryAgain};
}

ReadError ReadError::FromFailure(const absl::Status& status, const Endpoint& asked) {
  return {.asked = asked,
          .status = status,
          .transient = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                       absl::IsDataLoss(status),
          .lost = absl::IsUnavailable(status)};
}

ReadError ReadError::Reread(const Endpoint& asked, std::string_view what) {
  return {.asked = asked,
          .status = UnavailableError(absl::StrCat("node ", ToString(asked), ": ", ToAbsl(what))),
          .at_once = true};
}

ReadError ReadError::NoStableOwner(const Endpoint& asked, Slot slot, std::string_view why) {
  return {.asked = asked,
          .status = UnavailableError(absl::StrCat("slot ", slot, " has no reachable owner: node ",
                                                  ToString(asked), " ", ToAbsl(why)))};
}

void PrimaryCheck::AddTo(Pipeline& pipeline, std::string_view key) {
  pipeline.Add({"CLUSTER", "INFO"});
  pipeline.Add({"PFCOUNT", key});
}

std::optional<ReadError> PrimaryCheck::ErrorIn(size_t command, const ReplyView& reply,
                                               const Endpoint& asked) {
  return command == 0 ? ErrorInClusterInfo(reply, asked) : ErrorInPfcount(reply, asked);
}

std::optional<ReadError> PrimaryCheck::ErrorInPfcount(const ReplyView& reply,
                                                      const Endpoint& asked) {
  if (!reply.is_error()) return std::nullopt;
  ServerError error = ParseServerError(reply.text(), asked);
  // The key exists and holds something else: it was looked at, so nothing held the command back.
  if (error.kind == ServerErrorKind::kWrongType) return std::nullopt;
  return ReadError::FromError(error, asked);
}

std::optional<ReadError> PrimaryCheck::ErrorInClusterInfo(const ReplyView& reply,
                                                          const Endpoint& asked) {
  if (reply.is_error()) return ReadError::FromError(ParseServerError(reply.text(), asked), asked);
  if (ClusterIsOk(reply.text())) return std::nullopt;
  return ReadError{
      .kind = ServerErrorKind::kClusterDown,
      .asked = asked,
      .status = UnavailableError(absl::StrCat("node ", ToString(asked),
                                              ": its cluster_state is not ok, or no node has "
                                              "answered it since its start (CLUSTER INFO); it may "
                                              "be cut off from the majority"))};
}

std::optional<ReplyView> TransactionReplies::OnReply(size_t command, const ReplyView& reply,
                                                     const Endpoint& asked) {
  if (reply.is_error()) {
    if (!error_) error_ = ParseServerError(reply.text(), asked);
    return std::nullopt;
  }
  if (command != queued_ + 1 || error_) return std::nullopt;
  if (!reply.is_array() || reply.size() != queued_) {
    error_ = ServerError{.kind = ServerErrorKind::kTryAgain, .text = "EXEC: unexpected reply"};
    return std::nullopt;
  }
  for (ReplyView result : reply) {
    if (!result.is_error()) continue;
    error_ = ParseServerError(result.text(), asked);
    return std::nullopt;
  }
  return reply;
}

}  // namespace atestore::inline v0
