#include "apps/ateapi/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/ateapi/control_service.h"
#include "apps/ateapi/credentials.h"
#include "apps/ateapi/listen_address.h"
#include "apps/ateapi/log.h"

namespace atestore {
namespace {

constexpr char kServiceName[] = "ateapi.Control";
// Threads beyond those of the listings: short calls, health, polling.
constexpr int kOtherThreadsMax = 64;
// Clients may ping so often while they wait for the answer to a call.
constexpr int kPingIntervalMsMin = 10'000;
// A listing's page is limited to 3 MiB by the store; lists of atespaces and workers are not paged.
constexpr int kSendBytesMax = 256 << 20;

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

}  // namespace

class Server::Impl {
 public:
  Impl(const Flags& flags, ActorStore& store, Metrics& metrics)
      : service_(
            store, metrics,
            {.listings_max = flags.listings_max, .debug_clear_enabled = flags.enable_debug_clear}) {
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
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(flags.grpc_listen_addr, credentials, &port);
    builder.RegisterService(&service_);
    builder.SetMaxSendMessageSize(kSendBytesMax);
    // Two servers on one port would share its connections at random.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kPingIntervalMsMin);
    grpc::ResourceQuota quota("ateapi");
    quota.SetMaxThreads(flags.listings_max + kOtherThreadsMax);
    builder.SetResourceQuota(quota);
    if (flags.enable_reflection) {
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    } else {
      builder.SetOption(std::make_unique<WithoutReflection>());
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || (port == 0 && !IsUnixSocket(flags.grpc_listen_addr))) {
      return absl::UnavailableError(absl::StrCat("cannot listen on --grpc-listen-addr ",
                                                 flags.grpc_listen_addr, ": is it in use?"));
    }
    address_ = WithPort(flags.grpc_listen_addr, port);
    SetHealthy(false);
    return absl::OkStatus();
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

  const std::string& address() const { return address_; }

 private:
  ControlService service_;
  std::unique_ptr<ServerCertificates> certificates_;  // null: plaintext
  std::unique_ptr<grpc::Server> server_;
  std::mutex health_mutex_;
  bool stopping_ = false;
  std::string address_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Flags& flags, ActorStore& store,
                                                      Metrics& metrics) {
  auto impl = std::make_unique<Impl>(flags, store, metrics);
  if (absl::Status status = impl->Start(flags); !status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const { return impl_->address(); }
void Server::SetHealthy(bool healthy) { impl_->SetHealthy(healthy); }
void Server::Drain(absl::Duration grace) { impl_->Drain(grace); }

}  // namespace atestore
