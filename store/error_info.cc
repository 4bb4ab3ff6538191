#include "store/error_info.h"

#include "absl/strings/cord.h"
#include "core/status.h"

namespace atestore {
namespace {

// Payload names are ours alone; the service turns them into a google.rpc.ErrorInfo.
constexpr std::string_view kReasonUrl = "ateapi/reason";
constexpr std::string_view kFieldUrl = "ateapi/field";

}  // namespace

absl::Status WithErrorInfo(absl::Status status, const ErrorInfo& info) {
  status.SetPayload(ToAbsl(kReasonUrl), absl::Cord(info.reason));
  if (info.field.empty()) {
    status.ErasePayload(ToAbsl(kFieldUrl));
  } else {
    status.SetPayload(ToAbsl(kFieldUrl), absl::Cord(info.field));
  }
  return status;
}

std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status) {
  absl::optional<absl::Cord> reason = status.GetPayload(ToAbsl(kReasonUrl));
  if (!reason) return std::nullopt;
  ErrorInfo info{.reason = std::string(*reason)};
  if (absl::optional<absl::Cord> field = status.GetPayload(ToAbsl(kFieldUrl))) {
    info.field = std::string(*field);
  }
  return info;
}

absl::Status WithReason(const absl::Status& status) {
  if (status.ok() || GetErrorInfo(status)) return status;
  return WithErrorInfo(status, {.reason = absl::StatusCodeToString(status.code())});
}

}  // namespace atestore
