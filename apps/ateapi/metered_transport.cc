#include "apps/ateapi/metered_transport.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
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

// The nodes of one round trip, each entered once, with how many of its requests are under way.
class NodesAsked {
 public:
  explicit NodesAsked(NodeBulkhead& bulkhead) : bulkhead_(bulkhead) {}

  struct Asked {
    Endpoint endpoint;
    NodeBulkhead::Node* node;
    std::string name;
    absl::Status admission = absl::OkStatus();
    int64_t open = 0;  // requests
  };

  // May be refused; later requests to a node follow the first.
  Asked& Ask(const Endpoint& endpoint) {
    Asked& asked = Find(endpoint);
    if (asked.open == 0 && asked.admission.ok()) asked.admission = bulkhead_.Enter(*asked.node);
    if (asked.admission.ok()) ++asked.open;
    return asked;
  }
  // Enters further requests of an admitted round trip.
  Asked& AskMore(const Endpoint& endpoint) {
    Asked& asked = Find(endpoint);
    if (asked.open++ == 0) bulkhead_.Join(*asked.node);
    return asked;
  }
  void Ended(Asked& asked) {
    if (--asked.open == 0) bulkhead_.Leave(*asked.node);
  }

 private:
  Asked& Find(const Endpoint& endpoint) {
    for (Asked& asked : asked_) {
      if (asked.endpoint == endpoint) return asked;
    }
    std::string name = ToString(endpoint);
    NodeBulkhead::Node& node = bulkhead_.Find(name);
    return asked_.emplace_back(Asked{.endpoint = endpoint, .node = &node, .name = std::move(name)});
  }

  NodeBulkhead& bulkhead_;
  std::deque<Asked> asked_;  // few; its elements stay where they are
};

class MeteringObserver final : public ReplyObserver {
 public:
  // `outer_end`: how many requests the next observer has seen already.
  MeteringObserver(size_t outer_end, ReplyObserver& next, Metrics& metrics, NodesAsked& nodes)
      : outer_end_(outer_end), next_(next), metrics_(metrics), nodes_(nodes) {}

  // What is sent has the number `outer` for the next observer.
  void Note(const ShardRequest& request, NodesAsked::Asked& asked, size_t outer) {
    requests_.push_back({.asked = &asked,
                         .outer = outer,
                         .commands = request.pipeline.size(),
                         .ends_in_exec = EndsInExec(request.pipeline),
                         .start = absl::Now()});
  }

  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    const Request& sent = requests_[request];
    NodeBulkhead::Heard(*sent.asked->node);
    if (reply.is_error()) metrics_.CountErrorReply(ErrorKind(reply.text()));
    if (command + 1 == sent.commands) {
      if (sent.ends_in_exec) names_ += NamesIn(reply);
      CountEnd(sent);
    }
    next_.OnReply(sent.outer, command, reply);
  }

  void OnFailure(size_t request, const absl::Status& status) override {
    const Request& sent = requests_[request];
    metrics_.CountTransportFailure(absl::StatusCodeToString(status.code()));
    CountEnd(sent);
    if (failed_node_ == nullptr) failed_node_ = sent.asked->node;
    next_.OnFailure(sent.outer, status);
  }

  std::vector<ShardRequest> More() override {
    std::vector<ShardRequest> more = next_.More();
    for (const ShardRequest& request : more) {
      Note(request, nodes_.AskMore(request.endpoint), outer_end_++);
    }
    return more;
  }

  bool Abandon() override { return next_.Abandon(); }

  int64_t names() const { return names_; }
  // Null when nothing failed.
  NodeBulkhead::Node* failed_node() const { return failed_node_; }

 private:
  struct Request {
    NodesAsked::Asked* asked;
    size_t outer;
    size_t commands;
    bool ends_in_exec;
    absl::Time start;
  };

  void CountEnd(const Request& sent) {
    metrics_.CountRoundTrip(sent.asked->name, static_cast<int64_t>(sent.commands),
                            absl::Now() - sent.start);
    nodes_.Ended(*sent.asked);
  }

  std::vector<Request> requests_;
  size_t outer_end_;
  ReplyObserver& next_;
  Metrics& metrics_;
  NodesAsked& nodes_;
  int64_t names_ = 0;
  NodeBulkhead::Node* failed_node_ = nullptr;
};

}  // namespace

void MeteredTransport::Execute(std::span<const ShardRequest> requests, absl::Time deadline,
                               ReplyObserver& observer) {
  NodesAsked nodes(nodes_);
  MeteringObserver metering(requests.size(), observer, metrics_, nodes);
  std::vector<ShardRequest> some;  // of them, when others are refused
  bool refused = false;
  for (size_t i = 0; i < requests.size(); ++i) {
    NodesAsked::Asked& asked = nodes.Ask(requests[i].endpoint);
    if (asked.admission.ok()) {
      if (refused) some.push_back(requests[i]);
      metering.Note(requests[i], asked, i);
      continue;
    }
    if (!refused) some.assign(requests.begin(), requests.begin() + static_cast<ptrdiff_t>(i));
    refused = true;
    observer.OnFailure(i, asked.admission);
  }
  if (refused && some.empty()) return;
  transport_->Execute(refused ? some : requests, deadline, metering);
  if (metering.names() > 0) metrics_.CountNames(metering.names());
  if (metering.failed_node() == nullptr) {
    nodes_.Resume();
  } else {
    nodes_.Pause(*metering.failed_node());
  }
}

std::unique_ptr<ShardTransport> MeteredTransport::Exclusive() {
  return std::make_unique<MeteredTransport>(transport_->Exclusive(), metrics_, nodes_);
}

}  // namespace atestore
