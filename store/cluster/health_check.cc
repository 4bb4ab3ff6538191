#include "store/cluster/health_check.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "store/actor_store.h"

namespace atestore::inline v0 {
namespace {

// Keeps the first refusal of each request.
class RefusalObserver final : public ReplyObserver {
 public:
  explicit RefusalObserver(const std::vector<ShardRequest>& requests)
      : requests_(requests), answers_(requests.size()) {}

  void OnReply(size_t request, size_t, const ReplyView& reply) override {
    Look(request, reply);
    if (!reply.is_array()) return;
    for (const ReplyView& each : reply) Look(request, each);  // the results of a transaction
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    Keep(answers_[request], status);
  }
  const absl::Status& status(size_t request) const { return answers_[request].status; }

 private:
  struct Answer {
    absl::Status status;
    bool transaction_refused = false;
  };

  static void Keep(Answer& answer, const absl::Status& status) {
    if (answer.status.ok()) answer.status = status;
  }

  void Look(size_t request, const ReplyView& reply) {
    if (!reply.is_error()) return;
    Answer& answer = answers_[request];
    const Endpoint& endpoint = requests_[request].endpoint;
    const ServerError error = ParseServerError(reply.text(), endpoint);
    // While a slot migrates its probe is sent on, and a full Redis 7.0 refuses transactions, where
    // listings go on without them: nothing is wrong with that.
    const bool expected =
        error.kind == ServerErrorKind::kAsk || error.kind == ServerErrorKind::kOutOfMemory;
    if (expected) answer.transaction_refused = true;
    if (answer.transaction_refused && error.kind == ServerErrorKind::kExecAbort) return;
    if (!expected) Keep(answer, ExplainServerError(error, endpoint));
  }

  const std::vector<ShardRequest>& requests_;
  std::vector<Answer> answers_;
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

// Everything that reads and listings send, as they send it.
ShardRequest ProbeOf(const ClusterNode& owner, Slot slot) {
  ShardRequest request{.endpoint = owner.endpoint, .node_id = owner.id};
  const std::string probe = KeyFilter::AllActors().ProbeKey(slot, 0);
  request.pipeline.Add({"GET", probe});
  request.pipeline.Add({"MGET", probe});
  request.pipeline.Add({"PFCOUNT", probe});
  request.pipeline.Add({"CLUSTER", "MYID"});
  request.pipeline.Add({"CLUSTER", "INFO"});
  request.pipeline.Add({"INFO", "server", "commandstats"});
  request.pipeline.Add({"MULTI"});
  request.pipeline.Add({"EXISTS", probe});
  request.pipeline.Add({"CLUSTER", "NODES"});
  request.pipeline.Add({"SCAN", "0", "COUNT", "1"});
  request.pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), "1"});
  request.pipeline.Add({"EXEC"});
  // Holds for the next command only.
  request.pipeline.Add({"ASKING"});
  request.pipeline.Add({"DBSIZE"});
  return request;
}

// Whether it is for an operator to mend, and no node's weakness.
bool IsRefusal(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status) ||
         absl::IsFailedPrecondition(status);
}

// The part of the patience that a refresh of the topology may use up.
constexpr double kRefreshShare = 0.4;

}  // namespace

absl::StatusOr<std::vector<ShardHealth>> CheckShards(ClusterClient& client, absl::Time deadline) {
  const absl::Time now = client.clock().Now();
  const absl::Time refresh_until =
      deadline == absl::InfiniteFuture() ? deadline : now + (deadline - now) * kRefreshShare;
  std::shared_ptr<const Topology> topology = client.topology();
  absl::StatusOr<std::shared_ptr<const Topology>> fresh =
      client.Refresh(topology.get(), topology == nullptr ? deadline : refresh_until);
  if (fresh.ok()) {
    topology = *fresh;
  } else if (topology == nullptr || IsRefusal(fresh.status())) {
    return fresh.status();
  }
  if (topology->covered_slots() < kSlotCount) return SlotsWithoutOwner(*topology);
  std::vector<ShardRequest> requests;
  std::vector<ShardHealth> shards;
  for (const auto& [owner, slot] : OneSlotEach(*topology)) {
    requests.push_back(ProbeOf(*owner, slot));
    shards.push_back({.node = ToString(owner->endpoint), .status = absl::OkStatus()});
  }
  RefusalObserver observer(requests);
  client.transport().Execute(requests, deadline, observer);
  for (size_t i = 0; i < shards.size(); ++i) shards[i].status = observer.status(i);
  return shards;
}

absl::Status CheckCluster(ClusterClient& client, absl::Time deadline) {
  absl::StatusOr<std::vector<ShardHealth>> shards = CheckShards(client, deadline);
  if (!shards.ok()) return shards.status();
  for (const ShardHealth& shard : *shards) {
    if (!shard.status.ok()) return shard.status;
  }
  return absl::OkStatus();
}

}  // namespace atestore::inline v0
