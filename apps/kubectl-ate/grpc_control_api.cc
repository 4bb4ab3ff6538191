#include <grpc/support/log.h>

#include <cstdlib>
#include <iterator>

#include "apps/kubectl-ate/bearer_token.h"
#include "apps/kubectl-ate/channel.h"
#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/grpc_actor_stream.h"
#include "apps/kubectl-ate/grpc_session.h"

namespace atestore::cli {
namespace {

ateapi::ActorRef RefOf(const ActorName& name) {
  ateapi::ActorRef ref;
  ref.set_atespace(name.atespace);
  ref.set_name(name.id);
  return ref;
}

// gRPC's own log lines are for its developers; GRPC_VERBOSITY brings them back.
void SilenceGrpc() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
}

class GrpcControlApi final : public ControlApi {
 public:
  GrpcControlApi(const std::shared_ptr<grpc::Channel>& channel, BearerToken token)
      : session_(channel, std::move(token)) {}

  absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                      absl::Time deadline) override {
    GrpcSession::Call call(session_, deadline);
    ListPage page;
    const grpc::Status status =
        session_.stub().ListActors(&call.context(), request, &page.response);
    if (!status.ok()) return FromGrpc(status);
    ReadTrailers(call.context(), &page);
    ReadApplied(call.context().GetServerTrailingMetadata(), &page);
    return page;
  }

  std::unique_ptr<ActorStream> ReadActors(const ateapi::ListActorsRequest& request,
                                          absl::Time deadline) override {
    return OpenActorStream(session_, request, deadline);
  }

  absl::StatusOr<std::vector<std::string>> PartitionActors(
      const ateapi::PartitionActorsRequest& request, absl::Time deadline) override {
    auto response = Run(&Stub::PartitionActors, request, deadline);
    if (!response.ok()) return response.status();
    return std::vector<std::string>(response->page_tokens().begin(), response->page_tokens().end());
  }

  absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest& request,
                                        absl::Time deadline) override {
    GrpcSession::Call call(session_, deadline);
    CountPage page;
    const grpc::Status status =
        session_.stub().CountActors(&call.context(), request, &page.response);
    if (!status.ok()) return FromGrpc(status);
    ReadTrailers(call.context(), &page);
    return page;
  }

  absl::StatusOr<ateapi::Actor> GetActor(const ActorName& name, absl::Time deadline) override {
    ateapi::GetActorRequest request;
    *request.mutable_actor_ref() = RefOf(name);
    auto response = Run(&Stub::GetActor, request, deadline);
    if (!response.ok()) return response.status();
    return std::move(*response->mutable_actor());
  }

  absl::StatusOr<ateapi::Actor> CreateActor(const ateapi::CreateActorRequest& request,
                                            absl::Time deadline) override {
    auto response = Run(&Stub::CreateActor, request, deadline);
    if (!response.ok()) return response.status();
    return std::move(*response->mutable_actor());
  }

  absl::Status DeleteActor(const ActorName& name, absl::Time deadline) override {
    ateapi::DeleteActorRequest request;
    *request.mutable_actor_ref() = RefOf(name);
    return Run(&Stub::DeleteActor, request, deadline).status();
  }

  absl::StatusOr<AtespacePage> ListAtespaces(const std::string& page_token,
                                             absl::Time deadline) override {
    auto response =
        Run(&Stub::ListAtespaces, PageRequest<ateapi::ListAtespacesRequest>(page_token), deadline);
    if (!response.ok()) return response.status();
    return PageOf<AtespacePage>(*response->mutable_atespaces(), response->next_page_token());
  }

  absl::StatusOr<ateapi::Atespace> GetAtespace(const std::string& name,
                                               absl::Time deadline) override {
    ateapi::GetAtespaceRequest request;
    request.set_name(name);
    auto response = Run(&Stub::GetAtespace, request, deadline);
    if (!response.ok()) return response.status();
    return std::move(*response->mutable_atespace());
  }

  absl::Status CreateAtespace(const std::string& name, absl::Time deadline) override {
    ateapi::CreateAtespaceRequest request;
    request.set_name(name);
    return Run(&Stub::CreateAtespace, request, deadline).status();
  }

  absl::Status DeleteAtespace(const std::string& name, absl::Time deadline) override {
    ateapi::DeleteAtespaceRequest request;
    request.set_name(name);
    return Run(&Stub::DeleteAtespace, request, deadline).status();
  }

  absl::StatusOr<WorkerPage> ListWorkers(const std::string& page_token,
                                         absl::Time deadline) override {
    auto response =
        Run(&Stub::ListWorkers, PageRequest<ateapi::ListWorkersRequest>(page_token), deadline);
    if (!response.ok()) return response.status();
    return PageOf<WorkerPage>(*response->mutable_workers(), response->next_page_token());
  }

  void Cancel() override { session_.Cancel(); }

 private:
  using Stub = ateapi::Control::Stub;

  // One call of a method that has no trailing metadata to read.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Run(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                               const Request& request, absl::Time deadline) {
    GrpcSession::Call call(session_, deadline);
    Response response;
    const grpc::Status status = (session_.stub().*method)(&call.context(), request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  template <typename Request>
  static Request PageRequest(const std::string& page_token) {
    Request request;
    request.set_page_size(kRecordsPageSize);
    request.set_page_token(page_token);
    return request;
  }

  template <typename Page, typename Records>
  static Page PageOf(Records& records, const std::string& next_page_token) {
    return {.records = {std::make_move_iterator(records.begin()),
                        std::make_move_iterator(records.end())},
            .next_page_token = next_page_token};
  }

  GrpcSession session_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ControlApi>> ConnectControlApi(const ConnectionOptions& options) {
  SilenceGrpc();
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = MakeChannel(options);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<BearerToken> token = BearerToken::Open(options);
  if (!token.ok()) return token.status();
  return std::unique_ptr<ControlApi>(std::make_unique<GrpcControlApi>(*channel, *std::move(token)));
}

}  // namespace atestore::cli
