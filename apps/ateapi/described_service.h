#pragma once

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>

namespace atestore {

// What gRPC's reflection shows of `ateapi.Control`, whose calls ControlService serves as a generic
// service: a service of that name whose methods are left to the generic one. gRPC learns the name
// from a method that is not; that is SuspendActor, which is UNIMPLEMENTED either way.
std::unique_ptr<grpc::Service> DescribedService();

}  // namespace atestore
