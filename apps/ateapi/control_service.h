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

// A call of a method, with what it holds while it lasts.
struct ActiveCall {
  std::shared_ptr<RpcCall> rpc;
  const ControlMethod* method = nullptr;
  PreparedCall prepared;
  CallNotes notes;
  CallSpan span;
  absl::Time start;
  std::optional<Admission> admission;  // once the guard was asked
  bool gate_entered = false;
  Places::Place place;
  Places::Place stream_place;
};

// The service `ateapi.Control` over a store: bounds, status codes and details, trailing metadata,
// metrics and the request log. No thread is held by a call that waits for its peer, and no kind of
// call, peer or node can use up what the others need: docs/limits.md. Thread-safe.
class ControlService final : public grpc::CallbackGenericService {
 public:
  // The store and the metrics must outlive it.
  ControlService(ActorStore& store, Metrics& metrics, const ServiceLimits& limits,
                 const CallGuard& guard);

  // Lets calls in; closed, every new call gets UNAVAILABLE (reason SHUTTING_DOWN).
  CallGate& gate() { return gate_; }

  // Told the address of each call's peer, as gRPC writes it, when the call begins and ends. To be
  // set before calls come.
  using OnPeer = std::function<void(const std::string& grpc_peer)>;
  void OnCalls(OnPeer on_begin, OnPeer on_end);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  friend class PageStream;
  using Active = std::shared_ptr<ActiveCall>;

  void Begin(const std::shared_ptr<RpcCall>& rpc);
  // What every call passes before anything is done for it: parses, and asks the guard.
  absl::Status Admit(ActiveCall& call);
  void Dispatch(const Active& call);
  void RunOn(WorkerPool& pool, Places& places, const Active& call);
  void RunListing(const Active& call);
  void RunStream(const Active& call);
  absl::Status TakeListingPlace(ActiveCall& call);
  void Work(const Active& call);
  static CallOptions OptionsOf(ActiveCall& call);

  // Ends the call: counts, logs, converts. `response` only when it is OK and not sent yet.
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

// For the trailers of a listing: for people, no part of the contract.
void TellProgress(const CallNotes::Listing& listing, RpcCall& call);

// Why a call is refused.
absl::Status ShuttingDown();
absl::Status NoScheduler(std::string_view method);

}  // namespace atestore
