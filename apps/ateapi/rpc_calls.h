#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "apps/ateapi/byte_budget.h"
#include "apps/ateapi/rpc_call.h"

namespace atestore {

// The calls that live, and what they may cost together. Thread-safe.
class RpcCalls {
 public:
  RpcCalls(PeerPatience patience, ByteBudget& unsent) : patience_(patience), unsent_(unsent) {}
  RpcCalls(const RpcCalls&) = delete;
  RpcCalls& operator=(const RpcCalls&) = delete;

  const PeerPatience& patience() const { return patience_; }
  ByteBudget& unsent() { return unsent_; }

  // Told the address of each call's peer; to be set before calls come.
  using OnPeer = std::function<void(const std::string& grpc_peer)>;
  void OnCalls(OnPeer on_begin, OnPeer on_end) {
    on_begin_ = std::move(on_begin);
    on_end_ = std::move(on_end);
  }

  void Add(const std::shared_ptr<RpcCall>& call);
  void Remove(const RpcCall* call);

  // Ends the calls whose peers keep them waiting for too long; and while the answers that nobody
  // takes exceed the budget, those that have waited the longest (but kSlowAfter at least). To be
  // called several times a second.
  void Check();

 private:
  void DropSlowest(std::vector<std::shared_ptr<RpcCall>>& calls, absl::Time now);

  const PeerPatience patience_;
  ByteBudget& unsent_;
  OnPeer on_begin_ = [](const std::string&) {};
  OnPeer on_end_ = [](const std::string&) {};
  std::mutex mutex_;
  std::unordered_map<const RpcCall*, std::weak_ptr<RpcCall>> calls_;
};

}  // namespace atestore
