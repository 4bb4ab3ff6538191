#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/ateapi/authorization/authorizer.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/metrics.h"
#include "store/actor_store.h"

namespace atestore {

// How long a draining server keeps refusing calls: until none has arrived for kRefuseQuiet, which
// also lets the last answers leave, but no longer than kRefuseMax.
inline constexpr absl::Duration kRefuseQuiet = absl::Milliseconds(500);
inline constexpr absl::Duration kRefuseMax = absl::Seconds(2);

// How often idle clients are pinged, and how long they may take to answer.
inline constexpr int kKeepaliveMs = 30'000;
inline constexpr int kKeepalivePatienceMs = 20'000;
// A connection without calls is closed after this; clients reconnect without noticing.
inline constexpr int kConnectionIdleMsMax = 600'000;
// After this age a connection is asked to close; then its calls have this long to end.
inline constexpr int kConnectionAgeMsMax = 3'600'000;
inline constexpr int kConnectionAgeGraceMs = 3'600'000;
// The time limit for the handshakes of TLS and HTTP/2.
inline constexpr int kHandshakeMsMax = 10'000;
// Concurrent calls on one connection; clients queue further calls.
inline constexpr int kStreamsPerConnectionMax = 256;

// The gRPC server: the service, health, and optionally reflection and TLS. Thread-safe.
class Server {
 public:
  // The parts of a server; all must outlive it. `authorizer` may be null: every caller may do
  // everything.
  struct Parts {
    ActorStore& store;
    Metrics& metrics;
    const Authorizer* authorizer;
    int64_t connections_max;
  };

  // Listens and serves; not healthy until SetHealthy(true). INVALID_ARGUMENT, NOT_FOUND,
  // PERMISSION_DENIED (credentials), UNAVAILABLE (the address).
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Flags& flags, const Parts& parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The address that it listens on, with the actual port instead of 0.
  const std::string& address() const;
  // Sets the answer of the gRPC health service. Has no effect after Drain().
  void SetHealthy(bool healthy);

  // Whether a client that connects now gets an answer: see ProbeSelf().
  absl::Status Probe(absl::Duration patience);

  // Reports unhealthy, refuses new calls with UNAVAILABLE, and waits until the running calls have
  // ended, at most `grace`; then until refused callers stop retrying (kRefuseQuiet).
  //
  // After that the process should end without destroying this object. Calls that arrive while
  // sockets close get UNAVAILABLE, but gRPC's own shutdown would answer CANCELLED, which callers
  // must not retry.
  void Drain(absl::Duration grace);
  // Removes the path of a Unix socket, which would remain when the process ends as described above.
  void StopListening();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
