#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "store/shard_transport.h"

namespace atestore::inline v0 {

// What all readers and counts of a store together ask of one node at a time: so many requests, of
// at most 256 values or about 1,500 keys each. More width is work for more nodes, not more work
// for one.
inline constexpr size_t kBulkRequestsPerNodeMax = 16;

// Carries requests on to another transport, at most so many to a node at a time, no matter which
// call sends them. The others wait in the order in which they came, within their deadline; those
// that it ends fail with DEADLINE_EXCEEDED, marked as not sent. Thread-safe.
class BoundedTransport final : public ShardTransport {
 public:
  // `inner` must outlive it; `requests_per_node_max` is at least 1.
  BoundedTransport(ShardTransport& inner, size_t requests_per_node_max)
      : inner_(inner), requests_per_node_max_(requests_per_node_max) {}
  ~BoundedTransport() override;

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  // Not bounded.
  std::unique_ptr<ShardTransport> Exclusive() override { return inner_.Exclusive(); }

 private:
  class Round;
  struct Node {
    size_t in_flight = 0;
    std::deque<Round*> line;  // rounds that wait because of this node
  };

  Node& Find(const Endpoint& endpoint);

  ShardTransport& inner_;
  const size_t requests_per_node_max_;
  std::mutex mutex_;                // guards what follows
  std::map<Endpoint, Node> nodes_;  // never removed
};

}  // namespace atestore::inline v0
