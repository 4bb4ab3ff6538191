#include "apps/ateapi/control_service.h"

#include <grpcpp/security/auth_context.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apps/ateapi/authorization/grpc_credentials.h"
#include "apps/ateapi/error_details.h"
#include "apps/ateapi/log.h"
#include "apps/ateapi/node_bulkhead.h"
#include "apps/ateapi/page_stream.h"
#include "core/status.h"
#include "store/error_info.h"
#include "store/options.h"

namespace atestore {
namespace {

// How often peers are looked at that keep calls waiting.
constexpr absl::Duration kCheckInterval = absl::Milliseconds(100);

absl::Status NoMethod(std::string_view path) {
  return WithErrorInfo(absl::UnimplementedError(absl::StrCat("there is no method ", ToAbsl(path))),
                       {.reason = "METHOD_UNKNOWN", .field = ""});
}

absl::Status TooMany(std::string_view reason, std::string_view what) {
  return WithErrorInfo(absl::ResourceExhaustedError(absl::StrCat(ToAbsl(what), "; try again")),
                       {.reason = std::string(reason), .field = ""});
}

CallSpan BeginSpan(RpcCall& rpc) {
  const auto& headers = rpc.context().client_metadata();
  return CallSpan::Begin(rpc.path(), rpc.address(), [&](std::string_view name) {
    const auto found = headers.find(grpc::string_ref(name.data(), name.size()));
    return found == headers.end() ? std::string_view()
                                  : std::string_view(found->second.data(), found->second.size());
  });
}

void LogCall(std::string_view method, const absl::Status& status, absl::Duration took,
             const std::string& trace_id) {
  const bool failed = !status.ok();
  LogLine line(failed ? LogLevel::kInfo : LogLevel::kDebug, "call");
  line.Add("method", method)
      .Add("code", absl::StatusCodeToString(status.code()))
      .AddSeconds("seconds", absl::ToDoubleSeconds(took));
  if (!trace_id.empty()) line.Add("trace_id", trace_id);
  if (failed) {
    line.Add("reason", ErrorReason(status)).Add("message", MessageOf(status));
  }
}

Places::Limits PlacesOf(int64_t total) { return {.total = total, .per_peer = ShareOf(total)}; }

BoundReport ListingReport(Metrics& metrics, int64_t max) {
  BoundReport report = metrics.Bound("listings", max);
  return {.in_use =
              [in_use = report.in_use, &metrics](int64_t listings) {
                in_use(listings);
                metrics.SetListingsInFlight(listings);
              },
          .refused =
              [refused = report.refused, &metrics] {
                refused();
                metrics.CountListingRefused();
              },
          .waited = report.waited};
}

CallTarget TargetOf(const ActiveCall& call) {
  return {.atespace = call.prepared.atespace, .name = call.prepared.name};
}

}  // namespace

absl::Status NoScheduler(std::string_view method) {
  return WithErrorInfo(absl::UnimplementedError(absl::StrCat(
                           ToAbsl(method),
                           " needs a scheduler, which this service does not have: it serves the "
                           "records of actors only")),
                       {.reason = "SCHEDULER_REQUIRED", .field = ""});
}

absl::Status ShuttingDown() {
  return WithErrorInfo(
      absl::UnavailableError("this process is shutting down; retry to reach another one"),
      {.reason = "SHUTTING_DOWN", .field = ""});
}

void TellProgress(const CallNotes::Listing& listing, RpcCall& call) {
  const PageCounts& counts = listing.counts;
  call.context().AddTrailingMetadata("ate-list-progress",
                                     absl::StrFormat("%.6f", listing.progress));
  call.context().AddTrailingMetadata("ate-list-skipped", absl::StrCat(counts.skipped_records));
  call.context().AddTrailingMetadata("ate-list-examined", absl::StrCat(counts.examined));
  call.context().AddTrailingMetadata("ate-list-matched", absl::StrCat(counts.matched));
  if (!listing.applied.empty()) {
    call.context().AddTrailingMetadata("ate-list-applied", listing.applied);
  }
}

ControlService::ControlService(ActorStore& store, Metrics& metrics, const ServiceLimits& limits,
                               const CallGuard& guard)
    : store_(store),
      metrics_(metrics),
      limits_(limits),
      guard_(guard),
      unsent_(kUnsentBytesMax, metrics.Bound("unsent_bytes", kUnsentBytesMax)),
      calls_(limits.patience, unsent_),
      read_places_(PlacesOf(kReadThreadsMax + kQueuedCallsMax),
                   metrics.Bound("reads", kReadThreadsMax + kQueuedCallsMax)),
      write_places_(PlacesOf(kWriteThreadsMax + kQueuedCallsMax),
                    metrics.Bound("writes", kWriteThreadsMax + kQueuedCallsMax)),
      listing_places_(PlacesOf(limits.listings_max), ListingReport(metrics, limits.listings_max)),
      stream_places_(
          {.total = ShareOf(limits.listings_max), .per_peer = ShareOf(limits.listings_max)},
          metrics.Bound("streams", ShareOf(limits.listings_max))),
      readers_(
          {.threads_max = kReadThreadsMax, .queue_max = kQueuedCallsMax, .wait_max = kQueueWaitMax},
          metrics.Bound("read_threads", kReadThreadsMax)),
      writers_({.threads_max = kWriteThreadsMax,
                .queue_max = kQueuedCallsMax,
                .wait_max = kQueueWaitMax},
               metrics.Bound("write_threads", kWriteThreadsMax)),
      // More threads than places, so that nothing waits for a thread, not even the end of a stream.
      listers_({.threads_max = static_cast<size_t>(limits.listings_max) + kEndingThreads,
                .queue_max = kQueuedCallsMax,
                .wait_max = absl::InfiniteDuration()},
               metrics.Bound("listing_threads", limits.listings_max + kEndingThreads)),
      checking_([this] { Check(); }, kCheckInterval) {}

void ControlService::OnCalls(RpcCalls::OnPeer on_begin, RpcCalls::OnPeer on_reset,
                             RpcCalls::OnPeer on_end) {
  calls_.OnCalls(std::move(on_begin), std::move(on_reset), std::move(on_end));
}

void ControlService::Check() {
  calls_.Check();
  readers_.RefuseOverdue();
  writers_.RefuseOverdue();
}

grpc::ServerGenericBidiReactor* ControlService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  return RpcCall::Start(context, calls_,
                        [this](const std::shared_ptr<RpcCall>& rpc) { Begin(rpc); })
      .get();
}

void ControlService::Begin(const std::shared_ptr<RpcCall>& rpc) {
  auto call = std::make_shared<ActiveCall>();
  call->rpc = rpc;
  call->start = SteadyNow();
  call->method = FindMethod(rpc->path());
  if (call->method == nullptr) return rpc->Finish(NoMethod(rpc->path()));
  call->span = BeginSpan(*rpc);
  if (absl::Status status = Admit(*call); !status.ok()) return End(call, status);
  Dispatch(call);
}

absl::Status ControlService::Admit(ActiveCall& call) {
  call.gate_entered = gate_.Enter();
  if (!call.gate_entered) return ShuttingDown();
  absl::StatusOr<PreparedCall> prepared = call.method->prepare(call.rpc->request());
  if (!prepared.ok()) return prepared.status();
  call.prepared = *std::move(prepared);
  call.admission.emplace();
  if (guard_.is_on()) {
    *call.admission =
        guard_.Admit(call.method->name, TargetOf(call), CredentialsOf(call.rpc->context()));
  }
  return call.admission->status;
}

void ControlService::Dispatch(const Active& call) {
  switch (call->method->kind) {
    case MethodKind::kReadRecord:
      return RunOn(readers_, read_places_, call);
    case MethodKind::kWriteRecord:
      return RunOn(writers_, write_places_, call);
    case MethodKind::kListing:
      return RunListing(call);
    case MethodKind::kPageStream:
      return RunStream(call);
    case MethodKind::kRefused:
      return End(call, NoScheduler(call->method->name));
  }
}

void ControlService::RunOn(WorkerPool& pool, Places& places, const Active& call) {
  const Places::Outcome outcome = places.Take(call->rpc->peer(), &call->place);
  if (outcome != Places::Outcome::kTaken) {
    return End(call, TooMany("TOO_MANY_CALLS", outcome == Places::Outcome::kFull
                                                   ? "too many calls are waiting"
                                                   : "too many calls of this client are waiting"));
  }
  pool.Run([this, call](bool may_run) {
    if (may_run) return Work(call);
    End(call, TooMany("TOO_MANY_CALLS", "the call found no free thread in time"));
  });
}

absl::Status ControlService::TakeListingPlace(ActiveCall& call) {
  switch (listing_places_.Take(call.rpc->peer(), &call.place)) {
    case Places::Outcome::kTaken:
      return absl::OkStatus();
    case Places::Outcome::kFull:
      return TooMany("TOO_MANY_LISTINGS", absl::StrCat("more than ", limits_.listings_max,
                                                       " listing calls are running"));
    case Places::Outcome::kPeerHasTooMany:
      break;
  }
  return TooMany("TOO_MANY_LISTINGS", absl::StrCat("more than ", listing_places_.limits().per_peer,
                                                   " listing calls of this client are running"));
}

void ControlService::RunListing(const Active& call) {
  if (call->method->name == "DebugClear" && !limits_.debug_clear_enabled) {
    return End(call,
               WithErrorInfo(absl::PermissionDeniedError(
                                 "DebugClear is off; ateapi --enable-debug-clear turns it on"),
                             {.reason = "DEBUG_CLEAR_DISABLED", .field = ""}));
  }
  if (absl::Status status = TakeListingPlace(*call); !status.ok()) return End(call, status);
  listers_.Run([this, call](bool may_run) {
    if (may_run) return Work(call);
    End(call, ShuttingDown());
  });
}

void ControlService::RunStream(const Active& call) {
  std::make_shared<PageStream>(*this, call)->Begin();
}

CallOptions ControlService::OptionsOf(ActiveCall& call) {
  CallOptions options = call.rpc->options();
  options.on_thread = call.span.ForThread();
  return options;
}

void ControlService::Work(const Active& call) {
  const CallSpan::Scope scope(call->span);
  absl::StatusOr<std::string> response = call->prepared.run(store_, OptionsOf(*call), call->notes);
  NodeBulkhead::EndCall();
  if (!response.ok()) return End(call, response.status());
  if (call->notes.listing) {
    const CallNotes::Listing& listing = *call->notes.listing;
    metrics_.CountPage(listing.counts);
    TellProgress(listing, *call->rpc);
  }
  End(call, absl::OkStatus(), *std::move(response));
}

void ControlService::End(const Active& call, const absl::Status& status,
                         std::optional<std::string> response) {
  const absl::Status told = ForCaller(status);
  const absl::Duration took = SteadyNow() - call->start;
  metrics_.CountCall(call->method->name, absl::StatusCodeToString(told.code()), took);
  if (const std::optional<ErrorInfo> info = GetErrorInfo(told);
      info && info->field == "page_token") {
    metrics_.CountTokenRejection(info->reason);
  }
  LogCall(call->method->name, told, took, call->span.trace_id());
  call->span.End(told);
  if (call->admission) {
    guard_.Finish(call->method->name, TargetOf(*call), *call->admission, told);
  }
  call->place = {};
  call->stream_place = {};
  if (response) {
    call->rpc->Answer(*std::move(response));
  } else {
    call->rpc->Finish(told);
  }
  if (call->gate_entered) gate_.Leave();
}

}  // namespace atestore
