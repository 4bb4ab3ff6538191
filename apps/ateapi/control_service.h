#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "apps/ateapi/call_gate.h"
#include "apps/ateapi/metrics.h"
#include "proto/ateapi.grpc.pb.h"
#include "store/actor_store.h"

namespace atestore {

struct ServiceLimits {
  int32_t listings_max = 128;  // concurrent calls of the methods that walk the cluster
  bool debug_clear_enabled = false;
};

// The service `ateapi.Control` over a store: status codes and details, trailing metadata, limits,
// metrics and the request log. The store and the metrics must outlive it. Thread-safe; every call
// blocks its thread.
class ControlService final : public ateapi::Control::Service {
 public:
  ControlService(ActorStore& store, Metrics& metrics, ServiceLimits limits);

  // Lets calls in; closed, every new call gets UNAVAILABLE (reason SHUTTING_DOWN).
  CallGate& gate() { return gate_; }

  grpc::Status GetActor(grpc::ServerContext* context, const ateapi::GetActorRequest* request,
                        ateapi::GetActorResponse* response) override;
  grpc::Status CreateActor(grpc::ServerContext* context, const ateapi::CreateActorRequest* request,
                           ateapi::CreateActorResponse* response) override;
  grpc::Status UpdateActor(grpc::ServerContext* context, const ateapi::UpdateActorRequest* request,
                           ateapi::UpdateActorResponse* response) override;
  grpc::Status DeleteActor(grpc::ServerContext* context, const ateapi::DeleteActorRequest* request,
                           ateapi::DeleteActorResponse* response) override;
  grpc::Status SuspendActor(grpc::ServerContext* context,
                            const ateapi::SuspendActorRequest* request,
                            ateapi::SuspendActorResponse* response) override;
  grpc::Status PauseActor(grpc::ServerContext* context, const ateapi::PauseActorRequest* request,
                          ateapi::PauseActorResponse* response) override;
  grpc::Status ResumeActor(grpc::ServerContext* context, const ateapi::ResumeActorRequest* request,
                           ateapi::ResumeActorResponse* response) override;
  grpc::Status CreateAtespace(grpc::ServerContext* context,
                              const ateapi::CreateAtespaceRequest* request,
                              ateapi::CreateAtespaceResponse* response) override;
  grpc::Status GetAtespace(grpc::ServerContext* context, const ateapi::GetAtespaceRequest* request,
                           ateapi::GetAtespaceResponse* response) override;
  grpc::Status DeleteAtespace(grpc::ServerContext* context,
                              const ateapi::DeleteAtespaceRequest* request,
                              ateapi::DeleteAtespaceResponse* response) override;
  grpc::Status ListAtespaces(grpc::ServerContext* context,
                             const ateapi::ListAtespacesRequest* request,
                             ateapi::ListAtespacesResponse* response) override;
  grpc::Status ListWorkers(grpc::ServerContext* context, const ateapi::ListWorkersRequest* request,
                           ateapi::ListWorkersResponse* response) override;
  grpc::Status DebugClear(grpc::ServerContext* context, const ateapi::DebugClearRequest* request,
                          ateapi::DebugClearResponse* response) override;

 private:
  using Work = std::function<absl::Status(const CallOptions&)>;
  // Answered with bytes, for the store gives pages in their wire format.
  using ListActorsCall = grpc::ServerUnaryStreamer<ateapi::ListActorsRequest, grpc::ByteBuffer>;
  using ReadActorsCall = grpc::ServerSplitStreamer<ateapi::ListActorsRequest, grpc::ByteBuffer>;

  grpc::Status ServeListActors(grpc::ServerContext* context, ListActorsCall* call);
  grpc::Status ServeReadActors(grpc::ServerContext* context, ReadActorsCall* call);
  absl::Status SendPages(SerializedActorReader& reader, grpc::ServerContext* context,
                         ReadActorsCall* call);
  void CountPage(const SerializedActorPage& page);

  // Runs `work` with the caller's deadline and cancellation, then counts, logs and converts.
  grpc::Status Serve(std::string_view method, grpc::ServerContext* context, const Work& work);
  absl::Status Admitted(const CallOptions& call, const Work& work);
  // The same for a method that walks the cluster: RESOURCE_EXHAUSTED when too many run.
  grpc::Status ServeListing(std::string_view method, grpc::ServerContext* context,
                            const Work& work);

  ActorStore& store_;
  Metrics& metrics_;
  const ServiceLimits limits_;
  CallGate gate_;
  std::atomic<int32_t> listings_{0};
};

}  // namespace atestore
