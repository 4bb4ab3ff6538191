#include "apps/kubectl-ate/grpc_session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "apps/kubectl-ate/control_api.h"

namespace atestore::cli {

GrpcSession::GrpcSession(const std::shared_ptr<grpc::Channel>& channel, BearerToken token)
    : channel_(channel), stub_(ateapi::Control::NewStub(channel)), token_(std::move(token)) {}

void GrpcSession::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : running_) context->TryCancel();
}

// A channel whose last connection failed refuses calls at once, without looking whether the one
// that it is making meanwhile has come about: only who waits for that finds out.
void GrpcSession::Reconnect(absl::Time deadline) {
  constexpr absl::Duration kPatience = absl::Milliseconds(300);
  if (channel_->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_TRANSIENT_FAILURE) return;
  channel_->WaitForConnected(absl::ToChronoTime(std::min(deadline, absl::Now() + kPatience)));
}

GrpcSession::Call::Call(GrpcSession& session, absl::Time deadline) : session_(session) {
  session_.Reconnect(deadline);
  if (deadline != absl::InfiniteFuture()) context_.set_deadline(absl::ToChronoTime(deadline));
  const std::lock_guard lock(session_.mutex_);
  // Call credentials would be refused on a channel without TLS, which may lead to loopback.
  const std::string& authorization = session_.token_.Authorization();
  if (!authorization.empty()) context_.AddMetadata("authorization", authorization);
  session_.running_.insert(&context_);
  if (session_.cancelled_) context_.TryCancel();
}

GrpcSession::Call::~Call() {
  const std::lock_guard lock(session_.mutex_);
  session_.running_.erase(&context_);
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status converted(static_cast<absl::StatusCode>(status.error_code()),
                         status.error_message());
  const bool from_service = !status.error_details().empty();
  const bool connection = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                          status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return connection && !from_service ? MarkConnectionFailure(converted) : converted;
}

std::optional<absl::string_view> ValueOf(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  return absl::string_view(found->second.data(), found->second.size());
}

}  // namespace atestore::cli
