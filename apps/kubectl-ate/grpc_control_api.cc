#include <grpc/support/log.h>
#include <grpcpp/channel.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "apps/kubectl-ate/bearer_token.h"
#include "apps/kubectl-ate/channel.h"
#include "apps/kubectl-ate/control_api.h"
#include "proto/ateapi.grpc.pb.h"

namespace atestore::cli {
namespace {

// The service attaches details to every error of its own, gRPC to none.
absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status converted(static_cast<absl::StatusCode>(status.error_code()),
                         status.error_message());
  const bool from_service = !status.error_details().empty();
  const bool connection = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                          status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return connection && !from_service ? MarkConnectionFailure(converted) : converted;
}

std::optional<absl::string_view> Trailer(const grpc::ClientContext& context, const char* key) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  return absl::string_view(found->second.data(), found->second.size());
}

// What the trailing metadata say of a ListPage or a CountPage.
template <typename Page>
void ReadProgress(const grpc::ClientContext& context, Page* page) {
  double progress = 0;
  if (const auto text = Trailer(context, "ate-list-progress");
      text && absl::SimpleAtod(*text, &progress)) {
    page->progress = progress;
  }
  if (const auto text = Trailer(context, "ate-list-skipped");
      !text || !absl::SimpleAtoi(*text, &page->skipped_records)) {
    page->skipped_records = 0;
  }
}

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
      : channel_(channel), stub_(ateapi::Control::NewStub(channel)), token_(std::move(token)) {}

  absl::StatusOr<ListPage> ListActors(const ateapi::ListActorsRequest& request,
                                      absl::Time deadline) override {
    Call call(*this, deadline);
    ListPage page;
    const grpc::Status status = stub_->ListActors(&call.context, request, &page.response);
    if (!status.ok()) return FromGrpc(status);
    ReadProgress(call.context, &page);
    for (const absl::string_view part :
         absl::StrSplit(Trailer(call.context, "ate-list-applied").value_or(""), ',')) {
      if (part == "filter") page.filter_applied = true;
      if (part == "read_mask") page.mask_applied = true;
    }
    return page;
  }

  absl::StatusOr<CountPage> CountActors(const ateapi::CountActorsRequest& request,
                                        absl::Time deadline) override {
    Call call(*this, deadline);
    CountPage page;
    const grpc::Status status = stub_->CountActors(&call.context, request, &page.response);
    if (!status.ok()) return FromGrpc(status);
    ReadProgress(call.context, &page);
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

  absl::StatusOr<std::vector<ateapi::Atespace>> ListAtespaces(absl::Time deadline) override {
    auto response = Run(&Stub::ListAtespaces, ateapi::ListAtespacesRequest(), deadline);
    if (!response.ok()) return response.status();
    return std::vector<ateapi::Atespace>(response->atespaces().begin(),
                                         response->atespaces().end());
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

  absl::StatusOr<std::vector<ateapi::Worker>> ListWorkers(absl::Time deadline) override {
    auto response = Run(&Stub::ListWorkers, ateapi::ListWorkersRequest(), deadline);
    if (!response.ok()) return response.status();
    return std::vector<ateapi::Worker>(response->workers().begin(), response->workers().end());
  }

  void Cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    for (grpc::ClientContext* context : running_) context->TryCancel();
  }

 private:
  using Stub = ateapi::Control::Stub;

  // One call of a method that has no trailing metadata to read.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Run(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                               const Request& request, absl::Time deadline) {
    Call call(*this, deadline);
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&call.context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  // A call that Cancel() can reach.
  struct Call {
    Call(GrpcControlApi& owner, absl::Time deadline) : api(owner) {
      api.Reconnect(deadline);
      if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
      const std::lock_guard lock(api.mutex_);
      // Call credentials would be refused on a channel without TLS, which may lead to loopback.
      const std::string& authorization = api.token_.Authorization();
      if (!authorization.empty()) context.AddMetadata("authorization", authorization);
      api.running_.insert(&context);
      if (api.cancelled_) context.TryCancel();
    }
    ~Call() {
      const std::lock_guard lock(api.mutex_);
      api.running_.erase(&context);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    GrpcControlApi& api;
    grpc::ClientContext context;
  };

  // A channel whose last connection failed refuses calls at once, without looking whether the one
  // that it is making meanwhile has come about: only who waits for that finds out.
  void Reconnect(absl::Time deadline) {
    constexpr absl::Duration kPatience = absl::Milliseconds(300);
    if (channel_->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_TRANSIENT_FAILURE) return;
    channel_->WaitForConnected(absl::ToChronoTime(std::min(deadline, absl::Now() + kPatience)));
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Stub> stub_;
  std::mutex mutex_;  // guards what follows
  BearerToken token_;
  std::set<grpc::ClientContext*> running_;
  bool cancelled_ = false;
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
