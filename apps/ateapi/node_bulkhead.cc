#include "apps/ateapi/node_bulkhead.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/error_info.h"
#include "store/shard_transport.h"

namespace atestore {

namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

class NodeBulkhead::Node {
 public:
  explicit Node(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  int64_t waiting() const { return sent + pausing; }
  absl::Duration SilenceAt(SteadyClock::time_point now) const {
    return absl::FromChrono(now - std::max(asked_since, heard.load(std::memory_order_relaxed)));
  }

  std::atomic<SteadyClock::time_point> heard{SteadyClock::time_point::min()};
  // Guarded by the bulkhead's mutex.
  int64_t sent = 0;                       // calls with a round trip in flight
  int64_t pausing = 0;                    // calls between two attempts
  int64_t staying = 0;                    // calls that may keep waiting when the node is silent
  SteadyClock::time_point asked_since{};  // since when a call has been waiting

 private:
  const std::string name_;
};

namespace {

// The node at which the call of this thread failed last, if it pauses; and whether it has one of
// the places among those that may wait for a silent node.
struct Pausing {
  NodeBulkhead* bulkhead = nullptr;
  NodeBulkhead::Node* node = nullptr;
  bool may_stay = false;
  bool counted = false;  // as pausing; else as having sent something

  ~Pausing() {
    if (bulkhead != nullptr) bulkhead->Resume();
  }
};
thread_local Pausing t_pausing;
thread_local bool t_exempt = false;

bool IsFull(const NodePatience& patience, absl::Duration silence, int64_t waiting) {
  return silence >= patience.silence && waiting >= patience.waiting_max;
}

}  // namespace

NodeBulkhead::NodeBulkhead(OnRefused on_refused) : on_refused_(std::move(on_refused)) {}
NodeBulkhead::~NodeBulkhead() = default;

NodeBulkhead::Exemption::Exemption() { t_exempt = true; }
NodeBulkhead::Exemption::~Exemption() { t_exempt = false; }

NodeBulkhead::Node& NodeBulkhead::Find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Node>& node = nodes_[name];
  if (node == nullptr) node = std::make_unique<Node>(name);
  return *node;
}

absl::Status NodeBulkhead::Enter(Node& node) {
  const SteadyClock::time_point now = SteadyClock::now();
  const std::lock_guard lock(mutex_);
  const bool returns = t_pausing.bulkhead == this && t_pausing.node == &node;
  const int64_t others = node.waiting() - (returns && t_pausing.counted ? 1 : 0);
  if (others == 0) node.asked_since = now;
  const absl::Duration silence = node.SilenceAt(now);
  const bool full = IsFull(kSlowNode, silence, others) || IsFull(kSilentNode, silence, others);
  if (full && !t_exempt && !(returns && t_pausing.may_stay)) {
    on_refused_(node.name());
    return MarkNotSent(
        WithErrorInfo(absl::ResourceExhaustedError(absl::StrCat(
                          "node ", node.name(), " has not answered for ",
                          absl::FormatDuration(absl::Trunc(silence, absl::Milliseconds(1))),
                          ", and ", others, " calls wait for it; try again")),
                      {.reason = "NODE_NOT_ANSWERING"}));
  }
  ++node.sent;
  if (returns && std::exchange(t_pausing.counted, false)) --node.pausing;
  return absl::OkStatus();
}

void NodeBulkhead::Join(Node& node) {
  const std::lock_guard lock(mutex_);
  if (node.waiting() == 0) node.asked_since = SteadyClock::now();
  ++node.sent;
}

void NodeBulkhead::Heard(Node& node) {
  node.heard.store(SteadyClock::now(), std::memory_order_relaxed);
}

void NodeBulkhead::Leave(Node& node) {
  const std::lock_guard lock(mutex_);
  --node.sent;
}

void NodeBulkhead::Pause(Node& node) {
  const bool returned = t_pausing.bulkhead == this && t_pausing.node == &node;
  if (!returned) Resume();
  const std::lock_guard lock(mutex_);
  if (returned && t_pausing.counted) return;
  ++node.pausing;
  // The first calls keep their places over further attempts.
  if (!returned) {
    t_pausing.may_stay = node.staying < kSilentNode.waiting_max;
    if (t_pausing.may_stay) ++node.staying;
  }
  t_pausing.bulkhead = this;
  t_pausing.node = &node;
  t_pausing.counted = true;
}

void NodeBulkhead::Resume() {
  if (t_pausing.bulkhead != this) return;
  t_pausing.bulkhead = nullptr;
  const std::lock_guard lock(mutex_);
  if (std::exchange(t_pausing.counted, false)) --t_pausing.node->pausing;
  if (std::exchange(t_pausing.may_stay, false)) --t_pausing.node->staying;
}

void NodeBulkhead::EndCall() {
  if (t_pausing.bulkhead != nullptr) t_pausing.bulkhead->Resume();
}

std::map<std::string, int64_t> NodeBulkhead::Waiting() {
  std::map<std::string, int64_t> waiting;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, node] : nodes_) waiting[name] = node->waiting();
  return waiting;
}

}  // namespace atestore
