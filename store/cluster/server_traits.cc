#include "store/cluster/server_traits.h"

#include <algorithm>
#include <vector>

#include "core/server_version.h"

namespace atestore::inline v0 {
namespace {

// Collects the replies to INFO server and DBSIZE of each primary.
class TraitsObserver final : public ReplyObserver {
 public:
  TraitsObserver(Clock& clock, size_t nodes)
      : clock_(clock),
        give_up_(clock.Now() + kTraitsPatience),
        per_slot_tables_(nodes, false),
        answered_(nodes, false) {}

  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    if (command == 0 && reply.is_string()) {
      per_slot_tables_[request] = HasPerSlotTables(reply.text());
      answered_[request] = true;
    } else if (command == 1) {
      keys_ += static_cast<double>(reply.integer());
    }
  }
  void OnFailure(size_t, const absl::Status&) override {}
  bool Abandon() override { return clock_.Now() >= give_up_; }

  size_t answered() const { return std::count(answered_.begin(), answered_.end(), true); }
  // Of all that answered.
  bool per_slot_tables() const { return answered() > 0 && answered_ == per_slot_tables_; }
  // Of the nodes that answered.
  double keys() const { return keys_; }

 private:
  Clock& clock_;
  const absl::Time give_up_;
  std::vector<bool> per_slot_tables_;
  std::vector<bool> answered_;
  double keys_ = 0;
};

}  // namespace

ServerTraits ServerTraitsCache::Get(const std::shared_ptr<const Topology>& topology,
                                    const std::string& pattern, absl::Time deadline) {
  std::optional<ServerTraits> known = Known(topology);
  ServerTraits traits = known ? *known : Ask(topology, deadline);
  std::lock_guard lock(mutex_);
  traits.hints.record_bytes = traits_.hints.record_bytes;
  traits.hints.value_bytes = traits_.hints.value_bytes;
  auto ratio = wanted_ratios_.find(pattern);
  if (ratio != wanted_ratios_.end()) traits.hints.wanted_ratio = ratio->second;
  return traits;
}

std::optional<ServerTraits> ServerTraitsCache::Known(
    const std::shared_ptr<const Topology>& topology) {
  std::lock_guard lock(mutex_);
  if (topology_ == nullptr) return std::nullopt;
  if (topology_ != topology) {
    // A refresh that found the same cluster is no reason to ask, least of all a shard that hangs.
    if (*topology_ != *topology) return std::nullopt;
    topology_ = topology;
  }
  return traits_;
}

ServerTraits ServerTraitsCache::Ask(const std::shared_ptr<const Topology>& topology,
                                    absl::Time deadline) {
  std::vector<ShardRequest> requests;
  for (const ClusterNode& primary : topology->primaries()) {
    ShardRequest& request =
        requests.emplace_back(ShardRequest{.endpoint = primary.endpoint, .node_id = primary.id});
    request.pipeline.Add({"INFO", "server"});
    request.pipeline.Add({"DBSIZE"});
  }
  TraitsObserver observer(clock_, requests.size());
  transport_.Execute(requests, deadline, observer);
  ServerTraits traits{.per_slot_tables = observer.per_slot_tables()};
  if (observer.answered() == 0) return traits;
  const double slots_of_answered = static_cast<double>(topology->covered_slots()) *
                                   static_cast<double>(observer.answered()) /
                                   static_cast<double>(requests.size());
  traits.hints.keys_per_slot = observer.keys() / std::max(slots_of_answered, 1.0);
  std::lock_guard lock(mutex_);
  topology_ = topology;
  traits_.per_slot_tables = traits.per_slot_tables;
  traits_.hints.keys_per_slot = traits.hints.keys_per_slot;
  return traits;
}

void ServerTraitsCache::Learn(const std::shared_ptr<const Topology>& topology,
                              const std::string& pattern, const ServerTraits& learnt,
                              bool whole_records) {
  std::lock_guard lock(mutex_);
  if (wanted_ratios_.size() == kWantedRatiosMax && !wanted_ratios_.contains(pattern)) {
    wanted_ratios_.clear();
  }
  wanted_ratios_[pattern] = learnt.hints.wanted_ratio;
  if (topology_ != topology) return;
  traits_.per_slot_tables = traits_.per_slot_tables && learnt.per_slot_tables;
  traits_.hints.keys_per_slot = learnt.hints.keys_per_slot;
  if (whole_records) traits_.hints.record_bytes = learnt.hints.record_bytes;
  traits_.hints.value_bytes = learnt.hints.value_bytes;
}

}  // namespace atestore::inline v0
