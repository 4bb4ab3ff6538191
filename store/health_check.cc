#include "store/health_check.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore {
namespace {

// Keeps the first refusal.
class RefusalObserver final : public ReplyObserver {
 public:
  explicit RefusalObserver(const std::vector<ShardRequest>& requests) : requests_(requests) {}

  void OnReply(size_t request, size_t, const ReplyView& reply) override {
    if (!reply.is_error() || !status_.ok()) return;
    const Endpoint& endpoint = requests_[request].endpoint;
    ServerError error = ParseServerError(reply.text(), endpoint);
    // While a slot migrates its probe is sent on: nothing is wrong with that.
    if (error.kind == ServerErrorKind::kAsk) return;
    status_ = ExplainServerError(error, endpoint);
  }
  void OnFailure(size_t, const absl::Status& status) override {
    if (status_.ok()) status_ = status;
  }
  const absl::Status& status() const { return status_; }

 private:
  const std::vector<ShardRequest>& requests_;
  absl::Status status_;
};

// A slot of each primary, to address its keyed commands.
std::vector<std::pair<const ClusterNode*, Slot>> OneSlotEach(const Topology& topology) {
  std::vector<std::pair<const ClusterNode*, Slot>> slots;
  std::vector<const ClusterNode*> seen;
  for (size_t slot = 0; slot < kSlotCount && seen.size() < topology.primaries().size(); ++slot) {
    const ClusterNode* owner = topology.Owner(static_cast<Slot>(slot));
    if (owner == nullptr || std::find(seen.begin(), seen.end(), owner) != seen.end()) continue;
    seen.push_back(owner);
    slots.emplace_back(owner, static_cast<Slot>(slot));
  }
  return slots;
}

}  // namespace

absl::Status CheckCluster(ClusterClient& client, absl::Time deadline) {
  std::shared_ptr<const Topology> seen = client.topology();
  absl::StatusOr<std::shared_ptr<const Topology>> topology = client.Refresh(seen.get(), deadline);
  if (!topology.ok()) return topology.status();
  if (size_t covered = (*topology)->covered_slots(); covered < kSlotCount) {
    return WithErrorInfo(
        UnavailableError(absl::StrCat(kSlotCount - covered, " of ", kSlotCount,
                                      " slots have no owner; assign them or wait for a failover")),
        {.reason = "SLOTS_WITHOUT_OWNER"});
  }
  std::vector<ShardRequest> requests;
  for (auto [owner, slot] : OneSlotEach(**topology)) {
    ShardRequest& request =
        requests.emplace_back(ShardRequest{.endpoint = owner->endpoint, .node_id = owner->id});
    std::string probe = KeyFilter::AllActors().ProbeKey(slot, 0);
    request.pipeline.Add({"GET", probe});
    request.pipeline.Add({"MGET", probe});
    request.pipeline.Add({"EXISTS", probe});
    request.pipeline.Add({"SCAN", "0", "COUNT", "1"});
    request.pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), "1"});
    request.pipeline.Add({"CLUSTER", "NODES"});
    request.pipeline.Add({"CLUSTER", "MYID"});
    request.pipeline.Add({"CLUSTER", "INFO"});
    request.pipeline.Add({"INFO", "server", "commandstats"});
    request.pipeline.Add({"MULTI"});
    request.pipeline.Add({"EXEC"});
    // Holds for the next command only.
    request.pipeline.Add({"ASKING"});
    request.pipeline.Add({"DBSIZE"});
  }
  RefusalObserver observer(requests);
  client.transport().Execute(requests, deadline, observer);
  return observer.status();
}

}  // namespace atestore
