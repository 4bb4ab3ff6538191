#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace atestore::inline v0 {

// The longest name of a host (RFC 1035 allows 253 characters).
inline constexpr size_t kHostBytesMax = 255;

// Where a node listens.
struct Endpoint {
  std::string host;  // a name or an IP address (IPv6 without brackets), at most kHostBytesMax
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "host:port".
std::string ToString(const Endpoint& endpoint);

// Parses "host:port" as operators write it and as MOVED and ASK contain it. The port follows the
// last colon, so IPv6 addresses may have brackets but need none. The host may be empty.
// INVALID_ARGUMENT when the text is not such an address; the message quotes it.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);
// The same for an address to listen at: port 0 is allowed and lets the system choose a port.
absl::StatusOr<Endpoint> ParseListenEndpoint(std::string_view text);

}  // namespace atestore::inline v0
