#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/ateapi/metrics.h"
#include "store/actor_store.h"

namespace atestore {

// Which shards answer, and whether they are enough to serve. Thread-safe.
class Readiness {
 public:
  // When to be not ready: if one shard does not answer, or only if none does. A shard that refuses
  // this service (its password, permissions or certificates) makes it not ready under both rules.
  enum class Rule { kAllShards, kAnyShard };

  Readiness(Rule rule, Metrics& metrics) : rule_(rule), metrics_(metrics) {}

  // Takes the result of a check: logs the changes, shard by shard, and updates the metrics.
  void Learn(const absl::StatusOr<std::vector<ShardHealth>>& shards);

  // OK when ready; UNAVAILABLE until the first check.
  absl::Status status() const;
  // One line: the shards that do not answer and why; empty when all do.
  std::string missing() const;

 private:
  void LogChanges(const std::vector<ShardHealth>& shards);

  const Rule rule_;
  Metrics& metrics_;
  std::map<std::string, bool> answered_;  // by node; used only by the checking thread
  mutable std::mutex mutex_;              // guards the members below
  absl::Status status_ = absl::UnavailableError("the store has not been asked yet");
  std::string missing_;
};

}  // namespace atestore
