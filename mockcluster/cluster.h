#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/slot.h"
#include "core/topology.h"
#include "mockcluster/fault_plan.h"
#include "mockcluster/options.h"

namespace mockcluster {

struct ClusterState;

// A handle of a cluster node: its identity, whatever process runs and whatever address it has.
// Handles are dense, 0 …, in the order of creation, and are never reused.
enum class NodeIndex : uint16_t {};

// A handle of a client connection. Never reused.
enum class ClientId : uint64_t {};

// What became of a command or of request bytes.
enum class Delivery {
  kReplied,  // every reply was appended
  kClosed,   // the connection is closed; what was appended before may end in the middle of a reply
  kSilent,   // the node hangs: the commands that are left will be executed when it goes on, by
             // Feed()
};

// The command that is about to be executed.
struct NextCommand {
  ClientId client;
  NodeIndex node;
  std::span<const std::string_view> arguments;
};

enum class AbortMode {
  kMoveBack,      // the destination's keys move back to the source
  kLeaveCopies,   // … and stay on the destination too, as orphans
  kLeaveOrphans,  // lossy: moved keys stay on the destination, out of reach of clients
};

enum class FailoverKind {
  kGraceful,   // CLUSTER FAILOVER: nothing is lost, the old primary turns replica
  kForced,     // the primary's process dies first; what the replica does not have is lost
  kPartition,  // the primary was isolated: it notices that it is in the minority, a majority elects
               // the replica, and both go on
};

enum class RestartMode {
  kKeepData,  // what the process held at its death
  kLastSave,  // what it held at the last Save(); nothing if there was none
  kEmpty,
};

enum class ResizeDirection { kGrow, kShrink };

// What happens to the next command on a connection.
enum class ConnectionFault { kDropBefore, kDropAfter, kTruncateReply };

// A node as a test sees it. The views of the nodes themselves are asked for with CLUSTER NODES.
struct NodeInfo {
  NodeIndex index;
  std::string id;      // 40 hexadecimal digits; survives a restart
  std::string run_id;  // 40 hexadecimal digits; of the process, last one if dead
  atestore::Endpoint endpoint;
  Flavor flavor = Flavor::kValkey80;
  NodeSettings settings;
  bool alive = false;  // a process runs
  bool hung = false;
  bool member = false;               // false once it left the cluster
  std::optional<NodeIndex> primary;  // set on a replica
  uint64_t config_epoch = 0;         // in its own view
  size_t keys = 0;                   // held, hidden ones included
};

// What a client learns of a key that asks the true owner of its slot, the living primary with the
// greatest epoch, and follows every redirect.
enum class KeyTruth {
  kReadable,     // it gets a value
  kAbsent,       // it gets nil
  kUnreachable,  // an error, a loop of redirects, or nobody answers
};

struct KeyState {
  KeyTruth truth = KeyTruth::kUnreachable;
  std::string value = {};  // of kReadable
};

struct ReachableKey {
  std::string key;
  std::string value;
};

// A Redis Cluster in one process: nodes that answer commands, clients connected to them, and
// events that change both. No thread, clock or chance: options and calls determine every byte.
// Not thread-safe. Every topology event refuses with FAILED_PRECONDITION what cannot happen in the
// present state (naming the node or slot) and changes nothing then.
class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  const ClusterOptions& options() const;
  // The same cluster again, without clients, hook, fault plan and half resized tables.
  std::unique_ptr<Cluster> Clone() const;

  // ---- Clients ----

  // A new connection to whatever process listens at `endpoint`, the neighbour's where none of this
  // cluster does. UNAVAILABLE when there is none.
  absl::StatusOr<ClientId> Connect(const atestore::Endpoint& endpoint);
  // Appends what the process sends before it reads anything: at its limit of clients an error, and
  // it closes the connection. A server on sockets calls this first; Execute() and Feed() imply it.
  Delivery Greet(ClientId client, std::string* replies);
  // Forgets a connection, open or closed.
  void Disconnect(ClientId client);
  // False once the process died, a fault closed it, or the client said QUIT.
  bool IsOpen(ClientId client) const;

  // The id of the node that answers on this connection, as CLUSTER MYID tells it.
  std::string NodeIdOf(ClientId client) const;

  // Executes one command (≥ 1 argument) and appends its reply in wire form. kSilent: it is not
  // executed and forgotten here.
  Delivery Execute(ClientId client, std::span<const std::string_view> arguments,
                   std::string* replies);
  // Executes every complete command among `bytes` and what was left from earlier calls (RESP
  // arrays or inline commands), appending the replies. Closes the connection on a protocol error,
  // as a server does, after its error reply.
  Delivery Feed(ClientId client, std::string_view bytes, std::string* replies);

  // ---- Faults by schedule ----

  // `hook` runs before each command of a client, also before the commands inside MULTI and before
  // EXEC, never inside EXEC. It may call everything here, Execute() on other clients too (they do
  // not run the hook again); only not Disconnect() of this client. The command then meets the state
  // that the hook left. An empty function removes the hook; it must not do so from inside.
  void SetBetweenCommands(std::function<void(const NextCommand&)> hook);
  // Runs `plan` before each command of a client, after the hook. Replaces an earlier plan.
  void SetFaultPlan(const FaultPlan& plan);
  void ClearFaultPlan();
  // The number of faults that the plan has caused.
  size_t faults_done() const;
  // Causes one fault of this kind now, at a place drawn from the seed. FAILED_PRECONDITION when it
  // cannot happen in this state. Faults of a connection befall `client`.
  absl::Status InjectFault(Fault fault, std::optional<ClientId> client = std::nullopt);
  // The next command on `client` meets this fault.
  void InjectConnectionFault(ClientId client, ConnectionFault fault);

  // ---- Topology ----

  // Key by key, as redis-cli --cluster reshard does: marks on the two nodes, keys, owner.
  absl::Status BeginMigration(atestore::Slot slot, NodeIndex destination);
  // Moves up to `keys_max` keys of an open slot; the result is the number moved.
  absl::StatusOr<size_t> MigrateKeys(atestore::Slot slot, size_t keys_max);
  // Moves the remaining keys and gives the slot to its destination.
  absl::Status FinishMigration(atestore::Slot slot);
  absl::Status AbortMigration(atestore::Slot slot, AbortMode mode);
  // All of it in one call.
  absl::Status MoveSlot(atestore::Slot slot, NodeIndex destination);

  // The atomic migration of Valkey ≥ 9: the destination imports hidden keys, then takes over.
  absl::Status BeginAtomicMigration(atestore::Slot slot, NodeIndex destination);
  absl::Status FinishAtomicMigration(atestore::Slot slot);
  absl::Status AbortAtomicMigration(atestore::Slot slot);

  // Promotes `replica`. After kForced the old primary stays dead until Restart().
  absl::Status Failover(NodeIndex replica, FailoverKind kind);
  // Ends the process of `node`; its connections close.
  absl::Status Kill(NodeIndex node);
  // A new process for `node` (killing the old one if need be): same node id, address, slots and
  // epochs, another run id and hash seed. A primary's cluster state is fail for
  // options().rejoin_delay_ms, a replica copies its primary.
  absl::Status Restart(NodeIndex node, RestartMode mode);
  // The same with its data under another server, as an upgrade or downgrade in place does: version,
  // tables and rules are that server's.
  absl::Status RestartAs(NodeIndex node, Flavor flavor);
  // Snapshots the node's data for RestartMode::kLastSave.
  absl::Status Save(NodeIndex node);
  // A new node at the next free port: an empty primary, or a replica of `primary`.
  absl::StatusOr<NodeIndex> AddNode(std::optional<NodeIndex> primary = std::nullopt);
  // Kills a replica or slotless primary and makes every other node forget it.
  absl::Status RemoveNode(NodeIndex node);
  // A new process with a new node id and no data at the address of a dead node.
  absl::StatusOr<NodeIndex> ReplaceAtAddress(NodeIndex dead);

  // Every node forgets the owner of `slot` (its keys stay where they are).
  absl::Status UnassignSlot(atestore::Slot slot);
  // Gives an unassigned slot to `node` in every view.
  absl::Status AssignSlot(atestore::Slot slot, NodeIndex node);
  // Cuts `node` off from gossip and replication (it still answers clients by its old view,
  // until Settle() makes it notice), or joins it again.
  absl::Status SetIsolated(NodeIndex node, bool isolated);
  // What others tell `node` is lost (its own news arrive), or reaches it again.
  absl::Status SetDeaf(NodeIndex node, bool deaf);
  // Changes what is configured on a node, dead or alive.
  absl::Status Configure(NodeIndex node, const NodeSettings& settings);
  // `node` hangs: it accepts connections and answers nothing, neither clients nor nodes, or goes
  // on.
  absl::Status SetHung(NodeIndex node, bool hung);
  // The process reads its data set again: for so long (virtual time, or until its data change) it
  // answers LOADING and has only part of its keys, drawn from the seed. A migrating slot's keys
  // that it has not loaded are ASKed for, as servers do.
  absl::Status Reload(NodeIndex node, int64_t duration_ms);
  // Restarts `node` at another address; the old one is free.
  absl::Status MoveAddress(NodeIndex node, const atestore::Endpoint& endpoint);
  // Ends all that the events above may leave for good: hung, deaf and isolated nodes, reloads, and
  // settings that are not the default ones.
  void EndMisbehaviour();
  // Another cluster of the same network, which must outlive this one or be taken back (nullptr):
  // its nodes are found where no node of this one listens.
  void SetNeighbour(Cluster* neighbour);
  // The node answers LOADING, or its cluster state is fail, for so long (virtual time); 0 ends it.
  absl::Status SetLoading(NodeIndex node, int64_t duration_ms);
  absl::Status SetClusterDown(NodeIndex node, int64_t duration_ms);
  // Holds back what a primary sends to `replica`; ending the pause delivers it.
  absl::Status SetReplicationPaused(NodeIndex replica, bool paused);
  // Makes the tables of a node begin to grow or shrink, so that two of them are visible.
  absl::Status ForceResize(NodeIndex node, ResizeDirection direction);

  // Delivers one piece of news from one node to another, drawn from the seed.
  void Gossip();
  // Delivers all news until no view changes any more, and lets nodes notice failures.
  void Settle();
  // Delivers to `node` everything that the others have to tell it now; whether there is any.
  void DeliverNewsTo(NodeIndex node);
  bool HasNewsFor(NodeIndex node) const;

  // Virtual time in milliseconds. Only these two move it (and Fault::kDelay).
  int64_t now_ms() const;
  void AdvanceTime(int64_t duration_ms);

  // ---- Data, past every routing rule ----

  // As a client that follows redirects would do it, on the node that serves the key (and its
  // replicas), but past CLUSTERDOWN and LOADING. FAILED_PRECONDITION when the slot has no owner.
  absl::Status Put(std::string_view key, std::string_view value);
  // The same with another type than string, whose content is left out.
  absl::Status PutTyped(std::string_view key, std::string_view value, ValueType type);
  // Whether there was such a key.
  bool Remove(std::string_view key);
  // Stores a string on this node alone: an orphan unless the node owns the slot.
  absl::Status PutOn(NodeIndex node, std::string_view key, std::string_view value);

  // ---- Inspection ----

  std::vector<NodeInfo> Nodes() const;
  NodeInfo Node(NodeIndex node) const;
  // Members that are primaries and alive, in the order of their handles.
  std::vector<NodeIndex> Primaries() const;
  std::vector<NodeIndex> ReplicasOf(NodeIndex primary) const;
  // The node whose process listens at `endpoint`; when none does, the newest one of that address.
  std::optional<NodeIndex> FindNode(const atestore::Endpoint& endpoint) const;
  // The living primary that owns `slot` in its own view (with the greatest epoch, if several do).
  std::optional<NodeIndex> OwnerOf(atestore::Slot slot) const;
  // Slots that are open (key by key) or being imported (atomically), ascending.
  std::vector<atestore::Slot> OpenSlots() const;
  std::vector<atestore::Slot> ImportingSlots() const;
  // Ground truth about one key. A key that a node holds while it loads its data set is unreachable,
  // whatever the node answers.
  KeyState StateOf(std::string_view key) const;
  // What a client that follows every redirect could read now if no node were loading or waited to
  // join, sorted by key.
  std::vector<ReachableKey> ReachableKeys() const;
  // As above for one key; nullopt when no client can read it.
  std::optional<std::string> ReachableValue(std::string_view key) const;
  // Calls of a command on the present process of `node`, by its name in INFO commandstats, such as
  // "get", "restore-asking" or "cluster|setslot".
  uint64_t Calls(NodeIndex node, std::string_view command) const;

  // A number for all that a client can learn of `node`, now or by waiting, as long as nobody tells
  // the node anything: role, view, marks, process, data, the time that it still loads or is down.
  // Left out: the order of keys in its tables, counters except that of CLUSTER SETSLOT,
  // connections.
  uint64_t Fingerprint(NodeIndex node) const;
  // The same for all nodes and the news between them: from equal states, equal events lead to equal
  // states. O(keys).
  uint64_t Fingerprint() const;

  // One line an event (topology, gossip, faults) behind its virtual time, oldest first; commands
  // and AdvanceTime() leave none.
  const std::vector<std::string>& event_log() const;

 private:
  explicit Cluster(std::unique_ptr<ClusterState> state);
  absl::StatusOr<ClientId> ConnectAbroad(const atestore::Endpoint& endpoint);

  std::unique_ptr<ClusterState> state_;
};

}  // namespace mockcluster
