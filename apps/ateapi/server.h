#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/metrics.h"
#include "store/actor_store.h"

namespace atestore {

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
  // What the gRPC health service says from now on.
  void SetHealthy(bool healthy);
  // Refuses new calls, waits until the running ones have ended, cancels those that still run after
  // `grace`. Returns when none is left.
  void Stop(absl::Duration grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace atestore
