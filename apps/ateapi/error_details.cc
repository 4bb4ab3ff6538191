#include "apps/ateapi/error_details.h"

#include <algorithm>
#include <string_view>

#include "absl/status/status.h"
#include "core/status.h"
#include "core/utf8.h"
#include "proto/google_rpc.pb.h"
#include "store/error_info.h"
#include "store/records/record_change.h"

namespace atestore {
namespace {

constexpr absl::Duration kBusyDelay = absl::Milliseconds(250);
constexpr absl::Duration kUnavailableDelay = absl::Seconds(1);
constexpr absl::Duration kAbortedDelay = absl::Milliseconds(50);

// For the store this is final, so that the call ends at once; for the caller it may pass.
constexpr std::string_view kNodeNotAnswering = "NODE_NOT_ANSWERING";

// Whether the reason is about Redis, or nothing more than the code's name.
bool IsOfTheStore(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason.starts_with("REDIS_") || reason == "STORE_ERROR" ||
         reason == absl::StatusCodeToString(status.code());
}

// What Redis refuses with `code`; empty when it is not a refusal.
std::string RefusalReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
      return "REDIS_UNAUTHENTICATED";
    case absl::StatusCode::kPermissionDenied:
      return "REDIS_PERMISSION_DENIED";
    case absl::StatusCode::kFailedPrecondition:
      return "REDIS_REFUSED";
    default:
      return "";
  }
}

}  // namespace

absl::Status ForCaller(const absl::Status& status) {
  // In the store only NodeBulkhead returns this code; the reason may have been replaced since.
  if (absl::IsResourceExhausted(status) &&
      (IsOfTheStore(status) || ErrorReason(status) == kNodeNotAnswering)) {
    return WithErrorInfo(UnavailableError(ToStd(status.message())),
                         {.reason = std::string(kNodeNotAnswering)});
  }
  const std::string reason = RefusalReason(status.code());
  if (reason.empty() || !IsOfTheStore(status)) return status;
  return WithErrorInfo(UnavailableError(ToStd(status.message())), {.reason = reason});
}

absl::Duration RetryDelay(const absl::Status& status) {
  // Waiting does not reveal the outcome of the write.
  if (IsWriteOutcomeUnknown(status)) return absl::ZeroDuration();
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return kBusyDelay;
    case absl::StatusCode::kUnavailable:
      return kUnavailableDelay;
    case absl::StatusCode::kAborted:
      return kAbortedDelay;
    default:
      return absl::ZeroDuration();
  }
}

std::string MessageOf(const absl::Status& status) {
  std::string message = Printable(ToStd(status.message()).substr(0, kMessageBytesMax));
  if (message.size() <= kMessageBytesMax && status.message().size() <= kMessageBytesMax) {
    return message;
  }
  constexpr std::string_view kEllipsis = "…";
  size_t end = std::min(message.size(), kMessageBytesMax - kEllipsis.size());
  // Not inside a character.
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  return message.substr(0, end).append(kEllipsis);
}

std::string ErrorReason(const absl::Status& status) {
  if (std::optional<ErrorInfo> info = GetErrorInfo(status)) return info->reason;
  return absl::StatusCodeToString(status.code());
}

std::string SerializedErrorDetails(const absl::Status& status) {
  google::rpc::Status details;
  details.set_code(static_cast<int32_t>(status.code()));
  details.set_message(MessageOf(status));

  google::rpc::ErrorInfo info;
  info.set_reason(ErrorReason(status));
  info.set_domain(std::string(kErrorDomain));
  const std::optional<ErrorInfo> attached = GetErrorInfo(status);
  if (attached)
    info.mutable_metadata()->insert(attached->metadata.begin(), attached->metadata.end());
  details.add_details()->PackFrom(info);

  if (attached && !attached->field.empty()) {
    google::rpc::BadRequest bad_request;
    google::rpc::BadRequest::FieldViolation& violation = *bad_request.add_field_violations();
    violation.set_field(attached->field);
    violation.set_description(MessageOf(status));
    details.add_details()->PackFrom(bad_request);
  }
  if (const absl::Duration delay = RetryDelay(status); delay > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(delay % absl::Seconds(1))));
    details.add_details()->PackFrom(retry);
  }
  return details.SerializeAsString();
}

}  // namespace atestore
