#include "core/server_error.h"

#include <array>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

struct Prefix {
  std::string_view text;
  ServerErrorKind kind;
};

// The first words of error replies are wire protocol; see "Cluster specification" and the server's
// own error texts.
constexpr std::array kPrefixes = {
    Prefix{"TRYAGAIN", ServerErrorKind::kTryAgain},
    Prefix{"CLUSTERDOWN", ServerErrorKind::kClusterDown},
    Prefix{"LOADING", ServerErrorKind::kLoading},
    Prefix{"MASTERDOWN", ServerErrorKind::kMasterDown},
    Prefix{"READONLY", ServerErrorKind::kReadOnly},
    Prefix{"BUSY", ServerErrorKind::kBusy},
    Prefix{"EXECABORT", ServerErrorKind::kExecAbort},
    Prefix{"WRONGTYPE", ServerErrorKind::kWrongType},
    Prefix{"NOAUTH", ServerErrorKind::kNoAuth},
    Prefix{"WRONGPASS", ServerErrorKind::kNoAuth},
    Prefix{"NOPERM", ServerErrorKind::kNoPermission},
    Prefix{"ERR This instance has cluster support disabled", ServerErrorKind::kNotCluster},
};

// "MOVED 3999 127.0.0.1:6381", "ASK 3999 :6381".
bool ParseRedirect(std::string_view text, const Endpoint& asked, ServerError& error) {
  size_t first_space = text.find(' ');
  size_t second_space = text.find(' ', first_space + 1);
  if (first_space == std::string_view::npos || second_space == std::string_view::npos) return false;
  std::string_view slot = text.substr(first_space + 1, second_space - first_space - 1);
  auto [end, failed] = std::from_chars(slot.data(), slot.data() + slot.size(), error.slot);
  if (failed != std::errc() || end != slot.data() + slot.size() || error.slot >= kSlotCount) {
    return false;
  }
  absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text.substr(second_space + 1));
  if (!endpoint.ok()) return false;
  error.endpoint = *std::move(endpoint);
  if (error.endpoint.host.empty() || error.endpoint.host == "?") error.endpoint.host = asked.host;
  return true;
}

}  // namespace

ServerError ParseServerError(std::string_view text, const Endpoint& asked) {
  ServerError error{.text = std::string(text.substr(0, kServerErrorTextMax))};
  if (text.starts_with("MOVED ")) {
    if (ParseRedirect(text, asked, error)) error.kind = ServerErrorKind::kMoved;
    return error;
  }
  if (text.starts_with("ASK ")) {
    if (ParseRedirect(text, asked, error)) error.kind = ServerErrorKind::kAsk;
    return error;
  }
  for (const Prefix& prefix : kPrefixes) {
    if (text.starts_with(prefix.text)) {
      error.kind = prefix.kind;
      break;
    }
  }
  return error;
}

bool IsTransient(ServerErrorKind kind) {
  switch (kind) {
    case ServerErrorKind::kMoved:
    case ServerErrorKind::kAsk:
    case ServerErrorKind::kTryAgain:
    case ServerErrorKind::kClusterDown:
    case ServerErrorKind::kLoading:
    case ServerErrorKind::kMasterDown:
    case ServerErrorKind::kReadOnly:
    case ServerErrorKind::kBusy:
    case ServerErrorKind::kExecAbort:
      return true;
    case ServerErrorKind::kWrongType:
    case ServerErrorKind::kNoAuth:
    case ServerErrorKind::kNoPermission:
    case ServerErrorKind::kNotCluster:
    case ServerErrorKind::kOther:
      return false;
  }
  return false;
}

absl::Status ToStatus(const ServerError& error, const Endpoint& asked) {
  std::string message = absl::StrCat("node ", ToString(asked), ": ", error.text);
  switch (error.kind) {
    case ServerErrorKind::kNoAuth:
      return absl::UnauthenticatedError(message);
    case ServerErrorKind::kNoPermission:
      return absl::PermissionDeniedError(message);
    case ServerErrorKind::kNotCluster:
      return FailedPreconditionError(message);
    default:
      return IsTransient(error.kind) ? UnavailableError(message) : absl::InternalError(message);
  }
}

}  // namespace atestore
