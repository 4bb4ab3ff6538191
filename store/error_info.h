#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace atestore::inline v0 {

// The machine-readable part of an error (AIP-193): `reason` is UPPER_SNAKE and stable, the domain
// is always "ateapi". `field` names the request field of an INVALID_ARGUMENT. `metadata` is what a
// program may want to know besides; its keys are lowerCamelCase.
struct ErrorInfo {
  std::string reason;
  std::string field = {};
  std::map<std::string, std::string> metadata = {};
};

inline constexpr std::string_view kErrorDomain = "ateapi";

// `status` with the info attached as payloads.
absl::Status WithErrorInfo(absl::Status status, const ErrorInfo& info);

// What WithErrorInfo() attached; nullopt when nothing was.
std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status);

// `status` with an ErrorInfo, unless it is OK or has one: the reason is the name of its code.
absl::Status WithReason(const absl::Status& status);
template <typename T>
absl::StatusOr<T> WithReason(absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return WithReason(result.status());
}

}  // namespace atestore::inline v0
