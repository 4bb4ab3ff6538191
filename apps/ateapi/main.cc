#include <grpc/support/log.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/health_monitor.h"
#include "apps/ateapi/http_endpoint.h"
#include "apps/ateapi/log.h"
#include "apps/ateapi/metrics.h"
#include "apps/ateapi/server.h"
#include "apps/ateapi/start_advice.h"
#include "apps/ateapi/store_factory.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr int kExitFailure = 1;
constexpr absl::Duration kHealthInterval = absl::Seconds(2);
constexpr absl::Duration kHealthPatience = absl::Seconds(2);

std::optional<std::string> ReadEnvironment(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// gRPC's own lines, such as failed TLS handshakes, in the format of this log. Before it serves,
// what goes wrong is told in one line by CannotStart() instead.
void LogGrpc(gpr_log_func_args* args) {
  LogLine(args->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kInfo : LogLevel::kDebug, "grpc")
      .Add("message", args->message);
}

int CannotStart(const absl::Status& status, std::string_view advice = "") {
  std::string message(ToStd(status.message()));
  if (!advice.empty()) absl::StrAppend(&message, "; ", ToAbsl(advice));
  LogLine(LogLevel::kError, "cannot_start")
      .Add("code", absl::StatusCodeToString(status.code()))
      .Add("message", message);
  return kExitFailure;
}

HttpAnswer Readiness(const HealthMonitor& health, const std::atomic<bool>& stopping) {
  const absl::Status status = stopping ? UnavailableError("shutting down") : health.last();
  if (status.ok()) return {.code = 200, .text = "ready\n"};
  return {.code = 503, .text = "not ready: " + std::string(ToStd(status.message())) + "\n"};
}

absl::StatusOr<std::unique_ptr<HttpEndpoint>> StartHttp(const std::string& address,
                                                        const HealthMonitor& health,
                                                        const std::atomic<bool>& stopping,
                                                        const Metrics& metrics) {
  absl::StatusOr<std::unique_ptr<HttpEndpoint>> http = HttpEndpoint::Start(
      address,
      {{"/healthz", [] { return HttpAnswer{.code = 200, .text = "alive\n"}; }},
       {"/readyz", [&health, &stopping] { return Readiness(health, stopping); }},
       {"/metrics", [&metrics] { return HttpAnswer{.code = 200, .text = metrics.Text()}; }}});
  if (!http.ok()) return AtFlag("--metrics-listen-addr", http.status());
  return http;
}

void LogServing(const Flags& flags, const Server& server, const HttpEndpoint* http) {
  LogLine line(LogLevel::kInfo, "serving");
  line.Add("address", server.address())
      .Add("tls", flags.grpc_server_cred_bundle.empty() ? "off" : "on")
      .Add("store", flags.redis_cluster_address.empty() ? "embedded" : "cluster");
  if (http != nullptr) line.Add("metrics_address", http->address());
}

// Serves until a signal of `stop_signals`.
int Serve(const Flags& flags, const sigset_t& stop_signals) {
  Metrics metrics;
  const absl::StatusOr<std::unique_ptr<ActorStore>> store = MakeStore(flags, metrics);
  if (!store.ok()) return CannotStart(store.status());
  const absl::Status first = (*store)->CheckHealth(
      {.deadline = absl::Now() + absl::FromChrono(flags.startup_timeout), .cancelled = {}});
  if (!first.ok()) return CannotStart(first, StartAdvice(first, flags));

  const absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(flags, **store, metrics);
  if (!server.ok()) return CannotStart(server.status());
  std::atomic<bool> stopping = false;
  auto health = std::make_unique<HealthMonitor>(
      [&] {
        return (*store)->CheckHealth({.deadline = absl::Now() + kHealthPatience, .cancelled = {}});
      },
      kHealthInterval,
      [&](const absl::Status& status) {
        metrics.SetReady(status.ok() && !stopping);
        (*server)->SetHealthy(status.ok());
        LogLine(status.ok() ? LogLevel::kInfo : LogLevel::kWarning,
                status.ok() ? "store_ready" : "store_not_ready")
            .Add("message", ToStd(status.message()));
      });
  std::unique_ptr<HttpEndpoint> http;
  if (!flags.metrics_listen_addr.empty()) {
    absl::StatusOr<std::unique_ptr<HttpEndpoint>> started =
        StartHttp(flags.metrics_listen_addr, *health, stopping, metrics);
    if (!started.ok()) return CannotStart(started.status());
    http = *std::move(started);
  }
  gpr_set_log_function(LogGrpc);
  LogServing(flags, **server, http.get());

  int signal = 0;
  sigwait(&stop_signals, &signal);
  LogLine(LogLevel::kInfo, "stopping").Add("signal", signal);
  stopping = true;
  metrics.SetReady(false);
  (*server)->Drain(absl::FromChrono(flags.shutdown_grace));
  LogEvent(LogLevel::kInfo, "stopped");
  std::quick_exit(0);  // see Server::Drain()
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<ParsedFlags> parsed = ParseFlags(arguments, ReadEnvironment);
  if (!parsed.ok()) {
    std::cerr << "ateapi: " << parsed.status().message() << "\n";
    return kExitFailure;
  }
  if (parsed->text_to_print) {
    std::cout << *parsed->text_to_print;
    return 0;
  }
  StartLog(parsed->flags.log_level);
  gpr_set_log_function([](gpr_log_func_args*) {});
  // Every thread inherits the mask, so that only sigwait() takes these signals.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return Serve(parsed->flags, stop_signals);
}

}  // namespace
}  // namespace atestore

int main(int argc, char** argv) {
  return atestore::Main(std::vector<std::string>(argv + 1, argv + argc));
}
