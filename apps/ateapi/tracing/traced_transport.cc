#include "apps/ateapi/tracing/traced_transport.h"

#include <string_view>
#include <utility>
#include <vector>

#include "apps/ateapi/tracing/tracing.h"

namespace atestore {
namespace {

// The name of the first command: "*2\r\n$3\r\nGET\r\n…" → "GET".
std::string_view FirstCommand(std::string_view bytes) {
  for (int line = 0; line < 2; ++line) {
    const size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 2);
  }
  return bytes.substr(0, bytes.find("\r\n"));
}

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find(' ')); }

class TracingObserver final : public ReplyObserver {
 public:
  TracingObserver(CallSpan call, ReplyObserver& next) : call_(std::move(call)), next_(next) {}

  void Begin(const ShardRequest& request) {
    const size_t commands = request.pipeline.size();
    batches_.push_back(
        {BatchSpan(call_, request.endpoint, OperationOf(request.pipeline), commands), commands});
  }

  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    Batch& batch = batches_[request];
    if (reply.is_error() && !batch.has_error) {
      batch.has_error = true;
      batch.span.NoteError(FirstWord(reply.text()));
    }
    if (command + 1 == batch.commands) batch.span.End(absl::OkStatus());
    next_.OnReply(request, command, reply);
  }

  void OnFailure(size_t request, const absl::Status& status) override {
    batches_[request].span.End(status);
    next_.OnFailure(request, status);
  }

  std::vector<ShardRequest> More() override {
    std::vector<ShardRequest> more = next_.More();
    for (const ShardRequest& request : more) Begin(request);
    return more;
  }

  bool Abandon() override { return next_.Abandon(); }

 private:
  struct Batch {
    BatchSpan span;
    size_t commands;
    bool has_error = false;
  };

  const CallSpan call_;
  std::vector<Batch> batches_;
  ReplyObserver& next_;
};

}  // namespace

std::string OperationOf(const Pipeline& pipeline) {
  const std::string_view first = FirstCommand(pipeline.bytes());
  return std::string(pipeline.size() == 1 || first == "MULTI" ? first : "PIPELINE");
}

void TracedTransport::Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                              ReplyObserver& observer) {
  CallSpan call = CallSpan::OfThisThread();
  if (!call.is_recorded()) return transport_->Execute(requests, deadline, observer);
  TracingObserver tracing(std::move(call), observer);
  for (const ShardRequest& request : requests) tracing.Begin(request);
  transport_->Execute(requests, deadline, tracing);
}

std::unique_ptr<ShardTransport> TracedTransport::Exclusive() {
  return std::make_unique<TracedTransport>(transport_->Exclusive());
}

}  // namespace atestore
