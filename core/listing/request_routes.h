#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "core/shard_request.h"

namespace atestore::inline v0 {

// Routes replies to owners when several owners share one numbering of requests. An Owner has
//   size_t sent = 0;       // requests of its round
//   size_t in_flight = 0;  // requests of its round that are not finished
template <typename Owner>
class RequestRoutes {
 public:
  struct Target {
    Owner* owner;    // null: forgotten
    size_t request;  // in the owner's own numbering
  };

  size_t size() const { return routes_.size(); }
  void Clear() { routes_.clear(); }
  // Gives the owner's `requests` the next numbers and appends them to `all`.
  void Add(Owner* owner, std::vector<ShardRequest> requests, std::vector<ShardRequest>* all) {
    for (const ShardRequest& request : requests) {
      routes_.push_back({{owner, owner->sent++}, request.pipeline.size()});
    }
    owner->in_flight += requests.size();
    std::move(requests.begin(), requests.end(), std::back_inserter(*all));
  }
  // Stops routing replies to the owner.
  void Forget(const Owner* owner) {
    for (Route& route : routes_) {
      if (route.target.owner == owner) route.target.owner = nullptr;
    }
  }
  // Counts a reply to `request` and returns its target.
  Target OnReply(size_t request) {
    Route& route = routes_[request];
    if (--route.replies_left == 0) End(route);
    return route.target;
  }
  // Ends `request`, which failed, and returns its target. No further reply may come.
  Target OnFailure(size_t request) {
    End(routes_[request]);
    return routes_[request].target;
  }

 private:
  struct Route {
    Target target;
    size_t replies_left;
  };

  static void End(Route& route) {
    if (route.target.owner != nullptr) --route.target.owner->in_flight;
  }

  std::vector<Route> routes_;
};

}  // namespace atestore::inline v0
