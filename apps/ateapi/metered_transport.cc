#include "apps/ateapi/metered_transport.h"

#include <string>
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
  // `outer_end`: how many requests the next observer has seen already.
  MeteringObserver(size_t outer_end, ReplyObserver& next, Metrics& metrics, NodeBulkhead& nodes)
      : outer_end_(outer_end), next_(next), metrics_(metrics), nodes_(nodes) {}

  // What is sent has the number `outer` for the next observer. It was admitted by the bulkhead.
  void Note(const ShardRequest& request, size_t outer) {
    requests_.push_back({.node = ToString(request.endpoint),
                         .outer = outer,
                         .commands = request.pipeline.size(),
                         .ends_in_exec = EndsInExec(request.pipeline),
                         .start = absl::Now()});
  }

  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    const Request& asked = requests_[request];
    if (reply.is_error()) metrics_.CountErrorReply(ErrorKind(reply.text()));
    if (command + 1 == asked.commands) {
      if (asked.ends_in_exec) names_ += NamesIn(reply);
      Count(asked);
      nodes_.Leave(asked.node, true);
    }
    next_.OnReply(asked.outer, command, reply);
  }

  void OnFailure(size_t request, const absl::Status& status) override {
    const Request& asked = requests_[request];
    metrics_.CountTransportFailure(absl::StatusCodeToString(status.code()));
    Count(asked);
    nodes_.Leave(asked.node, false);
    if (failed_node_.empty()) failed_node_ = asked.node;
    next_.OnFailure(asked.outer, status);
  }

  std::vector<ShardRequest> More() override {
    std::vector<ShardRequest> more = next_.More();
    for (const ShardRequest& request : more) {
      Note(request, outer_end_++);
      nodes_.Join(requests_.back().node);
    }
    return more;
  }

  bool Abandon() override { return next_.Abandon(); }

  int64_t names() const { return names_; }
  // Empty when nothing failed.
  const std::string& failed_node() const { return failed_node_; }

 private:
  struct Request {
    std::string node;
    size_t outer;
    size_t commands;
    bool ends_in_exec;
    absl::Time start;
  };

  void Count(const Request& request) {
    metrics_.CountRoundTrip(request.node, static_cast<int64_t>(request.commands),
                            absl::Now() - request.start);
  }

  std::vector<Request> requests_;
  size_t outer_end_;
  ReplyObserver& next_;
  Metrics& metrics_;
  NodeBulkhead& nodes_;
  int64_t names_ = 0;
  std::string failed_node_;
};

}  // namespace

void MeteredTransport::Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                               ReplyObserver& observer) {
  MeteringObserver metering(requests.size(), observer, metrics_, nodes_);
  std::vector<ShardRequest> some;  // of them, when others are refused
  bool refused = false;
  for (size_t i = 0; i < requests.size(); ++i) {
    const absl::Status status = nodes_.Enter(ToString(requests[i].endpoint));
    if (!status.ok() && !refused) {
      refused = true;
      some.assign(requests.begin(), requests.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (!status.ok()) {
      observer.OnFailure(i, status);
      continue;
    }
    if (refused) some.push_back(requests[i]);
    metering.Note(requests[i], i);
  }
  if (refused && some.empty()) return;
  transport_->Execute(refused ? some : requests, deadline, metering);
  if (metering.names() > 0) metrics_.CountNames(metering.names());
  if (metering.failed_node().empty()) {
    nodes_.Resume();
  } else {
    nodes_.Pause(metering.failed_node());
  }
}

std::unique_ptr<ShardTransport> MeteredTransport::Exclusive() {
  return std::make_unique<MeteredTransport>(transport_->Exclusive(), metrics_, nodes_);
}

}  // namespace atestore
