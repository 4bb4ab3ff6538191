#pragma once

#include <atomic>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/endpoint.h"
#include "core/slot.h"
#include "tests/support/bus_relay.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/server_process.h"
#include "tests/support/tls_files.h"

namespace atestore {

// Redis 7.0 and Valkey 8.0 as scripts/setup installs them, Valkey 9.1 as scripts/valkey-unstable
// unpacks it.
enum class ServerKind { kRedis, kValkey, kValkey91 };
std::vector<ServerKind> AllServerKinds();
std::string_view ToString(ServerKind kind);

// The server's program. nullopt: not installed. Tests go through ATESTORE_REQUIRE_SERVER
// (require_server.h).
std::optional<std::string> FindServer(ServerKind kind);
// Its redis-cli or valkey-cli.
std::optional<std::string> FindServerCli(ServerKind kind);

struct RealClusterOptions {
  ServerKind kind = ServerKind::kRedis;
  size_t primaries = 3;
  size_t replicas = 0;  // of each primary
  absl::Duration node_timeout = absl::Milliseconds(2000);
  // Data survives a restart, even by SIGKILL (append-only file).
  bool persistent = false;
  // Clients, the bus, replication and MIGRATE use TLS; a plain port remains for the fixture.
  bool tls = false;
  bool tls_client_certificates = false;   // clients must present one
  std::string password;                   // of the default user; empty: none
  std::vector<std::string> users;         // ACL rules, e.g. "ate on >secret ~* +@all"
  std::vector<std::string> config_lines;  // appended to each redis.conf
  bool bus_relay = false;                 // the cluster bus goes through relay()
};

// A node as another node sees it (one line of CLUSTER NODES).
struct ServerLine {
  std::string id;
  size_t node = 0;  // index in the fixture
  bool is_primary = false;
  bool is_failed = false;
  bool is_connected = false;
  std::string primary_id;                    // of a replica
  std::vector<std::pair<Slot, Slot>> slots;  // owned, first … last
};

enum class FailoverMode { kGraceful, kForce };
enum class StopMode { kKill, kShutdown };

// A cluster of real servers on loopback. Nodes are numbered: the first `primaries` ones are the
// primaries at the beginning, the others their replicas in the order of the primaries; added nodes
// follow. Every server dies with this object, or with the process. Methods return an error that
// says what the servers said. Not thread-safe, but may be used from any one thread.
class RealCluster {
 public:
  // Returns when every node has an ok cluster and every replica is in sync. FAILED_PRECONDITION
  // when the server is not installed, DEADLINE_EXCEEDED after 30 seconds.
  static absl::StatusOr<std::unique_ptr<RealCluster>> Start(RealClusterOptions options);
  ~RealCluster();
  RealCluster(const RealCluster&) = delete;
  RealCluster& operator=(const RealCluster&) = delete;

  const RealClusterOptions& options() const { return options_; }
  // Only with options().tls.
  const TlsFiles& tls_files() const { return *tls_files_; }

  // Only with options().bus_relay. Nodes are numbered as here.
  BusRelay& relay() { return *relay_; }

  size_t size() const { return nodes_.size(); }
  // Where clients connect to (the TLS port of a TLS cluster).
  Endpoint endpoint(size_t node) const;
  std::vector<Endpoint> endpoints() const;
  const std::string& id(size_t node) const { return nodes_[node]->id; }
  bool running(size_t node) { return nodes_[node]->process.running(); }

  // One command, on a connection kept per node. An error reply is an INTERNAL error with its text.
  absl::StatusOr<HiredisReply> Run(size_t node, const HiredisClient::Command& command);
  // All pipelined; the first error reply fails the call.
  absl::StatusOr<std::vector<HiredisReply>> RunAll(size_t node,
                                                   const std::vector<HiredisClient::Command>& all);
  // `redis-cli ARGUMENTS` (valkey-cli), with the password; DEADLINE_EXCEEDED after a minute.
  absl::StatusOr<std::string> RunCli(std::vector<std::string> arguments);

  // Sets every key to its value, pipelined to the owners of the slots.
  absl::Status SetAll(const std::vector<std::pair<std::string, std::string>>& records);

  // CLUSTER NODES as `node` sees it.
  absl::StatusOr<std::vector<ServerLine>> View(size_t node);
  // Owners of slots, in the view of the first running node.
  absl::StatusOr<std::vector<size_t>> Primaries();
  absl::StatusOr<std::vector<size_t>> ReplicasOf(size_t primary);
  absl::StatusOr<size_t> OwnerOf(Slot slot);

  // kShutdown saves nothing that `persistent` did not ask for.
  absl::Status Stop(size_t node, StopMode mode);
  // Starts a stopped node on its address, with its files. Returns when it answers PING (it may
  // still be loading, or in a failed cluster).
  absl::Status Launch(size_t node);
  // The same on another port for clients, as a pod that comes back with another address; the others
  // learn it from the node. Not for TLS clusters.
  absl::Status LaunchAt(size_t node, uint16_t port);
  // SIGSTOP: the node hangs, its connections stay open.
  void Pause(size_t node) { nodes_[node]->process.Signal(SIGSTOP); }
  void Resume(size_t node) { nodes_[node]->process.Signal(SIGCONT); }
  // Asks `replica` to replace its primary; returns when all running nodes see it as the owner.
  absl::Status Failover(size_t replica, FailoverMode mode);
  // Starts another node and introduces it; it owns no slots. Its number.
  absl::StatusOr<size_t> AddNode();
  // Starts a node that nobody knows. Who introduces it (MeetCommand() to all members), or makes all
  // members forget it, says so: WaitUntilSettled() leaves strangers alone.
  absl::StatusOr<size_t> AddStranger();
  HiredisClient::Command MeetCommand(size_t node) const;
  void SetMember(size_t node, bool is_member) { nodes_[node]->is_member = is_member; }
  // The node has another id: CLUSTER RESET HARD.
  void SetId(size_t node, const std::string& id);
  bool is_member(size_t node) const { return nodes_[node]->is_member; }
  // Every running member sees an ok cluster, agrees with the others on the owners of all slots, and
  // every running replica is in sync.
  absl::Status WaitUntilSettled(absl::Duration limit = absl::Seconds(30));

 private:
  struct Node {
    Node(PortLease plain_lease, PortLease bus_lease)
        : plain(std::move(plain_lease)), bus(std::move(bus_lease)) {}
    PortLease plain;
    PortLease bus;
    uint16_t port = 0;  // for clients; plain.port() until LaunchAt()
    uint16_t announced_bus = 0;
    std::atomic<bool> is_member = true;
    std::optional<PortLease> tls;
    std::filesystem::path directory;
    std::string id;
    ChildProcess process;
    std::optional<HiredisClient> client;
  };

  explicit RealCluster(RealClusterOptions options) : options_(std::move(options)) {}
  absl::Status Create();
  absl::Status FormCluster();
  absl::Status StartNode();
  absl::Status LearnId(size_t node);
  absl::Status WriteConfig(const Node& node) const;
  absl::StatusOr<HiredisClient*> Client(size_t node);
  absl::StatusOr<size_t> FirstRunning();
  bool EverybodySeesOwner(size_t owner);
  std::vector<ServerLine> ParseView(const std::string& text) const;
  absl::Status CheckSettled();
  absl::Status CheckNode(size_t node);

  RealClusterOptions options_;
  TempDir directory_;
  std::optional<TlsFiles> tls_files_;
  std::string server_;
  std::unique_ptr<BusRelay> relay_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace atestore
