#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/topology.h"

namespace atestore {

struct TracingOptions {
  std::string endpoint;     // of OTLP over HTTP: "http://collector:4318/v1/traces"
  double sample_ratio = 1;  // of the traces that begin here, 0 to 1
};

// Exports spans while it lives. One at a time in a process; the spans of calls may outlive it.
class Tracing {
 public:
  virtual ~Tracing() = default;
  // UNIMPLEMENTED when this build is without OpenTelemetry. Nothing is sent before the first span,
  // and a collector that does not answer is told in the log.
  static absl::StatusOr<std::unique_ptr<Tracing>> Start(const TracingOptions& options);
  // Sends what has not been sent, for `patience` at most.
  virtual void Flush(absl::Duration patience) = 0;
};

// The span of one call (kind SERVER), by OpenTelemetry's conventions for RPC. Copies are one span.
// Thread-safe. Without Tracing, and of a call that is not sampled, it records nothing and costs
// nothing.
class CallSpan {
 public:
  // The value of a request header, empty when there is none.
  using Header = std::function<std::string_view(std::string_view name)>;

  CallSpan() = default;  // records nothing
  // `path`: "/ateapi.Control/ListActors". `peer`: as gRPC writes it. A parent is taken over from
  // the header traceparent (W3C Trace Context).
  static CallSpan Begin(std::string_view path, const std::string& peer, const Header& header);

  // With what the caller is told.
  void End(const absl::Status& status) const;
  bool is_recorded() const { return state_ != nullptr; }
  // 32 hexadecimal digits; empty when nothing is recorded.
  std::string trace_id() const;

  struct State;  // of OpenTelemetry
  // While it lives, what this thread sends to nodes belongs to the call.
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
  // To be called by a thread that works for this call only; empty when nothing is recorded.
  std::function<void()> ForThread() const;
  // Of the call that this thread works for.
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
