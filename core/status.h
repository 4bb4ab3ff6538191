#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// Debian 12's abseil has its own string_view type; these functions convert between the two.
namespace atestore::inline v0 {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

inline absl::Status InvalidArgumentError(std::string_view message) {
  return absl::InvalidArgumentError(ToAbsl(message));
}
inline absl::Status DataLossError(std::string_view message) {
  return absl::DataLossError(ToAbsl(message));
}
inline absl::Status UnavailableError(std::string_view message) {
  return absl::UnavailableError(ToAbsl(message));
}
inline absl::Status FailedPreconditionError(std::string_view message) {
  return absl::FailedPreconditionError(ToAbsl(message));
}
inline absl::Status NotFoundError(std::string_view message) {
  return absl::NotFoundError(ToAbsl(message));
}
inline absl::Status AlreadyExistsError(std::string_view message) {
  return absl::AlreadyExistsError(ToAbsl(message));
}
inline absl::Status DeadlineExceededError(std::string_view message) {
  return absl::DeadlineExceededError(ToAbsl(message));
}
inline absl::Status CancelledError(std::string_view message) {
  return absl::CancelledError(ToAbsl(message));
}

}  // namespace atestore::inline v0
