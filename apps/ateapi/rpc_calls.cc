#include "apps/ateapi/rpc_calls.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/options.h"

namespace atestore {

void RpcCalls::Add(const std::shared_ptr<RpcCall>& call) {
  on_begin_(call->address());
  const std::lock_guard lock(mutex_);
  calls_.emplace(call.get(), call);
}

void RpcCalls::Remove(const RpcCall* call) {
  on_end_(call->address());
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

void RpcCalls::Check() {
  std::vector<std::shared_ptr<RpcCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.reserve(calls_.size());
    for (const auto& [key, weak] : calls_) {
      if (std::shared_ptr<RpcCall> call = weak.lock()) calls.push_back(std::move(call));
    }
  }
  const absl::Time now = SteadyNow();
  for (const std::shared_ptr<RpcCall>& call : calls) call->CheckPeer(now);
  if (unsent_.is_exceeded()) DropSlowest(calls, now);
}

void RpcCalls::DropSlowest(std::vector<std::shared_ptr<RpcCall>>& calls, absl::Time now) {
  std::vector<std::pair<absl::Time, RpcCall*>> waiting;
  for (const std::shared_ptr<RpcCall>& call : calls) {
    const std::optional<absl::Time> since = call->WaitsSince();
    if (since && now - *since >= kSlowAfter) waiting.emplace_back(*since, call.get());
  }
  std::sort(waiting.begin(), waiting.end());
  int64_t excess = unsent_.excess();
  for (const auto& [since, call] : waiting) {
    if (excess <= 0) return;
    excess -= call->unsent_bytes();
    unsent_.report().refused();
    call->Drop();
  }
}

}  // namespace atestore
