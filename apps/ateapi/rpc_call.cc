#include "apps/ateapi/rpc_call.h"

#include <grpcpp/security/auth_context.h>

#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/ateapi/error_details.h"
#include "apps/ateapi/rpc_calls.h"
#include "store/error_info.h"
#include "store/options.h"

namespace atestore {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), MessageOf(status),
          SerializedErrorDetails(status)};
}

// Without a copy.
grpc::ByteBuffer BytesOf(std::string bytes) {
  auto* owner = new std::string(std::move(bytes));
  const grpc::Slice slice(
      owner->data(), owner->size(), [](void* string) { delete static_cast<std::string*>(string); },
      owner);
  return {&slice, 1};
}

// "ipv4:127.0.0.1:1234" → "ipv4:127.0.0.1"
std::string WithoutPort(const std::string& address) {
  return address.starts_with("ip") ? address.substr(0, address.rfind(':')) : address;
}

}  // namespace

std::string PeerOf(const grpc::ServerContextBase& context, const std::string& address) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth != nullptr && auth->IsPeerAuthenticated()) {
    const std::vector<grpc::string_ref> names = auth->GetPeerIdentity();
    if (!names.empty()) return std::string(names.front().data(), names.front().size());
  }
  return WithoutPort(address);
}

std::shared_ptr<RpcCall> RpcCall::Start(grpc::GenericCallbackServerContext* context,
                                        RpcCalls& calls, OnRequest on_request) {
  const std::shared_ptr<RpcCall> call(new RpcCall(context, calls, std::move(on_request)));
  call->self_ = call;
  calls.Add(call);
  call->StartRead(&call->request_);
  return call;
}

RpcCall::RpcCall(grpc::GenericCallbackServerContext* context, RpcCalls& calls, OnRequest on_request)
    : context_(context),
      calls_(calls),
      path_(context->method()),
      address_(context->peer()),
      peer_(PeerOf(*context, address_)),
      on_request_(std::move(on_request)),
      phase_since_(SteadyNow()) {}

CallOptions RpcCall::options() {
  CallOptions options;
  const std::chrono::system_clock::time_point deadline = context_->deadline();
  // gRPC's "no deadline" is the end of its clock, which absl's conversion would overflow.
  if (deadline < std::chrono::system_clock::now() + std::chrono::hours(24 * 365)) {
    options.deadline = FromTimeOfDay(absl::FromChrono(deadline));
  }
  options.cancelled = [call = shared_from_this()] { return call->is_cancelled(); };
  return options;
}

// False when the call is being ended already, by its peer's fault.
bool RpcCall::Enter(Phase phase) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kFinishing || phase_ == Phase::kDone) return false;
  phase_ = phase;
  phase_since_ = SteadyNow();
  return true;
}

void RpcCall::OnReadDone(bool ok) {
  if (!Enter(Phase::kWorking)) return;
  if (ok) return on_request_(shared_from_this());
  calls_.NoteReset(address_);
  if (!Enter(Phase::kFinishing)) return;
  // Made once: a flood of these must cost as little as possible.
  static const grpc::Status* const missing = new grpc::Status(
      ToGrpc(WithErrorInfo(absl::InvalidArgumentError("the call ended before its request arrived"),
                           {.reason = "REQUEST_MISSING", .field = ""})));
  grpc::ServerGenericBidiReactor::Finish(*missing);
}

void RpcCall::HoldBytes(std::string message) {
  unsent_bytes_ = static_cast<int64_t>(message.size());
  calls_.unsent().Take(unsent_bytes_);
  message_ = BytesOf(std::move(message));
}

void RpcCall::GiveBytes() {
  message_.Clear();
  calls_.unsent().Give(unsent_bytes_.exchange(0));
}

void RpcCall::Write(std::string message, std::function<void(bool)> then,
                    std::function<void()> on_slow) {
  HoldBytes(std::move(message));
  {
    const std::lock_guard lock(mutex_);
    then_ = std::move(then);
    on_slow_ = std::move(on_slow);
  }
  Enter(Phase::kWriting);
  StartWrite(&message_);
}

void RpcCall::OnWriteDone(bool ok) {
  GiveBytes();
  std::function<void(bool)> then;
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::kWorking;
    then = std::move(then_);
    on_slow_ = nullptr;
  }
  then(ok && !cancelled_);
}

void RpcCall::Answer(std::string message) {
  if (!Enter(Phase::kFinishing)) return;
  HoldBytes(std::move(message));
  StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
}

void RpcCall::Finish(const absl::Status& status) {
  if (!Enter(Phase::kFinishing)) return;
  grpc::ServerGenericBidiReactor::Finish(ToGrpc(status));
}

void RpcCall::CheckPeer(absl::Time now) {
  std::function<void()> on_slow;
  bool request_overdue = false;
  bool answer_overdue = false;
  {
    const std::lock_guard lock(mutex_);
    const absl::Duration took = now - phase_since_;
    const bool writing = phase_ == Phase::kWriting || phase_ == Phase::kFinishing;
    request_overdue = phase_ == Phase::kReading && took > calls_.patience().request;
    answer_overdue = writing && took > calls_.patience().answer;
    if (writing && took > kSlowAfter) on_slow = std::exchange(on_slow_, nullptr);
    // A request that arrives now is too late: only this thread ends the call.
    if (request_overdue) phase_ = Phase::kFinishing;
  }
  if (request_overdue) FinishOverdue();
  if (on_slow) on_slow();
  if (answer_overdue) Drop();
}

void RpcCall::FinishOverdue() {
  const absl::Status status = absl::DeadlineExceededError(absl::StrCat(
      "the request did not arrive within ", absl::FormatDuration(calls_.patience().request)));
  grpc::ServerGenericBidiReactor::Finish(
      ToGrpc(WithErrorInfo(status, {.reason = "REQUEST_TIMEOUT", .field = ""})));
}

std::optional<absl::Time> RpcCall::WaitsSince() const {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kWriting && phase_ != Phase::kFinishing) return std::nullopt;
  return phase_since_;
}

void RpcCall::Drop() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kDone) return;
  cancelled_ = true;
  context_->TryCancel();
}

void RpcCall::OnDone() {
  GiveBytes();
  calls_.Remove(this);
  std::shared_ptr<RpcCall> self;
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kDone;
  self = std::move(self_);
  // The lock is released before `self` is: locals go in reverse order.
}

}  // namespace atestore
