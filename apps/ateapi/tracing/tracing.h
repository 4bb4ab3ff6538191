#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/endpoint.h"

namespace atestore {

struct TracingOptions {
  std::string endpoint;     // of OTLP over HTTP: "http://collector:4318/v1/traces"
  double sample_ratio = 1;  // share of the traces that begin here, 0 to 1
};

// Exports spans while it lives. A process has at most one; the spans of calls may outlive it.
class Tracing {
 public:
  virtual ~Tracing() = default;
  // UNIMPLEMENTED when this build lacks OpenTelemetry. Sends nothing before the first span. Logs
  // when the collector does not answer.
  static absl::StatusOr<std::unique_ptr<Tracing>> Start(const TracingOptions& options);
  // Sends the remaining spans, for at most `patience`.
  virtual void Flush(absl::Duration patience) = 0;
};

// The span of one call (kind SERVER), by OpenTelemetry's conventions for RPC. Copies share the
// span. Without Tracing, or if the call is not sampled, it records nothing and costs nothing.
// Thread-safe.
class CallSpan {
 public:
  // The value of a request header, empty when there is none.
  using Header = std::function<std::string_view(std::string_view name)>;

  CallSpan() = default;  // records nothing
  // `path`: "/ateapi.Control/ListActors". `peer`: in gRPC's notation. The header traceparent (W3C
  // Trace Context) sets the parent.
  static CallSpan Begin(std::string_view path, const std::string& peer, const Header& header);

  // Ends the span with the status that the caller gets.
  void End(const absl::Status& status) const;
  bool is_recorded() const { return state_ != nullptr; }
  // 32 hexadecimal digits; empty when nothing is recorded.
  std::string trace_id() const;

  struct State;  // of OpenTelemetry
  // While it lives, requests that this thread sends to nodes belong to the call.
  class Scope {
   public:
    explicit Scope(const CallSpan& span);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const bool is_on_;
    std::shared_ptr<State> previous_;
  };
  // Call this on a thread that works only for this call. Empty when nothing is recorded.
  std::function<void()> ForThread() const;
  // The span of the call that this thread works for.
  static CallSpan OfThisThread();

 private:
  friend class BatchSpan;
  explicit CallSpan(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static std::shared_ptr<State>& ThreadState();

  std::shared_ptr<State> state_;
};

// The span of one batch of commands to one node (kind CLIENT), by the conventions for Redis.
class BatchSpan {
 public:
  // `operation`: "GET", "MULTI", "PIPELINE".
  BatchSpan(const CallSpan& call, const Endpoint& node, std::string_view operation,
            size_t commands);
  // The first error reply, by its prefix ("MOVED").
  void NoteError(std::string_view prefix);
  void End(const absl::Status& status);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace atestore
