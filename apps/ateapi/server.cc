#include "apps/ateapi/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <mutex>

#include "absl/time/clock.h"
#include "apps/ateapi/acceptor.h"
#include "apps/ateapi/authorization/jwt.h"
#include "apps/ateapi/call_backlog.h"
#include "apps/ateapi/connection_table.h"
#include "apps/ateapi/control_service.h"
#include "apps/ateapi/credentials.h"
#include "apps/ateapi/described_service.h"
#include "apps/ateapi/listen_socket.h"
#include "apps/ateapi/log.h"
#include "apps/ateapi/self_probe.h"

namespace atestore {
namespace {

constexpr char kServiceName[] = "ateapi.Control";
// Clients may ping so often while they wait for the answer to a call.
constexpr int kPingIntervalMsMin = 10'000;
// The headers of a call: the longest bearer token, and room for others. gRPC's default is 8 KiB.
constexpr int kHeaderBytesMax = static_cast<int>(kTokenBytesMax) + (8 << 10);
// What gRPC itself may hold for requests and connections.
constexpr size_t kQuotaBytes = size_t{256} << 20;
// A listing's page is limited to 3 MiB by the store; lists of atespaces and workers are not paged.
constexpr int kSendBytesMax = 256 << 20;

using ConnectionType = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
using grpc::experimental::ExternalConnectionAcceptor;

// Linking the reflection library installs its plugin in every server; the flag decides instead.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const std::unique_ptr<grpc::ServerBuilderPlugin>& plugin) {
      return plugin->name() == "proto_server_reflection";
    });
  }
};

void SetLimits(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMsMin);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepalivePatienceMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kConnectionIdleMsMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kConnectionAgeMsMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kConnectionAgeGraceMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMsMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kHeaderBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 1);  // CallBacklog counts with it
  grpc::ResourceQuota quota("ateapi");
  quota.Resize(kQuotaBytes);
  builder.SetResourceQuota(quota);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const Flags& flags, const Parts& parts)
      : service_(parts.store, parts.metrics,
                 {.listings_max = flags.listings_max,
                  .debug_clear_enabled = flags.enable_debug_clear,
                  .patience = {.request = absl::FromChrono(flags.request_timeout),
                               .answer = absl::FromChrono(flags.answer_timeout)}},
                 CallGuard(parts.authorizer)),
        connections_(parts.connections_max,
                     parts.metrics.Bound("connections", parts.connections_max)) {
    service_.OnCalls(
        [this](const std::string& peer) { backlog_.CallBegan(connections_.CallBegan(peer)); },
        [this](const std::string& peer) { connections_.CallReset(peer); },
        [this](const std::string& peer) { connections_.CallEnded(peer); });
  }

  absl::Status Start(const Flags& flags) {
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (!flags.grpc_server_cred_bundle.empty()) {
      absl::StatusOr<std::unique_ptr<ServerCertificates>> loaded =
          ServerCertificates::Load(flags.grpc_server_cred_bundle, flags.client_ca_certs);
      if (!loaded.ok()) return loaded.status();
      certificates_ = *std::move(loaded);
      credentials = certificates_->credentials();
    }
    absl::StatusOr<std::unique_ptr<ListenSocket>> listening =
        ListenSocket::Open(flags.grpc_listen_addr);
    if (!listening.ok()) return AtFlag("--grpc-listen-addr", listening.status());
    listening_ = *std::move(listening);

    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    SetLimits(builder);
    builder.SetContextAllocator(backlog_.MakeArrivalCounter());
    builder.SetMaxReceiveMessageSize(static_cast<int>(2 * kRequestBytesMax));
    builder.SetMaxSendMessageSize(kSendBytesMax);
    builder.RegisterCallbackGenericService(&service_);
    if (flags.enable_reflection) {
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
      described_ = DescribedService();
      builder.RegisterService(described_.get());
    } else {
      builder.SetOption(std::make_unique<WithoutReflection>());
    }
    clients_ = builder.experimental().AddExternalConnectionAcceptor(ConnectionType::FROM_FD,
                                                                    std::move(credentials));
    own_ = builder.experimental().AddExternalConnectionAcceptor(ConnectionType::FROM_FD,
                                                                grpc::InsecureServerCredentials());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return absl::InternalError("gRPC does not start");
    SetHealthy(false);
    acceptor_ = std::make_unique<Acceptor>(
        *listening_, connections_, [this](int listener, int descriptor, bool own) {
          ExternalConnectionAcceptor::NewConnectionParameters connection;
          connection.listener_fd = listener;
          connection.fd = descriptor;
          (own ? own_ : clients_)->HandleNewConnection(&connection);
        });
    return absl::OkStatus();
  }

  absl::Status Probe(absl::Duration patience) {
    return ProbeSelf(*listening_, *acceptor_, patience);
  }

  void SetHealthy(bool healthy) {
    const std::lock_guard lock(health_mutex_);
    if (!stopping_) TellHealth(healthy);
  }

  void TellHealth(bool healthy) {
    grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
    health->SetServingStatus(kServiceName, healthy);
    health->SetServingStatus("", healthy);
  }

  void Drain(absl::Duration grace) {
    {
      const std::lock_guard lock(health_mutex_);
      stopping_ = true;
      TellHealth(false);
    }
    CallGate& gate = service_.gate();
    gate.Close();
    LogEvent(LogLevel::kInfo, "draining");
    const absl::Time deadline = absl::Now() + grace;
    if (!gate.WaitUntilEmpty(deadline)) return;
    gate.WaitUntilQuiet(kRefuseQuiet, std::min(deadline, absl::Now() + kRefuseMax));
  }

  void StopListening() {
    acceptor_.reset();
    listening_.reset();
  }

  const std::string& address() const { return listening_->address(); }

 private:
  ControlService service_;
  std::unique_ptr<grpc::Service> described_;  // for reflection
  ConnectionTable connections_;
  CallBacklog backlog_{connections_};
  std::unique_ptr<ServerCertificates> certificates_;  // null: plaintext
  std::unique_ptr<ListenSocket> listening_;
  std::unique_ptr<ExternalConnectionAcceptor> clients_;
  std::unique_ptr<ExternalConnectionAcceptor> own_;  // for probes of this process itself
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;
  std::mutex health_mutex_;
  bool stopping_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Flags& flags, const Parts& parts) {
  auto impl = std::make_unique<Impl>(flags, parts);
  if (absl::Status status = impl->Start(flags); !status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const { return impl_->address(); }
void Server::SetHealthy(bool healthy) { impl_->SetHealthy(healthy); }
absl::Status Server::Probe(absl::Duration patience) { return impl_->Probe(patience); }
void Server::Drain(absl::Duration grace) { impl_->Drain(grace); }
void Server::StopListening() { impl_->StopListening(); }

}  // namespace atestore
