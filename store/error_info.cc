#include "store/error_info.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

// Payload names are ours alone; the service turns them into a google.rpc.ErrorInfo.
constexpr std::string_view kReasonUrl = "ateapi/reason";
constexpr std::string_view kFieldUrl = "ateapi/field";
constexpr absl::string_view kMetadataUrl = "ateapi/metadata/";  // and the key

}  // namespace

absl::Status WithErrorInfo(absl::Status status, const ErrorInfo& info) {
  status.SetPayload(ToAbsl(kReasonUrl), absl::Cord(info.reason));
  if (info.field.empty()) {
    status.ErasePayload(ToAbsl(kFieldUrl));
  } else {
    status.SetPayload(ToAbsl(kFieldUrl), absl::Cord(info.field));
  }
  if (std::optional<ErrorInfo> before = GetErrorInfo(status)) {
    for (const auto& [key, value] : before->metadata) {
      status.ErasePayload(absl::StrCat(kMetadataUrl, key));
    }
  }
  for (const auto& [key, value] : info.metadata) {
    status.SetPayload(absl::StrCat(kMetadataUrl, key), absl::Cord(value));
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
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    if (absl::ConsumePrefix(&url, kMetadataUrl))
      info.metadata[std::string(url)] = std::string(value);
  });
  return info;
}

absl::Status WithReason(const absl::Status& status) {
  if (status.ok() || GetErrorInfo(status)) return status;
  return WithErrorInfo(status, {.reason = absl::StatusCodeToString(status.code())});
}

}  // namespace atestore::inline v0
