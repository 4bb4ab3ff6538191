#include "apps/ateapi/node_bulkhead.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/steady_time.h"
#include "store/error_info.h"
#include "store/send_outcome.h"

namespace atestore {
namespace {

// The node at which the call of this thread failed last, if it pauses; and whether it has one of
// the places among those that may wait for a silent node.
struct Pausing {
  NodeBulkhead* bulkhead = nullptr;
  std::string node;
  bool may_stay = false;

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

NodeBulkhead::Exemption::Exemption() { t_exempt = true; }
NodeBulkhead::Exemption::~Exemption() { t_exempt = false; }

absl::Status NodeBulkhead::Enter(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Node& node = nodes_[name];
  const absl::Time now = SteadyNow();
  const bool returns = t_pausing.bulkhead == this && t_pausing.node == name;
  const int64_t others = node.sent + node.pausing - (returns ? 1 : 0);
  const absl::Duration silence = now - node.silent_since;
  const bool full = IsFull(kSlowNode, silence, others) || IsFull(kSilentNode, silence, others);
  if (full && !t_exempt && !(returns && t_pausing.may_stay)) {
    on_refused_(name);
    return MarkNotSent(
        WithErrorInfo(absl::ResourceExhaustedError(absl::StrCat(
                          "node ", name, " has not answered for ",
                          absl::FormatDuration(absl::Trunc(silence, absl::Milliseconds(1))),
                          ", and ", others, " calls wait for it; try again")),
                      {.reason = "NODE_NOT_ANSWERING"}));
  }
  ++node.sent;
  node.silent_since = std::min(node.silent_since, now);
  return absl::OkStatus();
}

void NodeBulkhead::Join(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Node& node = nodes_[name];
  ++node.sent;
  node.silent_since = std::min(node.silent_since, SteadyNow());
}

void NodeBulkhead::Leave(const std::string& name, bool answered) {
  const std::lock_guard lock(mutex_);
  Node& node = nodes_[name];
  --node.sent;
  if (answered) node.silent_since = node.sent > 0 ? SteadyNow() : absl::InfiniteFuture();
}

void NodeBulkhead::Pause(const std::string& name) {
  if (t_pausing.bulkhead == this && t_pausing.node == name) return;
  Resume();
  const std::lock_guard lock(mutex_);
  Node& node = nodes_[name];
  ++node.pausing;
  t_pausing.bulkhead = this;
  t_pausing.node = name;
  t_pausing.may_stay = node.pausing <= kSilentNode.waiting_max;
}

void NodeBulkhead::Resume() {
  if (t_pausing.bulkhead != this) return;
  t_pausing.bulkhead = nullptr;
  const std::lock_guard lock(mutex_);
  --nodes_[t_pausing.node].pausing;
}

void NodeBulkhead::EndCall() {
  if (t_pausing.bulkhead != nullptr) t_pausing.bulkhead->Resume();
}

std::map<std::string, int64_t> NodeBulkhead::Waiting() {
  std::map<std::string, int64_t> waiting;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, node] : nodes_) waiting[name] = node.sent + node.pausing;
  return waiting;
}

}  // namespace atestore
