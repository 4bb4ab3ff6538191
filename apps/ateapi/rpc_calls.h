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

// The live calls and the memory budget that they share. Thread-safe.
class RpcCalls {
 public:
  RpcCalls(PeerPatience patience, ByteBudget& unsent) : patience_(patience), unsent_(unsent) {}
  RpcCalls(const RpcCalls&) = delete;
  RpcCalls& operator=(const RpcCalls&) = delete;

  const PeerPatience& patience() const { return patience_; }
  ByteBudget& unsent() { return unsent_; }

  // Sets an observer that gets the address of each call's peer. Set it before calls arrive.
  using OnPeer = std::function<void(const std::string& grpc_peer)>;
  void OnCalls(OnPeer on_begin, OnPeer on_reset, OnPeer on_end) {
    on_begin_ = std::move(on_begin);
    on_reset_ = std::move(on_reset);
    on_end_ = std::move(on_end);
  }

  // The request of a call from `address` will never arrive.
  void NoteReset(const std::string& address) const { on_reset_(address); }
  void Add(const std::shared_ptr<RpcCall>& call);
  void Remove(const RpcCall* call);

  // Aborts the calls whose peers have exceeded a time limit. While the answers not yet taken exceed
  // the budget, it also aborts the calls that have waited longest, but at least kSlowAfter. Call it
  // several times a second.
  void Check();

 private:
  void DropSlowest(std::vector<std::shared_ptr<RpcCall>>& calls, absl::Time now);

  const PeerPatience patience_;
  ByteBudget& unsent_;
  OnPeer on_begin_ = [](const std::string&) {};
  OnPeer on_reset_ = [](const std::string&) {};
  OnPeer on_end_ = [](const std::string&) {};
  std::mutex mutex_;
  std::unordered_map<const RpcCall*, std::weak_ptr<RpcCall>> calls_;
};

}  // namespace atestore
