// In place of tracing_opentelemetry.cc where the library is missing.
#include "apps/ateapi/tracing/tracing.h"
#include "core/status.h"

namespace atestore {

struct CallSpan::State {};
struct BatchSpan::State {};

absl::StatusOr<std::unique_ptr<Tracing>> Tracing::Start(const TracingOptions&) {
  return absl::UnimplementedError(
      "this ateapi was built without OpenTelemetry (Debian: opentelemetry-cpp-dev)");
}

CallSpan CallSpan::Begin(std::string_view, const std::string&, const Header&) { return {}; }
void CallSpan::End(const absl::Status&) const {}
std::string CallSpan::trace_id() const { return ""; }
CallSpan::Scope::Scope(const CallSpan&) : is_on_(false) {}
CallSpan::Scope::~Scope() = default;
std::function<void()> CallSpan::ForThread() const { return {}; }
CallSpan CallSpan::OfThisThread() { return {}; }

BatchSpan::BatchSpan(const CallSpan&, const Endpoint&, std::string_view, size_t) {}
void BatchSpan::NoteError(std::string_view) {}
void BatchSpan::End(const absl::Status&) {}

}  // namespace atestore
