#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "apps/ateapi/authorization/start_authorization.h"
#include "apps/ateapi/descriptors.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/health_monitor.h"
#include "apps/ateapi/http_endpoint.h"
#include "apps/ateapi/log.h"
#include "apps/ateapi/metrics.h"
#include "apps/ateapi/node_bulkhead.h"
#include "apps/ateapi/port_probe.h"
#include "apps/ateapi/readiness.h"
#include "apps/ateapi/server.h"
#include "apps/ateapi/start_advice.h"
#include "apps/ateapi/store_factory.h"
#include "apps/ateapi/tracing/tracing.h"
#include "apps/cli/print_text.h"
#include "apps/cli/standard_descriptors.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/cluster/clock.h"
#include "store/options.h"

namespace atestore {
namespace {

constexpr int kExitFailure = 1;
constexpr absl::Duration kHealthInterval = absl::Seconds(2);
constexpr absl::Duration kHealthPatience = absl::Seconds(3);
// Between two calls of this process to itself, and how long the port may go without an answer
// before it counts as dead: a moment of too much work is no reason to restart.
constexpr absl::Duration kProbeInterval = absl::Seconds(1);
constexpr absl::Duration kProbePatience = absl::Seconds(3);
constexpr absl::Duration kPortSilenceMax = absl::Seconds(15);
// Between two attempts to reach the store at the start.
constexpr absl::Duration kStartPause = absl::Milliseconds(200);
// For the last spans, when the process ends.
constexpr absl::Duration kTraceFlushMax = absl::Seconds(2);

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

// Of messages that cannot be parsed. Their calls fail with an error of their own.
void LogProtobuf(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  LogLine(LogLevel::kDebug, "protobuf").Add("message", message);
}

int CannotStart(const absl::Status& status, std::string_view advice = "") {
  std::string message(ToStd(status.message()));
  if (!advice.empty()) absl::StrAppend(&message, "; ", ToAbsl(advice));
  LogLine(LogLevel::kError, "cannot_start")
      .Add("code", absl::StatusCodeToString(status.code()))
      .Add("message", message);
  return kExitFailure;
}

HttpAnswer ReadinessAnswer(const Readiness& readiness, const std::atomic<bool>& stopping) {
  if (stopping) return {.code = 503, .text = "not ready: shutting down\n"};
  const std::string missing = Printable(readiness.missing());
  if (!readiness.status().ok()) {
    const std::string why = Printable(ToStd(readiness.status().message()));
    return {.code = 503,
            .text = absl::StrCat("not ready: ", missing.empty() ? why : missing, "\n")};
  }
  return {.code = 200,
          .text = missing.empty() ? "ready\n" : absl::StrCat("ready, but ", missing, "\n")};
}

HttpAnswer LivenessAnswer(const PortProbe& probe) {
  const absl::Status status = probe.status();
  if (status.ok()) return {.code = 200, .text = "alive\n"};
  return {.code = 503, .text = absl::StrCat("not alive: ", status.message(), "\n")};
}

void LogServing(const Flags& flags, const Server& server, const HttpEndpoint* http) {
  LogLine line(LogLevel::kInfo, "serving");
  line.Add("address", server.address())
      .Add("tls", flags.grpc_server_cred_bundle.empty() ? "off" : "on")
      .Add("store", flags.redis_cluster_address.empty() ? "embedded" : "cluster");
  if (http != nullptr) line.Add("metrics_address", http->address());
}

// Asks again while nobody answers, for nodes may come up at the same time as this process.
absl::Status WaitForStore(ActorStore& store, absl::Duration patience) {
  const absl::Time deadline = SteadyNow() + patience;
  SystemClock clock;
  std::string told;
  for (;;) {
    const absl::Duration left = deadline - SteadyNow();
    const absl::Status status =
        store.CheckHealth({.deadline = SteadyNow() + left, .cancelled = {}});
    const bool may_come = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
    if (!may_come || SteadyNow() + kStartPause >= deadline) return status;
    if (std::string message(ToStd(status.message())); message != told) {
      LogLine(LogLevel::kDebug, "waiting_for_store").Add("message", message);
      told = std::move(message);
    }
    clock.WaitUntil(SteadyNow() + kStartPause, {});
  }
}

// Everything that looks after a server that serves.
struct Watching {
  Watching(const Flags& flags, ActorStore& store, Server& server, Metrics& metrics,
           const std::atomic<bool>& stopping)
      : readiness(flags.ready_requires_all_shards ? Readiness::Rule::kAllShards
                                                  : Readiness::Rule::kAnyShard,
                  metrics),
        health(
            [this, &store] {
              const NodeBulkhead::Exemption exemption;
              readiness.Learn(
                  store.CheckShards({.deadline = SteadyNow() + kHealthPatience, .cancelled = {}}));
              return readiness.status();
            },
            kHealthInterval,
            [&metrics, &server, &stopping](const absl::Status& status) {
              metrics.SetReady(status.ok() && !stopping);
              server.SetHealthy(status.ok());
              LogLine(status.ok() ? LogLevel::kInfo : LogLevel::kWarning,
                      status.ok() ? "store_ready" : "store_not_ready")
                  .Add("message", ToStd(status.message()));
            }),
        port([&server] { return server.Probe(kProbePatience); }, kProbeInterval, kPortSilenceMax) {}

  Readiness readiness;
  HealthMonitor health;
  PortProbe port;
};

void ServeHttp(HttpEndpoint& http, const Watching& watching, const std::atomic<bool>& stopping,
               Metrics& metrics, NodeBulkhead& nodes) {
  http.Serve({{"/healthz", [&watching] { return LivenessAnswer(watching.port); }},
              {"/readyz",
               [&watching, &stopping] { return ReadinessAnswer(watching.readiness, stopping); }},
              {"/metrics", [&metrics, &nodes] {
                 for (const auto& [node, calls] : nodes.Waiting())
                   metrics.SetNodeWaiting(node, calls);
                 return HttpAnswer{.code = 200, .text = metrics.Text()};
               }}});
}

// Null when nothing is to be traced.
absl::StatusOr<std::unique_ptr<Tracing>> StartTracing(const Flags& flags) {
  if (flags.otlp_endpoint.empty()) return nullptr;
  return Tracing::Start(
      {.endpoint = flags.otlp_endpoint, .sample_ratio = flags.trace_sample_ratio});
}

// Serves until a signal of `stop_signals`.
int Serve(const Flags& flags, const sigset_t& stop_signals) {
  const int64_t descriptors = RaiseDescriptorLimit();
  Metrics metrics;
  NodeBulkhead nodes([&metrics](const std::string& node) { metrics.CountNodeRefusal(node); });
  const absl::StatusOr<std::unique_ptr<Tracing>> tracing = StartTracing(flags);
  if (!tracing.ok()) return CannotStart(AtFlag("--otlp-endpoint", tracing.status()));
  const absl::StatusOr<std::unique_ptr<Authorization>> authorization = Authorization::Start(flags);
  if (!authorization.ok()) return CannotStart(authorization.status());
  const absl::StatusOr<std::unique_ptr<ActorStore>> store = MakeStore(flags, metrics, nodes);
  if (!store.ok()) return CannotStart(store.status());
  const absl::Status first = WaitForStore(**store, absl::FromChrono(flags.startup_timeout));
  if (!first.ok()) return CannotStart(first, StartAdvice(first, flags));

  std::unique_ptr<HttpEndpoint> http;
  if (!flags.metrics_listen_addr.empty()) {
    absl::StatusOr<std::unique_ptr<HttpEndpoint>> listening =
        HttpEndpoint::Listen(flags.metrics_listen_addr);
    if (!listening.ok()) return CannotStart(AtFlag("--metrics-listen-addr", listening.status()));
    http = *std::move(listening);
  }
  const absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
      flags, {.store = **store,
              .metrics = metrics,
              .authorizer = (*authorization)->authorizer(),
              .connections_max = std::min<int64_t>(flags.connections_max, descriptors)});
  if (!server.ok()) return CannotStart(server.status());
  std::atomic<bool> stopping = false;
  auto watching = std::make_unique<Watching>(flags, **store, **server, metrics, stopping);
  if (http != nullptr) ServeHttp(*http, *watching, stopping, metrics, nodes);
  gpr_set_log_function(LogGrpc);
  (*authorization)->Log(flags);
  LogServing(flags, **server, http.get());

  int signal = 0;
  sigwait(&stop_signals, &signal);
  LogLine(LogLevel::kInfo, "stopping").Add("signal", signal);
  stopping = true;
  metrics.SetReady(false);
  (*server)->Drain(absl::FromChrono(flags.shutdown_grace));
  (*server)->StopListening();
  if (*tracing != nullptr) (*tracing)->Flush(kTraceFlushMax);
  LogEvent(LogLevel::kInfo, "stopped");
  std::quick_exit(0);  // see Server::Drain()
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<ParsedFlags> parsed = ParseFlags(arguments, ReadEnvironment);
  if (!parsed.ok()) {
    std::cerr << "ateapi: " << Printable(ToStd(parsed.status().message())) << "\n";
    return kExitFailure;
  }
  if (parsed->text_to_print) return cli::PrintText("ateapi", *parsed->text_to_print);
  StartLog(parsed->flags.log_level);
  google::protobuf::SetLogHandler(LogProtobuf);
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
  atestore::cli::OccupyStandardDescriptors();
  return atestore::Main(std::vector<std::string>(argv + 1, argv + argc));
}
