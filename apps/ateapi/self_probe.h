#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/acceptor.h"
#include "apps/ateapi/listen_socket.h"

namespace atestore {

// Calls this process as a client would: a new connection to the address that it listens on, through
// the acceptor and gRPC, and a call of the health service. OK when it was answered (whatever was
// said) within `patience`, else UNAVAILABLE with what did not work. The connection carries no TLS:
// the acceptor knows it for this process's own.
absl::Status ProbeSelf(const ListenSocket& listening, Acceptor& acceptor, absl::Duration patience);

}  // namespace atestore
