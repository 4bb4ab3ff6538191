// The names of attributes: OpenTelemetry's semantic conventions for RPC and for database clients.
#include <opentelemetry/exporters/otlp/otlp_http_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_http_exporter_options.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/batch_span_processor_factory.h>
#include <opentelemetry/sdk/trace/batch_span_processor_options.h>
#include <opentelemetry/sdk/trace/processor.h>
#include <opentelemetry/sdk/trace/samplers/parent_factory.h>
#include <opentelemetry/sdk/trace/samplers/trace_id_ratio_factory.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/sdk/trace/tracer_provider_factory.h>
#include <opentelemetry/semconv/client_attributes.h>
#include <opentelemetry/semconv/error_attributes.h>
#include <opentelemetry/semconv/incubating/db_attributes.h>
#include <opentelemetry/semconv/incubating/rpc_attributes.h>
#include <opentelemetry/semconv/schema_url.h>
#include <opentelemetry/semconv/server_attributes.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/propagation/http_trace_context.h>
#include <opentelemetry/trace/tracer.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "apps/ateapi/log.h"
#include "apps/ateapi/rate_limit.h"
#include "apps/ateapi/tracing/tracing.h"
#include "core/status.h"

namespace atestore {
namespace {

namespace otel = opentelemetry;
namespace conventions = opentelemetry::semconv;
namespace sdk = opentelemetry::sdk;

using Span = otel::nostd::shared_ptr<otel::trace::Span>;
using Tracer = otel::nostd::shared_ptr<otel::trace::Tracer>;

constexpr char kScope[] = "atestore";
// A collector that is away says so in each batch.
constexpr int kLogLinesPerSecond = 1;

otel::nostd::string_view ToOtel(std::string_view text) { return {text.data(), text.size()}; }
std::string_view FromOtel(otel::nostd::string_view text) { return {text.data(), text.size()}; }

// What spans are made with; null while nothing is traced.
class CurrentTracer {
 public:
  static CurrentTracer& Get() {
    static CurrentTracer& current = *new CurrentTracer;
    return current;
  }
  void Set(Tracer tracer) {
    const std::lock_guard lock(mutex_);
    tracer_ = std::move(tracer);
    is_on_ = tracer_ != nullptr;
  }
  Tracer tracer() {
    if (!is_on_) return {};
    const std::lock_guard lock(mutex_);
    return tracer_;
  }

 private:
  std::atomic<bool> is_on_{false};
  std::mutex mutex_;
  Tracer tracer_;
};

class Headers final : public otel::context::propagation::TextMapCarrier {
 public:
  explicit Headers(const CallSpan::Header& header) : header_(header) {}
  otel::nostd::string_view Get(otel::nostd::string_view name) const noexcept override {
    return ToOtel(header_(FromOtel(name)));
  }
  void Set(otel::nostd::string_view, otel::nostd::string_view) noexcept override {}

 private:
  const CallSpan::Header& header_;
};

class LogToLog final : public sdk::common::internal_log::LogHandler {
 public:
  void Handle(sdk::common::internal_log::LogLevel, const char*, int, const char* message,
              const sdk::common::AttributeMap&) noexcept override {
    if (message == nullptr || !limit_.Allows()) return;
    LogLine(LogLevel::kWarning, "tracing").Add("message", message);
  }

 private:
  RateLimit limit_{kLogLinesPerSecond};
};

class ExportedTracing final : public Tracing {
 public:
  explicit ExportedTracing(const TracingOptions& options) {
    sdk::common::internal_log::GlobalLogHandler::SetLogHandler(
        otel::nostd::shared_ptr<sdk::common::internal_log::LogHandler>(new LogToLog));
    otel::exporter::otlp::OtlpHttpExporterOptions exporter;
    exporter.url = options.endpoint;
    provider_ = sdk::trace::TracerProviderFactory::Create(
        sdk::trace::BatchSpanProcessorFactory::Create(
            otel::exporter::otlp::OtlpHttpExporterFactory::Create(exporter),
            sdk::trace::BatchSpanProcessorOptions()),
        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES of the environment go before these.
        sdk::resource::Resource::Create(
            {{"service.name", "ateapi"}, {"service.version", ATESTORE_VERSION}},
            conventions::kSchemaUrl),
        sdk::trace::ParentBasedSamplerFactory::Create(
            sdk::trace::TraceIdRatioBasedSamplerFactory::Create(options.sample_ratio)));
    CurrentTracer::Get().Set(
        provider_->GetTracer(kScope, ATESTORE_VERSION, conventions::kSchemaUrl));
  }
  ~ExportedTracing() override { CurrentTracer::Get().Set({}); }

  void Flush(absl::Duration patience) override {
    provider_->ForceFlush(absl::ToChronoMicroseconds(patience));
  }

 private:
  std::unique_ptr<sdk::trace::TracerProvider> provider_;
};

void Fail(otel::trace::Span& span, const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  span.SetAttribute(conventions::error::kErrorType, code);
  span.SetStatus(otel::trace::StatusCode::kError, std::string(status.message()));
}

// By the conventions for RPC, what is the caller's own fault is no error of a server.
bool IsServersFault(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

// "ipv4:127.0.0.1:1234" → "127.0.0.1", "1234"
void AddClient(otel::trace::Span& span, std::string_view peer) {
  const size_t kind = peer.find(':');
  const size_t port = peer.rfind(':');
  if (!peer.starts_with("ip") || port == kind) return;
  const std::string_view address = peer.substr(kind + 1, port - kind - 1);
  span.SetAttribute(conventions::client::kClientAddress, ToOtel(address));
}

}  // namespace

struct CallSpan::State {
  Span span;
  Tracer tracer;
};

struct BatchSpan::State {
  Span span;
};

absl::StatusOr<std::unique_ptr<Tracing>> Tracing::Start(const TracingOptions& options) {
  return std::make_unique<ExportedTracing>(options);
}

CallSpan CallSpan::Begin(std::string_view path, const std::string& peer, const Header& header) {
  const Tracer tracer = CurrentTracer::Get().tracer();
  if (tracer == nullptr) return {};
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string name(path);
  otel::trace::StartSpanOptions options;
  options.kind = otel::trace::SpanKind::kServer;
  otel::context::Context root;
  options.parent = otel::trace::propagation::HttpTraceContext().Extract(Headers(header), root);
  Span span = tracer->StartSpan(name, options);
  if (!span->IsRecording()) return {};
  const size_t slash = name.find('/');
  span->SetAttribute(conventions::rpc::kRpcSystem, conventions::rpc::RpcSystemValues::kGrpc);
  span->SetAttribute(conventions::rpc::kRpcService, name.substr(0, slash));
  if (slash != std::string::npos) {
    span->SetAttribute(conventions::rpc::kRpcMethod, name.substr(slash + 1));
  }
  AddClient(*span, peer);
  return CallSpan(std::make_shared<State>(State{std::move(span), tracer}));
}

void CallSpan::End(const absl::Status& status) const {
  if (state_ == nullptr) return;
  otel::trace::Span& span = *state_->span;
  span.SetAttribute(conventions::rpc::kRpcGrpcStatusCode, static_cast<int>(status.code()));
  if (IsServersFault(status)) Fail(span, status);
  span.End();
}

std::string CallSpan::trace_id() const {
  if (state_ == nullptr) return "";
  char digits[2 * otel::trace::TraceId::kSize];
  state_->span->GetContext().trace_id().ToLowerBase16(digits);
  return {digits, sizeof digits};
}

std::shared_ptr<CallSpan::State>& CallSpan::ThreadState() {
  thread_local std::shared_ptr<State> state;
  return state;
}

CallSpan::Scope::Scope(const CallSpan& span) : is_on_(span.is_recorded()) {
  if (is_on_) previous_ = std::exchange(ThreadState(), span.state_);
}

CallSpan::Scope::~Scope() {
  if (is_on_) ThreadState() = std::move(previous_);
}

std::function<void()> CallSpan::ForThread() const {
  if (state_ == nullptr) return {};
  return [state = state_] { ThreadState() = state; };
}

CallSpan CallSpan::OfThisThread() { return CallSpan(ThreadState()); }

BatchSpan::BatchSpan(const CallSpan& call, const Endpoint& node, std::string_view operation,
                     size_t commands) {
  if (call.state_ == nullptr) return;
  otel::trace::StartSpanOptions options;
  options.kind = otel::trace::SpanKind::kClient;
  options.parent = call.state_->span->GetContext();
  Span span = call.state_->tracer->StartSpan(ToOtel(operation), options);
  // Stable since the conventions' version 1.33, which this library is older than.
  span->SetAttribute("db.system.name", conventions::db::DbSystemValues::kRedis);
  span->SetAttribute(conventions::db::kDbOperationName, ToOtel(operation));
  if (commands > 1) {
    span->SetAttribute(conventions::db::kDbOperationBatchSize, static_cast<int64_t>(commands));
  }
  span->SetAttribute(conventions::server::kServerAddress, node.host);
  span->SetAttribute(conventions::server::kServerPort, static_cast<int64_t>(node.port));
  state_ = std::make_shared<State>(State{std::move(span)});
}

void BatchSpan::NoteError(std::string_view prefix) {
  if (state_ == nullptr) return;
  state_->span->SetAttribute(conventions::db::kDbResponseStatusCode, ToOtel(prefix));
}

void BatchSpan::End(const absl::Status& status) {
  if (state_ == nullptr) return;
  if (!status.ok()) Fail(*state_->span, status);
  state_->span->End();
}

}  // namespace atestore
