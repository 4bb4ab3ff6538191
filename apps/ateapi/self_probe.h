#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/acceptor.h"
#include "apps/ateapi/listen_socket.h"

namespace atestore {

// Calls the health service of this process as a client would: over a new connection to the address
// that it listens on, through the acceptor and gRPC. OK when any answer arrives within `patience`,
// else UNAVAILABLE with what failed. The connection does not use TLS: the acceptor recognizes it as
// this process's own.
absl::Status ProbeSelf(const ListenSocket& listening, Acceptor& acceptor, absl::Duration patience);

}  // namespace atestore
