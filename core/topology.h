#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/resp.h"
#include "core/slot.h"

namespace atestore {

// Where a node listens.
struct Endpoint {
  std::string host;  // a name or an IP address (IPv6 without brackets)
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "host:port".
std::string ToString(const Endpoint& endpoint);

// Parses "host:port" (the last colon counts, so IPv6 needs no brackets and may have them), as
// operators write it and as MOVED and ASK carry it. INVALID_ARGUMENT names the text.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

}  // namespace atestore
