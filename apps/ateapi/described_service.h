#pragma once

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>

namespace atestore {

// Makes gRPC's reflection show `ateapi.Control`. ControlService serves its calls as a generic
// service, which has no name, so this registers a service of that name whose methods are left to
// the generic one. gRPC learns the name only from a method that is not left to it: SuspendActor,
// which is UNIMPLEMENTED either way.
std::unique_ptr<grpc::Service> DescribedService();

}  // namespace atestore
