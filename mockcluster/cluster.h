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
#include "core/endpoint.h"
#include "core/slot.h"
#include "mockcluster/fault_plan.h"
#include "mockcluster/options.h"

namespace mockcluster::inline v0 {

struct ClusterState;

// A handle of a cluster node. It stays the same when the node's process or address changes. Handles
// count from 0 in the order of creation and are never reused.
enum class NodeIndex : uint16_t {};

// A handle of a client connection. Never reused.
enum class ClientId : uint64_t {};

// The outcome of a command or of request bytes.
enum class Delivery {
  kReplied,  // every reply was appended
  kClosed,   // the connection is closed; the appended bytes may end in the middle of a reply
  kSilent,   // the node hangs or is paused: Feed() executes the remaining commands afterwards
};

// The command that is about to be executed.
struct NextCommand {
  ClientId client;
  NodeIndex node;
  std::span<const std::string_view> arguments;
};

enum class AbortMode {
  kMoveBack,      // the destination's keys move back to the source
  kLeaveCopies,   // as kMoveBack, but copies stay on the destination as orphans
  kLeaveOrphans,  // lossy: moved keys stay on the destination, where clients cannot reach them
};

enum class FailoverKind {
  kGraceful,   // CLUSTER FAILOVER: nothing is lost, the old primary becomes a replica
  kForced,     // the primary's process dies first; data that the replica does not have is lost
  kPartition,  // the primary was isolated: it notices that it is in the minority, a majority elects
               // the replica, and both keep running
  kUnheard,    // as kGraceful, but the old primary learns of it by gossip, at the latest after 5 s
               // of virtual time. Until then it lets writes wait, and answers reads
};

enum class RestartMode {
  kKeepData,  // with the data that the process held at its death
  kLastSave,  // with the data of the last Save(); empty if there was none
  kEmpty,
};

enum class ResizeDirection { kGrow, kShrink };

// What happens to the connection at its next command; see Fault.
enum class ConnectionFault { kDropBefore, kDropAfter, kTruncateReply };

// A node as a test sees it. For a node's own view of the cluster, send it CLUSTER NODES.
struct NodeInfo {
  NodeIndex index;
  std::string id;      // 40 hexadecimal digits; survives a restart
  std::string run_id;  // 40 hexadecimal digits; of the process, or the last one if dead
  atestore::Endpoint endpoint;
  Flavor flavor = Flavor::kValkey80;
  NodeSettings settings;
  bool alive = false;  // a process is running
  bool hung = false;
  bool member = false;               // false once it left the cluster
  std::optional<NodeIndex> primary;  // set on a replica
  uint64_t config_epoch = 0;         // in its own view
  size_t keys = 0;                   // held, including hidden ones
};

// What a client learns about a key when it asks the true owner of the slot (the living primary with
// the greatest epoch) and follows every redirect.
enum class KeyTruth {
  kReadable,     // it gets a value
  kAbsent,       // it gets nil
  kUnreachable,  // it gets an error, a loop of redirects, or no answer
};

struct KeyState {
  KeyTruth truth = KeyTruth::kUnreachable;
  std::string value = {};  // if kReadable
};

struct ReachableKey {
  std::string key;
  std::string value;
};

// A Redis Cluster in one process: nodes that answer commands, clients connected to them, and
// events that change both. No thread, clock or chance: options and calls determine every byte.
// Not thread-safe. A topology event that cannot happen in the present state fails with
// FAILED_PRECONDITION, which names the node or slot, and changes nothing.
class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  const ClusterOptions& options() const;
  // A copy of the cluster, without clients, hook, fault plan and half-resized tables.
  std::unique_ptr<Cluster> Clone() const;

  // ---- Clients ----

  // A new connection to the process that listens at `endpoint`: of this cluster or, if there is
  // none, of the neighbour. UNAVAILABLE when no process listens there.
  absl::StatusOr<ClientId> Connect(const atestore::Endpoint& endpoint);
  // Appends what the process sends before it reads anything: at its limit of clients, an error,
  // after which it closes the connection. A server on sockets calls this first; Execute() and
  // Feed() imply it.
  Delivery Greet(ClientId client, std::string* replies);
  // Forgets a connection, open or closed.
  void Disconnect(ClientId client);
  // False once the process died, a fault closed it, or the client said QUIT.
  bool IsOpen(ClientId client) const;
  // False while the client's node hangs or is paused, so that Execute() would return kSilent.
  bool Answers(ClientId client) const;

  // The id of the node that answers on this connection, as in CLUSTER MYID.
  std::string NodeIdOf(ClientId client) const;

  // Executes one command (≥ 1 argument) and appends its reply in wire form. kSilent: the command is
  // dropped without being executed.
  Delivery Execute(ClientId client, std::span<const std::string_view> arguments,
                   std::string* replies);
  // Executes every complete command (RESP array or inline command) in the bytes left from earlier
  // calls followed by `bytes`, and appends the replies. After a protocol error it appends an error
  // reply and closes the connection, as a server does.
  Delivery Feed(ClientId client, std::string_view bytes, std::string* replies);

  // ---- Faults by schedule ----

  // `hook` runs before each command of a client, including the commands queued inside MULTI and
  // EXEC itself, but not while EXEC runs the queued commands. The hook may call any function of
  // this class, except Disconnect() of this client; Execute() on other clients does not run the
  // hook again. The command then runs in the state that the hook left. An empty function removes
  // the hook; the hook must not remove itself.
  void SetBetweenCommands(std::function<void(const NextCommand&)> hook);
  // Runs `plan` before each command of a client, after the hook. Replaces an earlier plan.
  void SetFaultPlan(const FaultPlan& plan);
  void ClearFaultPlan();
  // The number of faults that the plan has caused.
  size_t faults_done() const;
  // Causes one fault of this kind now, at a place drawn from the seed. FAILED_PRECONDITION when it
  // cannot happen in this state. A connection fault happens to `client`.
  absl::Status InjectFault(Fault fault, std::optional<ClientId> client = std::nullopt);
  // Causes this fault at the next command on `client`.
  void InjectConnectionFault(ClientId client, ConnectionFault fault);

  // ---- Topology ----

  // Key by key, as redis-cli --cluster reshard does: marks on the two nodes, keys, owner.
  absl::Status BeginMigration(atestore::Slot slot, NodeIndex destination);
  // Moves up to `keys_max` keys of an open slot; the result is the number moved.
  absl::StatusOr<size_t> MigrateKeys(atestore::Slot slot, size_t keys_max);
  // Moves the remaining keys and gives the slot to its destination.
  absl::Status FinishMigration(atestore::Slot slot);
  absl::Status AbortMigration(atestore::Slot slot, AbortMode mode);
  // Migrates the whole slot in one call.
  absl::Status MoveSlot(atestore::Slot slot, NodeIndex destination);

  // The atomic migration of Valkey ≥ 9: the destination imports hidden keys, then takes over.
  absl::Status BeginAtomicMigration(atestore::Slot slot, NodeIndex destination);
  absl::Status FinishAtomicMigration(atestore::Slot slot);
  absl::Status AbortAtomicMigration(atestore::Slot slot);

  // Promotes `replica`. After kForced the old primary stays dead until Restart().
  absl::Status Failover(NodeIndex replica, FailoverKind kind);
  // Ends the process of `node`; its connections close.
  absl::Status Kill(NodeIndex node);
  // Starts a new process for `node`, killing the old one if it is alive. Node id, address, slots
  // and epochs stay; run id and hash seed change. A primary's cluster state is fail for
  // options().rejoin_delay_ms; a replica copies its primary.
  absl::Status Restart(NodeIndex node, RestartMode mode);
  // Restarts `node` with its data as another server, like an in-place upgrade or downgrade:
  // version, tables and rules become those of `flavor`.
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
  // Cuts `node` off from gossip and replication, or reconnects it. An isolated node still answers
  // clients by its old view until Settle() makes it notice.
  absl::Status SetIsolated(NodeIndex node, bool isolated);
  // Drops the gossip that others send to `node`, while its own gossip arrives; or ends that.
  absl::Status SetDeaf(NodeIndex node, bool deaf);
  // Changes the settings of a node, dead or alive.
  absl::Status Configure(NodeIndex node, const NodeSettings& settings);
  // Makes `node` hang or resume. A hung node accepts connections but answers neither clients nor
  // nodes.
  absl::Status SetHung(NodeIndex node, bool hung);
  // Makes the process reload its data set. For `duration_ms` of virtual time, or until its data
  // change, it answers LOADING and holds only part of its keys, drawn from the seed. For keys of a
  // migrating slot that it has not loaded it answers ASK, as servers do.
  absl::Status Reload(NodeIndex node, int64_t duration_ms);
  // Restarts `node` at another address; the old one becomes free.
  absl::Status MoveAddress(NodeIndex node, const atestore::Endpoint& endpoint);
  // Ends every lasting effect of events: hung, paused, slow, deaf and isolated nodes, reloads, and
  // settings that differ from the defaults.
  void EndMisbehaviour();
  // Sets another cluster of the same network: Connect() finds its nodes at addresses where no node
  // of this cluster listens. It must outlive this cluster or be removed (nullptr).
  void SetNeighbour(Cluster* neighbour);
  // For `duration_ms` of virtual time, the process executes no command: clients wait for their
  // replies, as while a server runs a slow command (also DEBUG SLEEP). 0 ends it.
  absl::Status Pause(NodeIndex node, int64_t duration_ms);
  // A TcpFront executes each batch of commands that a client sends to the node so much later, as
  // over a slow network. Commands that are executed directly do not wait. 0 ends it.
  absl::Status SetReplyDelay(NodeIndex node, int64_t delay_ms);
  // The delay of the node that the client is connected to.
  int64_t ReplyDelayOf(ClientId client) const;
  // For `duration_ms` of virtual time, the node answers LOADING, or its cluster state is fail. 0
  // ends it.
  absl::Status SetLoading(NodeIndex node, int64_t duration_ms);
  absl::Status SetClusterDown(NodeIndex node, int64_t duration_ms);
  // Holds back the changes that a primary sends to `replica`; ending the pause delivers them.
  absl::Status SetReplicationPaused(NodeIndex replica, bool paused);
  // Makes the tables of a node begin to grow or shrink, so that two of them are visible.
  absl::Status ForceResize(NodeIndex node, ResizeDirection direction);

  // Delivers one gossip message from one node to another, drawn from the seed.
  void Gossip();
  // Delivers all gossip until no view changes, and lets nodes notice failures.
  void Settle();
  // Delivers all pending gossip to `node`; HasNewsFor() tells whether there is any.
  void DeliverNewsTo(NodeIndex node);
  bool HasNewsFor(NodeIndex node) const;

  // Virtual time in milliseconds. Only these two move it (and Fault::kDelay).
  int64_t now_ms() const;
  void AdvanceTime(int64_t duration_ms);

  // ---- Data, regardless of routing rules ----

  // Stores a string on the node that serves the key to clients, and on its replicas, even when the
  // node would answer CLUSTERDOWN or LOADING. FAILED_PRECONDITION when the slot has no owner.
  absl::Status Put(std::string_view key, std::string_view value);
  // The same with a type other than string; the emulator does not model its content.
  absl::Status PutTyped(std::string_view key, std::string_view value, ValueType type);
  // Removes a key. Returns whether it existed.
  bool Remove(std::string_view key);
  // Stores a string on this node alone: an orphan unless the node owns the slot.
  absl::Status PutOn(NodeIndex node, std::string_view key, std::string_view value);

  // ---- Inspection ----

  std::vector<NodeInfo> Nodes() const;
  NodeInfo Node(NodeIndex node) const;
  // Members that are primaries and alive, in the order of their handles.
  std::vector<NodeIndex> Primaries() const;
  std::vector<NodeIndex> ReplicasOf(NodeIndex primary) const;
  // The node whose process listens at `endpoint`; if none does, the newest node with that address.
  std::optional<NodeIndex> FindNode(const atestore::Endpoint& endpoint) const;
  // The living primary that owns `slot` in its own view (with the greatest epoch, if several do).
  std::optional<NodeIndex> OwnerOf(atestore::Slot slot) const;
  // Slots that are open (key by key) or being imported (atomically), ascending.
  std::vector<atestore::Slot> OpenSlots() const;
  std::vector<atestore::Slot> ImportingSlots() const;
  // Ground truth about one key. A key that a node holds while it loads its data set is unreachable,
  // whatever the node answers.
  KeyState StateOf(std::string_view key) const;
  // The keys that a client that follows every redirect could read now if no node were loading or
  // waiting to rejoin, sorted by key.
  std::vector<ReachableKey> ReachableKeys() const;
  // As above for one key; nullopt when no client can read it.
  std::optional<std::string> ReachableValue(std::string_view key) const;
  // How often the present process of `node` has executed a command, by its name in INFO
  // commandstats: "get", "restore-asking", "cluster|setslot".
  uint64_t Calls(NodeIndex node, std::string_view command) const;

  // A hash of everything that a client can learn about `node`, now or by waiting, if the node gets
  // no writes or gossip: role, view, marks, process, data, remaining time of loading or down.
  // Excludes the order of keys in its tables, counters except that of CLUSTER SETSLOT, and
  // connections.
  uint64_t Fingerprint(NodeIndex node) const;
  // The same for all nodes and the gossip between them: from states with equal fingerprints, equal
  // events lead to equal fingerprints. O(keys).
  uint64_t Fingerprint() const;

  // One line per event (topology, gossip, fault), with its virtual time, oldest first. Commands and
  // AdvanceTime() are not logged.
  const std::vector<std::string>& event_log() const;

 private:
  explicit Cluster(std::unique_ptr<ClusterState> state);
  absl::StatusOr<ClientId> ConnectAbroad(const atestore::Endpoint& endpoint);

  std::unique_ptr<ClusterState> state_;
};

}  // namespace mockcluster::inline v0
