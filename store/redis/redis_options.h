#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/resp.h"

namespace atestore::inline v0 {

// TLS (1.2 or newer) towards the servers. Servers are always verified. Files that change are used
// for the connections that follow; files that do not fit together are not.
struct RedisTlsOptions {
  std::string ca_file;           // PEM; empty: the system's authorities
  std::string client_cert_file;  // PEM: certificate chain, and the key unless it is elsewhere
  std::string client_key_file;   // PEM; empty: the key is in client_cert_file
  std::string server_name;       // expected in the certificate; empty: the host connected to
  // May be empty; called by the transport's thread.
  std::function<void(const absl::Status&)> on_reload = {};
};

// AUTH. An empty user name: the one-argument form, for the default user.
struct RedisCredentials {
  std::string username;
  std::string password;
};

struct RedisOptions {
  std::optional<RedisCredentials> credentials;
  // When not empty, asked for the credentials of every new connection, by the transport's thread.
  std::function<RedisCredentials()> credentials_source;
  std::optional<RedisTlsOptions> tls;
  // From the first packet to the end of the TLS handshake.
  absl::Duration connect_timeout = absl::Seconds(2);
  // A connection that owes a reply and stays silent for this long is given up.
  absl::Duration request_timeout = absl::Seconds(5);
  RespLimits resp_limits;
  // Seeds the jitter of the back-off. Give each process another one.
  uint64_t jitter_seed = 0;
};

// Limits of one transport. A request over one of them fails with UNAVAILABLE; nothing was sent.
inline constexpr size_t kPendingCommandsMax = size_t{1} << 20;  // unanswered, on a connection
inline constexpr size_t kPendingBytesMax = size_t{64} << 20;    // unsent, on a connection
inline constexpr size_t kConnectionsMax = 1024;                 // open, in all
inline constexpr size_t kIdleExclusiveMax = 16;                 // kept for reuse, to one node
// A connection that nobody used for so long is closed.
inline constexpr absl::Duration kIdleTime = absl::Minutes(5);
// After a failed connect the node is not tried again for about this long, doubling up to the
// longer one; requests to it fail at once meanwhile.
inline constexpr absl::Duration kBackOffMin = absl::Milliseconds(20);
inline constexpr absl::Duration kBackOffMax = absl::Milliseconds(500);

}  // namespace atestore::inline v0
