#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/ateapi/authorization/call_guard.h"
#include "apps/ateapi/byte_budget.h"
#include "apps/ateapi/call_gate.h"
#include "apps/ateapi/control_methods.h"
#include "apps/ateapi/metrics.h"
#include "apps/ateapi/periodic.h"
#include "apps/ateapi/places.h"
#include "apps/ateapi/rpc_call.h"
#include "apps/ateapi/rpc_calls.h"
#include "apps/ateapi/service_limits.h"
#include "apps/ateapi/tracing/tracing.h"
#include "apps/ateapi/worker_pool.h"
#include "store/actor_store.h"

namespace atestore {

// A running call of a method, with the resources that it holds.
struct ActiveCall {
  std::shared_ptr<RpcCall> rpc;
  const ControlMethod* method = nullptr;
  PreparedCall prepared;
  CallNotes notes;
  CallSpan span;
  absl::Time start;
  std::optional<Admission> admission;  // set once the guard has decided
  bool gate_entered = false;
  Places::Place place;
  Places::Place stream_place;
};

// The service `ateapi.Control` over a store: limits, status codes and details, trailing metadata,
// metrics and the request log. A call that waits for its peer holds no thread, and no kind of call,
// peer or node can use up the resources of the others: docs/limits.md. Thread-safe.
class ControlService final : public grpc::CallbackGenericService {
 public:
  // The store and the metrics must outlive the service.
  ControlService(ActorStore& store, Metrics& metrics, const ServiceLimits& limits,
                 const CallGuard& guard);

  // The gate that admits calls. Once it is closed, new calls get UNAVAILABLE (SHUTTING_DOWN).
  CallGate& gate() { return gate_; }

  // Sets an observer that gets the address of each call's peer, in gRPC's notation, when the call
  // begins, when its request turns out to be missing, and when it ends. Set it before calls arrive.
  void OnCalls(RpcCalls::OnPeer on_begin, RpcCalls::OnPeer on_reset, RpcCalls::OnPeer on_end);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  friend class PageStream;
  using Active = std::shared_ptr<ActiveCall>;

  void Begin(const std::shared_ptr<RpcCall>& rpc);
  // The first step of every call: parses the request and asks the guard.
  absl::Status Admit(ActiveCall& call);
  void Dispatch(const Active& call);
  void RunOn(WorkerPool& pool, Places& places, const Active& call);
  void RunListing(const Active& call);
  void RunStream(const Active& call);
  absl::Status TakeListingPlace(ActiveCall& call);
  void Work(const Active& call);
  static CallOptions OptionsOf(ActiveCall& call);

  // Ends the call: counts it, logs it, converts its status. `response` is used only if the status
  // is OK and the response has not been sent.
  void End(const Active& call, const absl::Status& status,
           std::optional<std::string> response = {});
  void Check();

  ActorStore& store_;
  Metrics& metrics_;
  const ServiceLimits limits_;
  const CallGuard guard_;
  CallGate gate_;
  ByteBudget unsent_;
  RpcCalls calls_;
  Places read_places_;
  Places write_places_;
  Places listing_places_;
  Places stream_places_;
  WorkerPool readers_;
  WorkerPool writers_;
  WorkerPool listers_;
  Periodic checking_;  // last: it uses the above
};

// For the trailers of a listing. They are meant for people and not part of the contract.
void TellProgress(const CallNotes::Listing& listing, RpcCall& call);

// Why a call is refused.
absl::Status ShuttingDown();
absl::Status NoScheduler(std::string_view method);

}  // namespace atestore
