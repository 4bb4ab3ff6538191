#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "core/shard_request.h"

namespace atestore {

// Whom replies are for, where several owners send requests through one numbering. An Owner has
//   size_t sent = 0;          // requests of its round
//   size_t in_flight = 0;  // of those, without an end
template <typename Owner>
class RequestRoutes {
 public:
  struct Target {
    Owner* owner;    // null: nobody any more
    size_t request;  // as the owner counts
  };

  size_t size() const { return routes_.size(); }
  void Clear() { routes_.clear(); }
  // `requests` of the owner get the next numbers, and go to the end of `all`.
  void Add(Owner* owner, std::vector<ShardRequest> requests, std::vector<ShardRequest>* all) {
    for (const ShardRequest& request : requests) {
      routes_.push_back({{owner, owner->sent++}, request.pipeline.size()});
    }
    owner->in_flight += requests.size();
    std::move(requests.begin(), requests.end(), std::back_inserter(*all));
  }
  // The owner gets no more replies.
  void Forget(const Owner* owner) {
    for (Route& route : routes_) {
      if (route.target.owner == owner) route.target.owner = nullptr;
    }
  }
  // Whom the next reply to `request` is for.
  Target OnReply(size_t request) {
    Route& route = routes_[request];
    if (--route.replies_left == 0) End(route);
    return route.target;
  }
  // … and that it fails; no reply comes after it.
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

}  // namespace atestore
