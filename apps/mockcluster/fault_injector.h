#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/mockcluster/http_server.h"
#include "mockcluster/cluster.h"

namespace mockcluster {

// The HTTP API with which the scenario tests of Redis clients inject faults:
//   POST /action {"type": T, "parameters": {…}}   {"action_id": ID, "status": "pending"}
//   GET /action/ID                                {"status": "pending"|"success"|"failed", …}
//   GET /nodes, GET /stats
// An action is one or more MOCK commands (control.h) now, and some more after a delay that end it:
// docs/mockcluster.md lists the types. Not thread-safe.
class FaultInjector {
 public:
  // Runs a task so many milliseconds later, where the cluster may be used.
  using RunLater = std::function<void(int64_t delay_ms, std::function<void()> task)>;

  // `cluster` must outlive the injector and every task.
  FaultInjector(Cluster& cluster, RunLater run_later)
      : cluster_(cluster), run_later_(std::move(run_later)) {}
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  HttpReply Answer(const HttpRequest& request);

 private:
  // What an action does: commands without the word MOCK.
  struct Plan {
    std::vector<std::string> begin;
    std::vector<std::string> end;  // after `delay_ms`
    int64_t delay_ms = 0;
  };
  struct Action {
    std::string type;
    std::string status = "pending";
    std::string error;
    std::vector<std::string> output;  // of its commands, a line each
  };
  class Parameters;

  HttpReply Begin(const std::string& body);
  HttpReply StatusOf(const std::string& id) const;
  HttpReply Nodes() const;
  HttpReply Stats() const;
  absl::StatusOr<Plan> PlanFor(const std::string& type, const Parameters& parameters) const;
  std::vector<std::string> NodesOfShard(const std::string& node) const;
  // False: a command failed, and so has the action.
  bool Run(const std::vector<std::string>& commands, Action& action);

  Cluster& cluster_;
  const RunLater run_later_;
  std::map<std::string, Action> actions_;  // by id
};

}  // namespace mockcluster
