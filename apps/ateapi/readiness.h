#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/ateapi/metrics.h"
#include "store/shard_health.h"

namespace atestore {

// What is known of the shards, and whether that is enough to serve. Thread-safe.
class Readiness {
 public:
  // Not ready as soon as one shard does not answer, or only when none does. A shard that refuses
  // this service (its password, its rights, its certificates) is never enough.
  enum class Rule { kAllShards, kAnyShard };

  Readiness(Rule rule, Metrics& metrics) : rule_(rule), metrics_(metrics) {}

  // What the last look found: logs what has changed, shard by shard, and counts.
  void Learn(const absl::StatusOr<std::vector<ShardHealth>>& shards);

  // OK when ready; UNAVAILABLE until the first look.
  absl::Status status() const;
  // One line: the shards that do not answer and why; empty when all do.
  std::string missing() const;

 private:
  void LogChanges(const std::vector<ShardHealth>& shards);

  const Rule rule_;
  Metrics& metrics_;
  std::map<std::string, bool> answered_;  // by node; of the thread that learns
  mutable std::mutex mutex_;              // guards what follows
  absl::Status status_ = absl::UnavailableError("the store has not been asked yet");
  std::string missing_;
};

}  // namespace atestore
