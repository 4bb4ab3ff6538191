#pragma once

#include "apps/ateapi/authorization/subject.h"

namespace grpc {
class ServerContextBase;
}

namespace atestore {

// The caller's credentials in the connection and the metadata of a call.
CallCredentials CredentialsOf(const grpc::ServerContextBase& context);

}  // namespace atestore
