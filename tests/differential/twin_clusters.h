#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mockcluster/cluster.h"
#include "tests/differential/raw_client.h"
#include "tests/support/real_cluster.h"

namespace atestore {

// A cluster of real servers and one of the emulator, of the same shape: two primaries, each with a
// replica; node i of one corresponds to node i of the other. Commands go to both.
class TwinClusters {
 public:
  static constexpr size_t kNodes = 4;  // 0 and 1 are primaries, 2 and 3 their replicas

  static absl::StatusOr<std::unique_ptr<TwinClusters>> Start(ServerKind kind);

  RealCluster& real() { return *real_; }
  mockcluster::Cluster& mock() { return *mock_; }

  // Two replies to one command, made comparable.
  struct Replies {
    std::string real;
    std::string mock;
  };

  // A connection to node `node` of both clusters.
  class Connection {
   public:
    // Words between blanks. "$id1" and "$port1" stand for the id and port of node 1. The emulator's
    // reply is given with ids, ports and times of the real cluster's form. A closed connection
    // shows as "(closed)".
    absl::StatusOr<Replies> Execute(std::string_view line);
    // Whether each of the two lets the command wait while the node pauses writes. The replies,
    // those of commands that waited, come by FinishPaused() after the pause.
    struct Waits {
      bool real = false;
      bool mock = false;
    };
    absl::StatusOr<Waits> BeginPaused(std::string_view line);
    absl::StatusOr<Replies> FinishPaused();
    ~Connection();
    Connection(TwinClusters& twins, size_t node, RawClient real, mockcluster::ClientId mock)
        : twins_(twins), node_(node), real_(std::move(real)), mock_(mock) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

   private:
    // One command in the words of one side.
    std::vector<std::string> CommandFor(std::string_view line, bool real) const;
    mockcluster::Delivery ExecuteOnMock(std::string_view line, std::string* reply);

    TwinClusters& twins_;
    const size_t node_;
    RawClient real_;
    mockcluster::ClientId mock_;
    std::string real_id_;  // of the connection, once needed
    std::string paused_line_;
    std::string mock_reply_;  // to it, if it did not wait
  };
  absl::StatusOr<std::unique_ptr<Connection>> Connect(size_t node);

  // Removes all data, and the marks of slot 3300, on both sides, and waits until the real replicas
  // have followed.
  absl::Status Clear();
  // Whether a node gets no packets of the cluster bus, while others get its own.
  void SetDeaf(size_t node, bool deaf);
  // Runs a command on the same node of both sides, as an administrator; both must succeed.
  absl::Status Run(size_t node, std::string_view line);

 private:
  TwinClusters() = default;
  // Takes up the ids of the two shards, before any other name.
  absl::Status NameShards(ServerKind kind);
  // A server leaves a replica out of CLUSTER SLOTS until gossip tells that it has data.
  absl::Status WaitUntilReplicasAreSeen();
  std::string Fill(std::string_view word, bool real) const;
  // Replaces ids (also of shards) and ports of either cluster by words, masks times and epochs.
  std::string Normalize(std::string reply, bool real) const;

  std::unique_ptr<RealCluster> real_;
  std::unique_ptr<mockcluster::Cluster> mock_;
  std::vector<std::pair<std::string, std::string>> real_names_;  // what to replace by what
  std::vector<std::pair<std::string, std::string>> mock_names_;
};

}  // namespace atestore
