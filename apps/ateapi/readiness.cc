#include "apps/ateapi/readiness.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apps/ateapi/log.h"
#include "core/status.h"

namespace atestore {
namespace {

bool IsWeakness(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsDataLoss(status);
}

}  // namespace

void Readiness::Learn(const absl::StatusOr<std::vector<ShardHealth>>& shards) {
  if (!shards.ok()) {
    const std::lock_guard lock(mutex_);
    status_ = shards.status();
    missing_ = std::string(ToStd(shards.status().message()));
    return;
  }
  LogChanges(*shards);
  std::string missing;
  absl::Status refusal;
  absl::Status weakness;
  size_t failed = 0;
  for (const ShardHealth& shard : *shards) {
    if (shard.status.ok()) continue;
    absl::Status& first = IsWeakness(shard.status) ? weakness : refusal;
    if (first.ok()) first = shard.status;
    const absl::string_view why = shard.status.message();
    absl::StrAppend(&missing, ++failed > 1 ? "; " : "");
    // Most transports name the node themselves.
    if (!absl::StrContains(why, shard.node)) absl::StrAppend(&missing, shard.node, ": ");
    absl::StrAppend(&missing, why);
  }
  const bool weak = failed > 0 && (rule_ == Rule::kAllShards || failed == shards->size());
  const std::lock_guard lock(mutex_);
  status_ = !refusal.ok() ? refusal : weak ? weakness : absl::OkStatus();
  missing_ = failed == 0 ? ""
                         : absl::StrCat(failed, " of ", shards->size(),
                                        " shards cannot be used: ", missing);
}

void Readiness::LogChanges(const std::vector<ShardHealth>& shards) {
  std::map<std::string, bool> answered;
  for (const ShardHealth& shard : shards) {
    const bool ok = shard.status.ok();
    metrics_.SetShardReady(shard.node, ok);
    answered[shard.node] = ok;
    const auto before = answered_.find(shard.node);
    if (before == answered_.end() ? ok : before->second == ok) continue;
    LogLine(ok ? LogLevel::kInfo : LogLevel::kWarning, ok ? "shard_ready" : "shard_not_ready")
        .Add("node", shard.node)
        .Add("message", ToStd(shard.status.message()));
  }
  for (const auto& [node, ok] : answered_) {
    if (!answered.contains(node)) metrics_.ForgetShard(node);
  }
  answered_ = std::move(answered);
}

absl::Status Readiness::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::string Readiness::missing() const {
  const std::lock_guard lock(mutex_);
  return missing_;
}

}  // namespace atestore
