#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/resp.h"
#include "store/shard_transport.h"

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

// Carries commands to the nodes of a Redis or Valkey cluster: one connection to each node, shared
// and pipelined, opened when it is first needed and again after it was lost. A thread of its own
// does all I/O and calls the observers, so replies are decoded while later ones are on the wire.
// What an observer does delays every other caller.
//
// Beyond the contract of ShardTransport:
// - A deadline holds whatever the server does. Late replies are taken off the wire and dropped.
// - After a failed connect, requests to the node fail at once with the same error until the
//   back-off is over.
// - An Exclusive() transport never continues silently on another connection: when one is lost, at
//   least one request fails.
class RedisTransport final : public ShardTransport {
 public:
  // FAILED_PRECONDITION when a TLS file cannot be used (names it). Connects to nobody yet.
  static absl::StatusOr<std::unique_ptr<RedisTransport>> Create(const RedisOptions& options);
  // No Execute() may be running, no Exclusive() be left.
  ~RedisTransport() override;

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override;

 private:
  class Engine;
  class ExclusiveTransport;
  explicit RedisTransport(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace atestore::inline v0
