#pragma once

#include <memory>

#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/grpc_session.h"

namespace atestore::cli {

// ReadActors over gRPC, see ControlApi. The session must outlive the stream.
std::unique_ptr<ActorStream> OpenActorStream(GrpcSession& session,
                                             const ateapi::ListActorsRequest& request,
                                             absl::Time deadline);

// Sets in `page` which parts of the request the service reports as applied ("ate-list-applied").
void ReadApplied(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, ListPage* page);

}  // namespace atestore::cli
