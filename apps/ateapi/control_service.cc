#include "apps/ateapi/control_service.h"

#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "apps/ateapi/error_details.h"
#include "apps/ateapi/log.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore {
namespace {

// Places among the methods of the service, as proto/ateapi.proto lists them.
constexpr int kListActorsIndex = 0;
constexpr int kReadActorsIndex = 14;

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(ToStd(status.message())),
          SerializedErrorDetails(status)};
}

// To ask gRPC whether a call was cancelled costs as much as a round trip to a server, since it does
// meanwhile what there is to do for any call.
constexpr absl::Duration kAskCancelledEvery = absl::Milliseconds(10);

CallOptions OptionsOf(grpc::ServerContext* context) {
  CallOptions options;
  const std::chrono::system_clock::time_point deadline = context->deadline();
  // gRPC's "no deadline" is the end of its clock, which absl's conversion would overflow.
  if (deadline < std::chrono::system_clock::now() + std::chrono::hours(24 * 365)) {
    options.deadline = absl::FromChrono(deadline);
  }
  options.cancelled = [context, next = absl::Now() + kAskCancelledEvery]() mutable {
    const absl::Time now = absl::Now();
    if (now < next) return false;
    next = now + kAskCancelledEvery;
    return context->IsCancelled();
  };
  return options;
}

absl::Status NoScheduler(std::string_view method) {
  return WithErrorInfo(absl::UnimplementedError(absl::StrCat(
                           ToAbsl(method),
                           " needs a scheduler, which this service does not have: it serves the "
                           "records of actors only")),
                       {.reason = "SCHEDULER_REQUIRED", .field = ""});
}

// Moves what a call returned to where the answer wants it.
template <typename Record>
absl::Status Take(absl::StatusOr<Record> result, Record* record) {
  if (!result.ok()) return result.status();
  *record = *std::move(result);
  return absl::OkStatus();
}

template <typename Record>
absl::Status Take(absl::StatusOr<std::vector<Record>> result,
                  google::protobuf::RepeatedPtrField<Record>* records) {
  if (!result.ok()) return result.status();
  records->Add(std::make_move_iterator(result->begin()), std::make_move_iterator(result->end()));
  return absl::OkStatus();
}

void LogCall(std::string_view method, const absl::Status& status, absl::Duration took) {
  const bool failed = !status.ok();
  LogLine line(failed ? LogLevel::kInfo : LogLevel::kDebug, "call");
  line.Add("method", method)
      .Add("code", absl::StatusCodeToString(status.code()))
      .AddSeconds("seconds", absl::ToDoubleSeconds(took));
  if (failed) {
    line.Add("reason", ErrorReason(status)).Add("message", ToStd(status.message()));
  }
}

absl::Status ShuttingDown() {
  return WithErrorInfo(absl::UnavailableError("this process is shutting down; another one goes on"),
                       {.reason = "SHUTTING_DOWN", .field = ""});
}

// For people: it is no part of the contract.
void TellProgress(double progress, int64_t skipped_records, grpc::ServerContext* context) {
  context->AddTrailingMetadata("ate-list-progress", absl::StrFormat("%.6f", progress));
  context->AddTrailingMetadata("ate-list-skipped", absl::StrCat(skipped_records));
}

// Without a copy of what is not short.
grpc::ByteBuffer BytesOf(std::string bytes) {
  auto* owner = new std::string(std::move(bytes));
  const grpc::Slice slice(
      owner->data(), owner->size(), [](void* string) { delete static_cast<std::string*>(string); },
      owner);
  return {&slice, 1};
}

}  // namespace

ControlService::ControlService(ActorStore& store, Metrics& metrics, ServiceLimits limits)
    : store_(store), metrics_(metrics), limits_(limits) {
  // As the generated WithStreamedUnaryMethod_ListActors and WithSplitStreamingMethod_ReadActors do,
  // but for the type of the answer.
  using ListHandler =
      grpc::internal::StreamedUnaryHandler<ateapi::ListActorsRequest, grpc::ByteBuffer>;
  using ReadHandler =
      grpc::internal::SplitServerStreamingHandler<ateapi::ListActorsRequest, grpc::ByteBuffer>;
  MarkMethodStreamed(kListActorsIndex,
                     new ListHandler([this](grpc::ServerContext* context, ListActorsCall* call) {
                       return ServeListActors(context, call);
                     }));
  MarkMethodStreamed(kReadActorsIndex,
                     new ReadHandler([this](grpc::ServerContext* context, ReadActorsCall* call) {
                       return ServeReadActors(context, call);
                     }));
}

grpc::Status ControlService::Serve(std::string_view method, grpc::ServerContext* context,
                                   const Work& work) {
  const absl::Time start = absl::Now();
  const absl::Status status = ForCaller(Admitted(OptionsOf(context), work));
  const absl::Duration took = absl::Now() - start;
  metrics_.CountCall(method, absl::StatusCodeToString(status.code()), took);
  if (const std::optional<ErrorInfo> info = GetErrorInfo(status);
      info && info->field == "page_token") {
    metrics_.CountTokenRejection(info->reason);
  }
  LogCall(method, status, took);
  return ToGrpc(status);
}

absl::Status ControlService::Admitted(const CallOptions& call, const Work& work) {
  if (!gate_.Enter()) return ShuttingDown();
  absl::Status status = work(call);
  gate_.Leave();
  return status;
}

grpc::Status ControlService::ServeListing(std::string_view method, grpc::ServerContext* context,
                                          const Work& work) {
  const int32_t running = listings_.fetch_add(1) + 1;
  metrics_.ChangeListingsInFlight(1);
  grpc::Status status;
  if (running > limits_.listings_max) {
    metrics_.CountListingRefused();
    status = Serve(method, context, [&](const CallOptions&) {
      return WithErrorInfo(
          absl::ResourceExhaustedError(absl::StrCat("more than ", limits_.listings_max,
                                                    " listing calls are running; try again")),
          {.reason = "TOO_MANY_LISTINGS", .field = ""});
    });
  } else {
    status = Serve(method, context, work);
  }
  metrics_.ChangeListingsInFlight(-1);
  listings_.fetch_sub(1);
  return status;
}

grpc::Status ControlService::ServeListActors(grpc::ServerContext* context, ListActorsCall* call) {
  ateapi::ListActorsRequest request;
  if (!call->Read(&request)) {
    return {grpc::StatusCode::INTERNAL, "the request is not a ListActorsRequest"};
  }
  std::string response;
  grpc::Status status =
      ServeListing("ListActors", context, [&](const CallOptions& options) -> absl::Status {
        absl::StatusOr<SerializedActorPage> page = store_.ListActorsSerialized(request, options);
        if (!page.ok()) return page.status();
        CountPage(*page);
        TellProgress(page->progress, page->skipped_records, context);
        response = std::move(page->response);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  // Sent together with the status.
  call->Write(BytesOf(std::move(response)), grpc::WriteOptions().set_last_message());
  return status;
}

grpc::Status ControlService::ServeReadActors(grpc::ServerContext* context, ReadActorsCall* call) {
  ateapi::ListActorsRequest request;
  if (!call->Read(&request)) {
    return {grpc::StatusCode::INTERNAL, "the request is not a ListActorsRequest"};
  }
  return ServeListing("ReadActors", context, [&](const CallOptions& options) -> absl::Status {
    // That the client is gone is told by Write(): the reader need not ask.
    absl::StatusOr<std::unique_ptr<SerializedActorReader>> reader =
        store_.ReadActorsSerialized(request, {.deadline = options.deadline});
    if (!reader.ok()) return reader.status();
    return SendPages(**reader, context, call);
  });
}

absl::Status ControlService::SendPages(SerializedActorReader& reader, grpc::ServerContext* context,
                                       ReadActorsCall* call) {
  int64_t skipped_records = 0;
  for (;;) {
    absl::StatusOr<SerializedActorPage> page = reader.Next();
    if (!page.ok()) return page.status();
    CountPage(*page);
    skipped_records += page->skipped_records;
    if (page->next_page_token.empty()) TellProgress(page->progress, skipped_records, context);
    if (!call->Write(BytesOf(std::move(page->response)))) {
      return WithErrorInfo(CancelledError("the caller has gone"),
                           {.reason = "CANCELLED", .field = ""});
    }
    if (page->next_page_token.empty()) return absl::OkStatus();
    if (gate_.is_closed()) return ShuttingDown();
  }
}

void ControlService::CountPage(const SerializedActorPage& page) {
  metrics_.CountPage({.actors = page.actors,
                      .skipped_records = page.skipped_records,
                      .slot_restarts = static_cast<int64_t>(page.counters.slot_restarts),
                      .retakes = static_cast<int64_t>(page.counters.retakes)});
}

grpc::Status ControlService::GetActor(grpc::ServerContext* context,
                                      const ateapi::GetActorRequest* request,
                                      ateapi::GetActorResponse* response) {
  return Serve("GetActor", context, [&](const CallOptions& call) {
    return Take(store_.GetActor(request->actor_ref(), call), response->mutable_actor());
  });
}

grpc::Status ControlService::CreateActor(grpc::ServerContext* context,
                                         const ateapi::CreateActorRequest* request,
                                         ateapi::CreateActorResponse* response) {
  return Serve("CreateActor", context, [&](const CallOptions& call) {
    return Take(store_.CreateActor(*request, call), response->mutable_actor());
  });
}

grpc::Status ControlService::UpdateActor(grpc::ServerContext* context,
                                         const ateapi::UpdateActorRequest* request,
                                         ateapi::UpdateActorResponse* response) {
  return Serve("UpdateActor", context, [&](const CallOptions& call) {
    return Take(store_.UpdateActor(*request, call), response->mutable_actor());
  });
}

grpc::Status ControlService::DeleteActor(grpc::ServerContext* context,
                                         const ateapi::DeleteActorRequest* request,
                                         ateapi::DeleteActorResponse*) {
  return Serve("DeleteActor", context, [&](const CallOptions& call) {
    return store_.DeleteActor(request->actor_ref(), call);
  });
}

grpc::Status ControlService::SuspendActor(grpc::ServerContext* context,
                                          const ateapi::SuspendActorRequest*,
                                          ateapi::SuspendActorResponse*) {
  return Serve("SuspendActor", context,
               [](const CallOptions&) { return NoScheduler("SuspendActor"); });
}

grpc::Status ControlService::PauseActor(grpc::ServerContext* context,
                                        const ateapi::PauseActorRequest*,
                                        ateapi::PauseActorResponse*) {
  return Serve("PauseActor", context, [](const CallOptions&) { return NoScheduler("PauseActor"); });
}

grpc::Status ControlService::ResumeActor(grpc::ServerContext* context,
                                         const ateapi::ResumeActorRequest*,
                                         ateapi::ResumeActorResponse*) {
  return Serve("ResumeActor", context,
               [](const CallOptions&) { return NoScheduler("ResumeActor"); });
}

grpc::Status ControlService::CreateAtespace(grpc::ServerContext* context,
                                            const ateapi::CreateAtespaceRequest* request,
                                            ateapi::CreateAtespaceResponse* response) {
  return Serve("CreateAtespace", context, [&](const CallOptions& call) {
    return Take(store_.CreateAtespace(request->name(), call), response->mutable_atespace());
  });
}

grpc::Status ControlService::GetAtespace(grpc::ServerContext* context,
                                         const ateapi::GetAtespaceRequest* request,
                                         ateapi::GetAtespaceResponse* response) {
  return Serve("GetAtespace", context, [&](const CallOptions& call) {
    return Take(store_.GetAtespace(request->name(), call), response->mutable_atespace());
  });
}

grpc::Status ControlService::DeleteAtespace(grpc::ServerContext* context,
                                            const ateapi::DeleteAtespaceRequest* request,
                                            ateapi::DeleteAtespaceResponse*) {
  return Serve("DeleteAtespace", context, [&](const CallOptions& call) {
    return store_.DeleteAtespace(request->name(), call);
  });
}

grpc::Status ControlService::ListAtespaces(grpc::ServerContext* context,
                                           const ateapi::ListAtespacesRequest*,
                                           ateapi::ListAtespacesResponse* response) {
  return ServeListing("ListAtespaces", context, [&](const CallOptions& call) {
    return Take(store_.ListAtespaces(call), response->mutable_atespaces());
  });
}

grpc::Status ControlService::ListWorkers(grpc::ServerContext* context,
                                         const ateapi::ListWorkersRequest*,
                                         ateapi::ListWorkersResponse* response) {
  return ServeListing("ListWorkers", context, [&](const CallOptions& call) {
    return Take(store_.ListWorkers(call), response->mutable_workers());
  });
}

grpc::Status ControlService::DebugClear(grpc::ServerContext* context,
                                        const ateapi::DebugClearRequest*,
                                        ateapi::DebugClearResponse*) {
  return Serve("DebugClear", context, [&](const CallOptions& call) -> absl::Status {
    if (!limits_.debug_clear_enabled) {
      return WithErrorInfo(
          absl::PermissionDeniedError("DebugClear is off; ateapi --enable-debug-clear turns it on"),
          {.reason = "DEBUG_CLEAR_DISABLED", .field = ""});
    }
    return store_.DebugClear(call);
  });
}

}  // namespace atestore
