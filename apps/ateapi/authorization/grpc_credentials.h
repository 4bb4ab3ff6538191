#pragma once

#include "apps/ateapi/authorization/subject.h"

namespace grpc {
class ServerContextBase;
}

namespace atestore {

// What the connection and the metadata of a call tell of its caller.
CallCredentials CredentialsOf(const grpc::ServerContextBase& context);

}  // namespace atestore
