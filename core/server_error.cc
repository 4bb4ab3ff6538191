#include "core/server_error.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

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
  error.kind = FindRefusal(text).kind;
  const bool redirect =
      error.kind == ServerErrorKind::kMoved || error.kind == ServerErrorKind::kAsk;
  if (redirect && !ParseRedirect(text, asked, error)) error.kind = ServerErrorKind::kUnknown;
  return error;
}

const Refusal& RefusalFor(const ServerError& error) {
  const Refusal& row = FindRefusal(error.text);
  return row.kind == error.kind ? row : RefusalOf(error.kind);
}

bool IsTransient(ServerErrorKind kind) {
  return RefusalOf(kind).meaning != RefusalMeaning::kForGood;
}

absl::Status ToStatus(const ServerError& error, const Endpoint& asked) {
  return {RefusalFor(error).code, absl::StrCat("node ", ToString(asked), ": ", error.text)};
}

}  // namespace atestore::inline v0
