#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mockcluster/cluster.h"
#include "mockcluster/keyspace/keyspace.h"
#include "mockcluster/node/cluster_view.h"
#include "mockcluster/node/flavor.h"
#include "mockcluster/random.h"
#include "mockcluster/wire/reply_writer.h"
#include "mockcluster/wire/request_parser.h"

// The state that the parts of the emulator share. Users include cluster.h instead.
namespace mockcluster::inline v0 {

struct ClusterState;
struct Command;

// One command of INFO commandstats.
struct CommandCounter {
  uint64_t calls = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
};

// What CLIENT PAUSE asked for.
struct ClientPause {
  int64_t until_ms = 0;
  bool everything = false;  // otherwise writes
};

// One process of a node: all state that a restart discards.
struct Process {
  // The counter of a command, by Command::index.
  CommandCounter& counter(size_t command) {
    if (command >= counters.size()) counters.resize(command + 1);
    return counters[command];
  }

  uint64_t serial = 0;  // unique in the cluster; connections belong to one
  std::string run_id;
  int64_t started_at_ms = 0;
  int64_t loading_until_ms = 0;
  int64_t down_until_ms = 0;  // cluster_state is fail until then
  int64_t busy_until_ms = 0;  // executes nothing until then
  ClientPause client_pause;
  // A primary whose replica was elected, and which does not know: it lets writes wait.
  std::optional<int64_t> hands_over_until_ms;
  NodeIndex hands_over_to{};
  bool was_answered = false;  // by another node, over the cluster bus
  uint64_t hash_seed = 0;
  std::unique_ptr<Keyspace> keyspace;
  std::unique_ptr<Keyspace> on_disk;     // all data, while `keyspace` holds only the loaded part
  std::vector<CommandCounter> counters;  // grows as counter() meets commands
  // Clients that watch a key.
  std::map<std::string, std::vector<ClientId>, std::less<>> watchers;
  uint64_t commands = 0;  // commands received; they drive the server's cron
  // Since the start or CONFIG RESETSTAT, as INFO shows them.
  uint64_t calls = 0;
  uint64_t connections = 0;
  uint64_t connections_rejected = 0;
};

// A key as stored by persistence and sent by replication.
struct KeyRecord {
  std::string key;
  std::string value;
  ValueType type = ValueType::kString;
  std::optional<int64_t> expires_at_ms;
};

// A change that a primary sends to its replicas.
struct DataChange {
  enum class Kind { kStore, kRemove, kClear };
  Kind kind;
  KeyRecord record;  // kStore; kRemove uses the key alone
};

// The replica's end of replication.
struct ReplicaLink {
  std::optional<uint64_t> primary_serial;  // the primary's process whose data it holds, if any
  bool paused = false;
  std::deque<DataChange> backlog;  // held back while paused
};

// When which keys expire, on whatever node they are then; the earliest first. A key that got
// another expiry, or none, still has its earlier entries.
using ExpiryQueue =
    std::priority_queue<std::pair<int64_t, std::string>,
                        std::vector<std::pair<int64_t, std::string>>, std::greater<>>;

struct Node {
  Node(NodeIndex node_index, Flavor node_flavor)
      : index(node_index), flavor(node_flavor), view(node_index) {}

  const FlavorTraits& traits() const { return TraitsOf(flavor); }

  NodeIndex index;
  Flavor flavor;
  std::string id;
  atestore::Endpoint endpoint;
  bool member = true;
  bool isolated = false;
  bool deaf = false;                             // receives no gossip
  bool hung = false;                             // accepts connections and never answers
  std::optional<int64_t> out_of_touch_since_ms;  // dead, hung or isolated
  int64_t reply_delay_ms = 0;  // TcpFront answers a client's batch of commands so much later
  NodeSettings settings;
  ClusterView view;
  bool state_ok = false;  // all slots served, a majority of primaries reachable, in its own view
  std::unique_ptr<Process> process;  // null: dead
  std::string last_run_id;
  std::unique_ptr<Keyspace> saved;     // for RestartMode::kLastSave
  std::unique_ptr<Keyspace> at_death;  // for RestartMode::kKeepData, while dead
  ReplicaLink link;                    // as a replica
  std::vector<NodeIndex> replicas;     // attached, alive and connected
  // Atomic migrations by slot, on the source and on the destination: the other node.
  std::map<Slot, NodeIndex> exporting;
  std::map<Slot, NodeIndex> hidden_imports;
};

struct QueuedCommand {
  const Command* command;
  std::vector<std::string> arguments;
};

struct Client {
  ClientId id;
  NodeIndex node;
  uint64_t process_serial = 0;
  bool closed = false;
  std::optional<ClientId> neighbour_client;  // if set, all other members are unused
  std::vector<std::string> stalled;  // the command that waits: the node hangs, is busy or paused
  bool paused = false;               // it waits for the end of a pause
  bool slept = false;                // the wait is over of the DEBUG SLEEP that comes next
  // The error to send before the connection is closed.
  std::optional<std::string_view> refusal;
  bool authenticated = false;
  bool asking = false;
  bool read_only = false;
  bool in_multi = false;
  bool dirty_exec = false;  // a command failed to queue
  bool dirty_cas = false;   // a watched key changed
  RespVersion resp = RespVersion::kResp2;
  std::string name;
  std::vector<QueuedCommand> queue;
  std::vector<std::string> watched;
  std::optional<ConnectionFault> fault;
  RequestParser requests;
};

// A running fault plan. Faults call commands, so commands call faults only through this function.
struct FaultRun {
  // Called before each command of a client. May cause a fault.
  void (*before_command)(ClusterState& state, ClientId client);
  FaultPlan plan;
  Random random{0};
  size_t done = 0;
};

struct ClusterState {
  explicit ClusterState(const ClusterOptions& cluster_options)
      : options(cluster_options), random(cluster_options.seed) {}

  Node& node(NodeIndex index) { return *nodes[Position(index)]; }
  const Node& node(NodeIndex index) const { return *nodes[Position(index)]; }
  Client& AddClient();
  // nullptr: no such handle.
  Client* FindClient(ClientId id) const;
  // The node with this id, if `view` knows it.
  std::optional<NodeIndex> FindKnownId(const ClusterView& view, std::string_view id) const;
  // True while the node's process lives and the connection has not been closed.
  bool IsOpen(const Client& client) const {
    const Process* process = node(client.node).process.get();
    return !client.closed && process != nullptr && process->serial == client.process_serial;
  }
  Layout LayoutOf(const Node& node) const { return options.layout.value_or(node.traits().layout); }
  void Log(std::string line);

  const ClusterOptions options;
  Random random;
  int64_t now_ms = 1'700'000'000'000;  // an arbitrary date; TIME and expiry need one
  ExpiryQueue expiries;
  std::optional<int64_t> gossip_due_ms;      // with a gossip delay: when views are settled next
  std::vector<std::unique_ptr<Node>> nodes;  // by NodeIndex
  // Clients that have not disconnected.
  std::unordered_map<ClientId, std::unique_ptr<Client>> clients;
  uint64_t next_client = 0;
  uint64_t next_process_serial = 1;
  uint32_t next_port = 0;
  Cluster* neighbour = nullptr;
  std::vector<std::string> log;
  std::function<void(const NextCommand&)> hook;
  std::optional<FaultRun> faults;
  bool between_commands = false;  // the hook or a plan is running
};

// The short name of a node in the event log, e.g. "n3".
std::string LogName(NodeIndex node);

}  // namespace mockcluster::inline v0
