#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/metrics.h"
#include "store/actor_store.h"

namespace atestore {

// How long a draining server goes on refusing calls: until none has come for kRefuseQuiet (which
// is also for the last answers to leave), but not longer than kRefuseMax.
inline constexpr absl::Duration kRefuseQuiet = absl::Milliseconds(500);
inline constexpr absl::Duration kRefuseMax = absl::Seconds(2);

// The gRPC server: the service, health, reflection when asked for, TLS when asked for. Thread-safe.
class Server {
 public:
  // Listens and serves; not healthy until SetHealthy(true). The store and the metrics must outlive
  // it. INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED (credentials), UNAVAILABLE (the address).
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Flags& flags, ActorStore& store,
                                                       Metrics& metrics);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the port that was chosen when the flag said 0.
  const std::string& address() const;
  // What the gRPC health service says from now on; no longer once Drain() was called.
  void SetHealthy(bool healthy);

  // Not healthy any more; refuses new calls with UNAVAILABLE and waits until the running ones have
  // ended, or for `grace`, then for the refused callers to calm down.
  //
  // After that the process should end without destroying this object: sockets that close are
  // UNAVAILABLE to whoever calls just then, whereas gRPC's own shutdown answers CANCELLED, which
  // callers must not take for a reason to try again.
  void Drain(absl::Duration grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
