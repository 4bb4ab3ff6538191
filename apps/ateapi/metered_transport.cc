#include "apps/ateapi/metered_transport.h"

#include <string_view>
#include <vector>

#include "absl/time/clock.h"

namespace atestore {
namespace {

// The first word of an error reply is upper case by convention; anything else is somebody's prose
// and must not become a label.
std::string_view ErrorKind(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  for (const char c : word) {
    if (c < 'A' || c > 'Z') return "OTHER";
  }
  return word.empty() || word.size() > 20 ? "OTHER" : word;
}

// Listings read names in transactions, and nothing else is read in one.
bool EndsInExec(const Pipeline& pipeline) { return pipeline.bytes().ends_with("\r\nEXEC\r\n"); }

// The names in a reply to EXEC: those of GETKEYSINSLOT are a flat array, those of SCAN the second
// element of two. What else was asked for is no array.
int64_t NamesIn(const ReplyView& results) {
  size_t names = 0;
  if (!results.is_array()) return 0;
  for (const ReplyView& result : results) {
    if (!result.is_array()) continue;
    const bool scan = result.size() == 2 && result[1].is_array();
    names += scan ? result[1].size() : result.size();
  }
  return static_cast<int64_t>(names);
}

class MeteringObserver final : public ReplyObserver {
 public:
  MeteringObserver(std::span<const ShardRequest> requests, ReplyObserver& next, Metrics& metrics)
      : next_(next), metrics_(metrics) {
    Note(requests);
  }

  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    const Request& asked = requests_[request];
    if (reply.is_error()) metrics_.CountErrorReply(ErrorKind(reply.text()));
    if (command + 1 == asked.commands) {
      if (asked.ends_in_exec) names_ += NamesIn(reply);
      CountRequest(asked);
    }
    next_.OnReply(request, command, reply);
  }

  void OnFailure(size_t request, const absl::Status& status) override {
    metrics_.CountTransportFailure(absl::StatusCodeToString(status.code()));
    CountRequest(requests_[request]);
    next_.OnFailure(request, status);
  }

  std::vector<ShardRequest> More() override {
    std::vector<ShardRequest> more = next_.More();
    Note(more);
    return more;
  }

  bool Abandon() override { return next_.Abandon(); }

  int64_t names() const { return names_; }

 private:
  struct Request {
    Endpoint endpoint;
    size_t commands;
    bool ends_in_exec;
    absl::Time start;
  };

  void Note(std::span<const ShardRequest> requests) {
    if (requests.empty()) return;
    const absl::Time now = absl::Now();
    for (const ShardRequest& request : requests) {
      requests_.push_back(
          {request.endpoint, request.pipeline.size(), EndsInExec(request.pipeline), now});
    }
  }

  void CountRequest(const Request& request) {
    metrics_.CountRoundTrip(ToString(request.endpoint), static_cast<int64_t>(request.commands),
                            absl::Now() - request.start);
  }

  std::vector<Request> requests_;
  ReplyObserver& next_;
  Metrics& metrics_;
  int64_t names_ = 0;
};

}  // namespace

void MeteredTransport::Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                               ReplyObserver& observer) {
  MeteringObserver metering(requests, observer, metrics_);
  transport_->Execute(requests, deadline, metering);
  if (metering.names() > 0) metrics_.CountNames(metering.names());
}

std::unique_ptr<ShardTransport> MeteredTransport::Exclusive() {
  return std::make_unique<MeteredTransport>(transport_->Exclusive(), metrics_);
}

}  // namespace atestore
