#pragma once

#include <cstddef>
#include <deque>
#include <iterator>
#include <span>
#include <vector>

#include "core/shard_request.h"

namespace atestore::inline v0 {

// The requests of one ShardTransport::Execute(): those that it was called with, then those that its
// observer added. Requests stay where they are.
class RequestQueue {
 public:
  // `first` is used as long as the queue.
  explicit RequestQueue(std::span<const ShardRequest> first) : first_(first) {}

  size_t size() const { return first_.size() + added_.size(); }
  const ShardRequest& operator[](size_t index) const {
    return index < first_.size() ? first_[index] : added_[index - first_.size()];
  }
  void Append(std::vector<ShardRequest> requests) {
    added_.insert(added_.end(), std::make_move_iterator(requests.begin()),
                  std::make_move_iterator(requests.end()));
  }

 private:
  const std::span<const ShardRequest> first_;
  std::deque<ShardRequest> added_;
};

}  // namespace atestore::inline v0
