#include "core/endpoint.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

absl::Status NotAnAddress(std::string_view text) {
  return InvalidArgumentError(
      absl::StrCat("address \"", ToAbsl(text.substr(0, kHostBytesMax)), "\" is not host:port"));
}

}  // namespace

std::string ToString(const Endpoint& endpoint) {
  return absl::StrCat(endpoint.host, ":", endpoint.port);
}

absl::StatusOr<Endpoint> ParseListenEndpoint(std::string_view text) {
  size_t colon = text.rfind(':');
  Endpoint endpoint;
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    }
    std::string_view port = text.substr(colon + 1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    bool host_valid = host.size() <= kHostBytesMax && host.find_first_of("[]") == host.npos;
    if (error == std::errc() && end == port.data() + port.size() && host_valid) {
      endpoint.host = host;
      return endpoint;
    }
  }
  return NotAnAddress(text);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  absl::StatusOr<Endpoint> endpoint = ParseListenEndpoint(text);
  // Port 0 cannot be connected to.
  if (endpoint.ok() && endpoint->port == 0) return NotAnAddress(text);
  return endpoint;
}

}  // namespace atestore::inline v0
