#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// What a fault did to the data.
struct FaultLog {
  // Keys that no client could reach for a moment: for clients they did not exist throughout.
  std::set<std::string> hidden_keys;
};

// Something that happens to a real cluster while it is being listed. No acknowledged and replicated
// data is lost by it.
struct ClusterFault {
  std::string name;
  RealClusterOptions options;  // of the cluster that it needs
  // Returns when it is over and the cluster is settled. Can be applied again and again, unless
  // `is_state`: then it leaves the cluster in an unusual state that lasts.
  std::function<absl::Status(RealCluster&, FaultLog&)> apply;
  bool is_state = false;
  bool has_outage = false;  // for longer than a listing's retry budget some slots have no owner
};

std::vector<ClusterFault> AllClusterFaults();

}  // namespace atestore
