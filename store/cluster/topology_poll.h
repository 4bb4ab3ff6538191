#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/topology.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// A view of the cluster, and how far the node that gave it may be believed.
struct TopologyAnswer {
  Endpoint asked;
  Topology topology;
  bool cluster_ok = false;  // ClusterIsOk() of its CLUSTER INFO
  bool is_replica = false;  // in its own view: it hears of changes later
  uint64_t epoch = 0;       // the greatest that the node has heard of

  bool IsBetterThan(const TopologyAnswer& other) const;
  // Nothing better can come.
  bool is_best() const {
    return cluster_ok && !is_replica && topology.covered_slots() == kSlotCount;
  }
};

// Asks some nodes at once who owns the slots, and stops with the first answer that no other one can
// better. Feed it to ShardTransport::Execute() with requests().
class TopologyPoll final : public ReplyObserver {
 public:
  // `known`: the view so far; answers of another cluster are refused. May be nullptr; must outlive
  // this.
  TopologyPoll(std::span<const Endpoint> nodes, const Topology* known);

  const std::vector<ShardRequest>& requests() const { return requests_; }
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;
  bool Abandon() override { return best_ && best_->is_best(); }

  // The best answer; nullopt: none.
  const std::optional<TopologyAnswer>& best() const { return best_; }
  // The most telling reason why a node gave no answer; OK when all did.
  const absl::Status& failure() const { return failure_; }
  // The nodes that answered for another cluster.
  const std::vector<Endpoint>& foreign() const { return foreign_; }

 private:
  void Judge(size_t request, const ReplyView& nodes);
  void NoteFailure(const absl::Status& status);

  const Topology* const known_;
  std::vector<ShardRequest> requests_;
  std::vector<std::optional<TopologyAnswer>> answers_;  // by request; incomplete ones
  std::optional<TopologyAnswer> best_;
  absl::Status failure_;
  std::vector<Endpoint> foreign_;
};

}  // namespace atestore::inline v0
