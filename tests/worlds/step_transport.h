#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/resp.h"
#include "mockcluster/cluster.h"
#include "store/shard_transport.h"

namespace atestore {

// What comes next.
struct NextStep {
  std::optional<mockcluster::NodeIndex> node;  // executes a command; nothing: time passes
  // All that the command sees of the node is whether its process lives and has loaded its data: it
  // is MULTI, ASKING, or a command without keys that waits for EXEC.
  bool is_blind = false;
};

// Is told of every moment at which something may happen to the cluster.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  // Before a step. False: the rest is of no interest, no command is executed any more.
  virtual bool OnBoundary(const NextStep& next) = 0;
};

// Collects what a listing has seen into one number: equal numbers, equal listings.
class History {
 public:
  void Add(uint64_t value);
  void Add(std::string_view text);
  // As a listing reads it: of INFO and CLUSTER INFO what identifies a process and its state, of
  // CLUSTER NODES no times.
  void Add(const ReplyView& reply);
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x13198A2E03707344u;
};

// Carries requests to an emulated cluster, command by command, with a boundary before each.
class StepTransport final : public ShardTransport {
 public:
  // All must outlive it.
  StepTransport(mockcluster::Cluster& cluster, StepObserver& steps, History& history)
      : cluster_(cluster), steps_(steps), history_(history) {}
  ~StepTransport() override;

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override;
  std::unique_ptr<ShardTransport> Exclusive() override { return nullptr; }

  // An observer said false, or Stop(): every request fails.
  bool is_stopped() const { return stopped_; }
  void Stop() { stopped_ = true; }
  // For each node two bits: a connection is open (1), or was lost, which is yet to be noticed (2).
  uint32_t connections() const;

 private:
  struct Connection {
    mockcluster::ClientId client;
    std::unique_ptr<RespReader> reader;
  };

  absl::Status ExecuteOne(size_t index, const ShardRequest& request, ReplyObserver& observer);
  Connection* Connect(const Endpoint& endpoint);
  void Disconnect(const Endpoint& endpoint);

  mockcluster::Cluster& cluster_;
  StepObserver& steps_;
  History& history_;
  bool stopped_ = false;
  std::map<Endpoint, Connection> connections_;
};

}  // namespace atestore
