#include "apps/ateapi/control_methods.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/service_limits.h"
#include "core/status.h"
#include "proto/ateapi.pb.h"
#include "store/error_info.h"

namespace atestore {
namespace {

PageCounts CountsOf(const ListingCounters& counters, int64_t skipped_records) {
  return {.skipped_records = skipped_records,
          .slot_restarts = static_cast<int64_t>(counters.slot_restarts),
          .rereads = static_cast<int64_t>(counters.rereads),
          .examined = static_cast<int64_t>(counters.examined),
          .matched = static_cast<int64_t>(counters.matched)};
}

constexpr std::string_view kServicePath = "/ateapi.Control/";

absl::Status NoRequest(std::string_view why) {
  return WithErrorInfo(InvalidArgumentError(why), {.reason = "REQUEST_MALFORMED", .field = ""});
}

template <typename Request>
absl::StatusOr<Request> Parse(grpc::ByteBuffer& bytes) {
  if (static_cast<int64_t>(bytes.Length()) > kRequestBytesMax) {
    return NoRequest(
        absl::StrCat("the request has ", bytes.Length(), " bytes, more than ", kRequestBytesMax));
  }
  Request request;
  grpc::ProtoBufferReader reader(&bytes);
  if (!reader.status().ok() || !request.ParseFromZeroCopyStream(&reader)) {
    return NoRequest(
        absl::StrCat("the request is not a serialized ", Request::descriptor()->full_name()));
  }
  return request;
}

template <typename Request>
void TakeNames(const Request& request, PreparedCall* call) {
  if constexpr (requires { request.actor_ref(); }) {
    call->atespace = request.actor_ref().atespace();
    call->name = request.actor_ref().name();
  } else if constexpr (requires { request.atespace(); }) {
    call->atespace = request.atespace();
  } else if constexpr (requires { request.name(); }) {
    call->atespace = request.name();
  }
}

// Moves what the store returned to where the answer wants it.
template <typename Record>
absl::Status Take(absl::StatusOr<Record> result, Record* record) {
  if (!result.ok()) return result.status();
  *record = *std::move(result);
  return absl::OkStatus();
}

// What the store does for a request: fills the response.
template <typename Request, typename Response>
using Serve = absl::Status (*)(ActorStore&, const Request&, const CallOptions&, Response*);

template <typename Request, typename Response, Serve<Request, Response> kServe>
absl::StatusOr<PreparedCall> Prepare(grpc::ByteBuffer& bytes) {
  absl::StatusOr<Request> request = Parse<Request>(bytes);
  if (!request.ok()) return request.status();
  PreparedCall call;
  TakeNames(*request, &call);
  call.run = [request = *std::move(request)](ActorStore& store, const CallOptions& options,
                                             CallNotes&) -> absl::StatusOr<std::string> {
    Response response;
    if (absl::Status status = kServe(store, request, options, &response); !status.ok()) {
      return status;
    }
    return response.SerializeAsString();
  };
  return call;
}

absl::Status GetActor(ActorStore& store, const ateapi::GetActorRequest& request,
                      const CallOptions& call, ateapi::GetActorResponse* response) {
  return Take(store.GetActor(request.actor_ref(), call), response->mutable_actor());
}

absl::Status CreateActor(ActorStore& store, const ateapi::CreateActorRequest& request,
                         const CallOptions& call, ateapi::CreateActorResponse* response) {
  return Take(store.CreateActor(request, call), response->mutable_actor());
}

absl::Status UpdateActor(ActorStore& store, const ateapi::UpdateActorRequest& request,
                         const CallOptions& call, ateapi::UpdateActorResponse* response) {
  return Take(store.UpdateActor(request, call), response->mutable_actor());
}

absl::Status DeleteActor(ActorStore& store, const ateapi::DeleteActorRequest& request,
                         const CallOptions& call, ateapi::DeleteActorResponse*) {
  return store.DeleteActor(request.actor_ref(), call);
}

absl::Status CreateAtespace(ActorStore& store, const ateapi::CreateAtespaceRequest& request,
                            const CallOptions& call, ateapi::CreateAtespaceResponse* response) {
  return Take(store.CreateAtespace(request.name(), call), response->mutable_atespace());
}

absl::Status GetAtespace(ActorStore& store, const ateapi::GetAtespaceRequest& request,
                         const CallOptions& call, ateapi::GetAtespaceResponse* response) {
  return Take(store.GetAtespace(request.name(), call), response->mutable_atespace());
}

absl::Status DeleteAtespace(ActorStore& store, const ateapi::DeleteAtespaceRequest& request,
                            const CallOptions& call, ateapi::DeleteAtespaceResponse*) {
  return store.DeleteAtespace(request.name(), call);
}

absl::Status PartitionActors(ActorStore& store, const ateapi::PartitionActorsRequest& request,
                             const CallOptions& call, ateapi::PartitionActorsResponse* response) {
  absl::StatusOr<std::vector<std::string>> tokens = store.PartitionActors(request, call);
  if (!tokens.ok()) return tokens.status();
  for (std::string& token : *tokens) response->add_page_tokens(std::move(token));
  return absl::OkStatus();
}

absl::Status DebugClear(ActorStore& store, const ateapi::DebugClearRequest&,
                        const CallOptions& call, ateapi::DebugClearResponse*) {
  return store.DebugClear(call);
}

// The store gives pages in their wire format.
absl::StatusOr<PreparedCall> PrepareListActors(grpc::ByteBuffer& bytes) {
  absl::StatusOr<ateapi::ListActorsRequest> request = Parse<ateapi::ListActorsRequest>(bytes);
  if (!request.ok()) return request.status();
  PreparedCall call;
  TakeNames(*request, &call);
  call.run = [request = *std::move(request)](ActorStore& store, const CallOptions& options,
                                             CallNotes& notes) -> absl::StatusOr<std::string> {
    absl::StatusOr<SerializedActorPage> page =
        AdvancedReads(store).ListActorsSerialized(request, options);
    if (!page.ok()) return page.status();
    notes.listing = {
        .progress = page->progress, .counts = CountsOf(*page), .applied = AppliedParts(request)};
    return std::move(page->response);
  };
  return call;
}

// A listing of atespaces or workers by this method of the store.
template <typename Request, typename Page>
using ListRecords = absl::StatusOr<Page> (ActorStore::*)(const Request&, const CallOptions&);

template <typename Request, typename Page, ListRecords<Request, Page> kList>
absl::StatusOr<PreparedCall> PrepareListing(grpc::ByteBuffer& bytes) {
  absl::StatusOr<Request> request = Parse<Request>(bytes);
  if (!request.ok()) return request.status();
  PreparedCall call;
  call.run = [request = *std::move(request)](ActorStore& store, const CallOptions& options,
                                             CallNotes& notes) -> absl::StatusOr<std::string> {
    absl::StatusOr<Page> page = (store.*kList)(request, options);
    if (!page.ok()) return page.status();
    if (request.page_size() != 0 || !request.page_token().empty()) {
      notes.listing = {.progress = page->progress,
                       .counts = CountsOf(page->counters, page->skipped_records),
                       .applied = "page_size"};
    }
    return page->response.SerializeAsString();
  };
  return call;
}

constexpr auto PrepareListAtespaces =
    PrepareListing<ateapi::ListAtespacesRequest, AtespacePage, &ActorStore::ListAtespaces>;
constexpr auto PrepareListWorkers =
    PrepareListing<ateapi::ListWorkersRequest, WorkerPage, &ActorStore::ListWorkers>;

absl::StatusOr<PreparedCall> PrepareCountActors(grpc::ByteBuffer& bytes) {
  absl::StatusOr<ateapi::CountActorsRequest> request = Parse<ateapi::CountActorsRequest>(bytes);
  if (!request.ok()) return request.status();
  PreparedCall call;
  TakeNames(*request, &call);
  call.run = [request = *std::move(request)](ActorStore& store, const CallOptions& options,
                                             CallNotes& notes) -> absl::StatusOr<std::string> {
    absl::StatusOr<ActorCounts> counts = store.CountActors(request, options);
    if (!counts.ok()) return counts.status();
    notes.listing = {.progress = counts->progress,
                     .counts = CountsOf(counts->counters, counts->skipped_records),
                     .applied = ""};
    return counts->response.SerializeAsString();
  };
  return call;
}

absl::StatusOr<PreparedCall> PrepareReadActors(grpc::ByteBuffer& bytes) {
  absl::StatusOr<ateapi::ListActorsRequest> request = Parse<ateapi::ListActorsRequest>(bytes);
  if (!request.ok()) return request.status();
  PreparedCall call;
  TakeNames(*request, &call);
  call.pages = *std::move(request);
  return call;
}

template <typename Request>
absl::StatusOr<PreparedCall> PrepareNothing(grpc::ByteBuffer& bytes) {
  absl::StatusOr<Request> request = Parse<Request>(bytes);
  if (!request.ok()) return request.status();
  PreparedCall call;
  TakeNames(*request, &call);
  return call;
}

#define ATEAPI_METHOD(name, kind) \
  ControlMethod { #name, kind, Prepare < ateapi::name##Request, ateapi::name##Response, name> }

constexpr ControlMethod kMethods[] = {
    {"ListActors", MethodKind::kListing, PrepareListActors},
    {"CountActors", MethodKind::kListing, PrepareCountActors},
    {"ReadActors", MethodKind::kPageStream, PrepareReadActors},
    ATEAPI_METHOD(PartitionActors, MethodKind::kReadRecord),
    ATEAPI_METHOD(GetActor, MethodKind::kReadRecord),
    ATEAPI_METHOD(CreateActor, MethodKind::kWriteRecord),
    ATEAPI_METHOD(UpdateActor, MethodKind::kWriteRecord),
    ATEAPI_METHOD(DeleteActor, MethodKind::kWriteRecord),
    {"SuspendActor", MethodKind::kRefused, PrepareNothing<ateapi::SuspendActorRequest>},
    {"PauseActor", MethodKind::kRefused, PrepareNothing<ateapi::PauseActorRequest>},
    {"ResumeActor", MethodKind::kRefused, PrepareNothing<ateapi::ResumeActorRequest>},
    ATEAPI_METHOD(CreateAtespace, MethodKind::kWriteRecord),
    ATEAPI_METHOD(GetAtespace, MethodKind::kReadRecord),
    // It searches the whole cluster for an actor.
    ATEAPI_METHOD(DeleteAtespace, MethodKind::kListing),
    {"ListAtespaces", MethodKind::kListing, PrepareListAtespaces},
    {"ListWorkers", MethodKind::kListing, PrepareListWorkers},
    ATEAPI_METHOD(DebugClear, MethodKind::kListing),
};
#undef ATEAPI_METHOD

}  // namespace

std::span<const ControlMethod> ControlMethods() { return kMethods; }

const ControlMethod* FindMethod(std::string_view path) {
  if (!path.starts_with(kServicePath)) return nullptr;
  path.remove_prefix(kServicePath.size());
  for (const ControlMethod& method : kMethods) {
    if (method.name == path) return &method;
  }
  return nullptr;
}

PageCounts CountsOf(const SerializedActorPage& page) {
  PageCounts counts = CountsOf(page.counters, page.skipped_records);
  counts.actors = page.actors;
  return counts;
}

std::string AppliedParts(const ateapi::ListActorsRequest& request) {
  std::string applied = request.filter().empty() ? "" : "filter";
  if (request.has_read_mask()) absl::StrAppend(&applied, applied.empty() ? "" : ",", "read_mask");
  return applied;
}

}  // namespace atestore
