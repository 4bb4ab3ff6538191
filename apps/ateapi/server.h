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

// How long a draining server goes on refusing calls: until none has come for kRefuseQuiet (which
// is also for the last answers to leave), but not longer than kRefuseMax.
inline constexpr absl::Duration kRefuseQuiet = absl::Milliseconds(500);
inline constexpr absl::Duration kRefuseMax = absl::Seconds(2);

// Idle clients are asked so often whether they are still there, and given so long to answer.
inline constexpr int kKeepaliveMs = 30'000;
inline constexpr int kKeepalivePatienceMs = 20'000;
// A connection without calls is closed after this; clients reconnect without noticing.
inline constexpr int kConnectionIdleMsMax = 600'000;
// A connection is told to go after this, and closed when its calls have had this long to end.
inline constexpr int kConnectionAgeMsMax = 3'600'000;
inline constexpr int kConnectionAgeGraceMs = 3'600'000;
// TLS and HTTP/2 must have been agreed upon by then.
inline constexpr int kHandshakeMsMax = 10'000;
// Calls at a time on one connection; clients queue more.
inline constexpr int kStreamsPerConnectionMax = 256;

// The gRPC server: the service, health, reflection when asked for, TLS when asked for. Thread-safe.
class Server {
 public:
  // What a server is made of; all must outlive it. `authorizer` may be null: every caller may do
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

  // Where it listens, with the port that was chosen when the flag said 0.
  const std::string& address() const;
  // What the gRPC health service says from now on; no longer once Drain() was called.
  void SetHealthy(bool healthy);

  // Whether a client that connects now is answered: see ProbeSelf().
  absl::Status Probe(absl::Duration patience);

  // Not healthy any more; refuses new calls with UNAVAILABLE and waits until the running ones have
  // ended, or for `grace`, then for the refused callers to calm down.
  //
  // After that the process should end without destroying this object: sockets that close are
  // UNAVAILABLE to calls that arrive just then, whereas gRPC's own shutdown answers CANCELLED,
  // which callers must not take for a reason to try again.
  void Drain(absl::Duration grace);
  // Removes the path of a Unix socket, which a process that ends as said above would leave.
  void StopListening();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
