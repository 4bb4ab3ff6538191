#include "mockcluster/cluster.h"

#include <cmath>
#include <utility>

#include "mockcluster/commands/command_table.h"
#include "mockcluster/commands/dispatch.h"
#include "mockcluster/commands/limits.h"
#include "mockcluster/events/faults.h"
#include "mockcluster/events/migration.h"
#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/client_pause.h"
#include "mockcluster/node/cluster_state.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/failover.h"
#include "mockcluster/node/gossip.h"
#include "mockcluster/node/interventions.h"
#include "mockcluster/node/lifecycle.h"
#include "mockcluster/node/reload.h"

namespace mockcluster::inline v0 {
namespace {

using atestore::kSlotCount;

// Rounds as redis-cli --cluster create does: 0-5460, 5461-10922, 10923-16383 for three.
void SpreadSlots(ClusterState& state) {
  const size_t primaries = state.options.primaries;
  const double share = static_cast<double>(kSlotCount) / static_cast<double>(primaries);
  double cursor = 0;
  size_t first = 0;
  for (size_t index = 0; index < primaries; ++index) {
    size_t last = static_cast<size_t>(std::lround(cursor + share - 1));
    if (index + 1 == primaries || last >= kSlotCount) last = kSlotCount - 1;
    Node& node = *state.nodes[index];
    node.view.owners.SetRun({static_cast<Slot>(first), static_cast<Slot>(last), node.index});
    for (size_t slot = first; slot <= last && state.options.synthetic; ++slot) {
      node.process->keyspace->SetSlotGenerated(static_cast<Slot>(slot));
    }
    node.view.peer(node.index).config_epoch = index + 1;
    node.view.current_epoch = primaries;
    first = last + 1;
    cursor += share;
  }
}

void Build(ClusterState& state) {
  const size_t primaries = state.options.primaries;
  const size_t nodes = primaries * (1 + state.options.replicas_per_primary);
  for (size_t index = 0; index < nodes; ++index) {
    uint16_t port = static_cast<uint16_t>(state.options.base_port + state.next_port++);
    CreateNode(state, {state.options.host, port});
  }
  SpreadSlots(state);
  for (size_t index = primaries; index < nodes; ++index) {
    NodeIndex primary = static_cast<NodeIndex>((index - primaries) % primaries);
    BecomeReplica(state, *state.nodes[index], primary, /*has_its_data=*/false);
  }
  SettleViews(state);
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options) : state_(std::make_unique<ClusterState>(options)) {
  Build(*state_);
}

Cluster::~Cluster() = default;

const ClusterOptions& Cluster::options() const { return state_->options; }

absl::StatusOr<ClientId> Cluster::Connect(const atestore::Endpoint& endpoint) {
  std::optional<NodeIndex> index = FindNode(endpoint);
  if (!index || state_->node(*index).process == nullptr) return ConnectAbroad(endpoint);
  const mockcluster::Node& node = state_->node(*index);
  const std::optional<std::string_view> refusal = FindConnectionLimit(*state_, node);
  ++node.process->connections;
  node.process->connections_rejected += refusal ? 1 : 0;
  Client& client = state_->AddClient();
  client.node = *index;
  client.refusal = refusal;
  client.process_serial = node.process->serial;
  return client.id;
}

Delivery Cluster::Greet(ClientId id, std::string* replies) {
  Client* client = state_->FindClient(id);
  if (client == nullptr) return Delivery::kClosed;
  if (client->neighbour_client) return state_->neighbour->Greet(*client->neighbour_client, replies);
  if (!state_->IsOpen(*client)) return Delivery::kClosed;
  return Refuse(*client, replies) ? Delivery::kClosed : Delivery::kReplied;
}

void Cluster::Disconnect(ClientId id) {
  Client* client = state_->FindClient(id);
  if (client == nullptr) return;
  if (client->neighbour_client) {
    if (state_->neighbour != nullptr) state_->neighbour->Disconnect(*client->neighbour_client);
  } else {
    Unwatch(*state_, *client);
  }
  state_->clients.erase(id);
}

bool Cluster::IsOpen(ClientId id) const {
  const Client* client = state_->FindClient(id);
  if (client == nullptr) return false;
  if (client->neighbour_client) return state_->neighbour->IsOpen(*client->neighbour_client);
  return state_->IsOpen(*client);
}

bool Cluster::Answers(ClientId id) const {
  const Client* client = state_->FindClient(id);
  if (client == nullptr) return true;
  if (client->neighbour_client) return state_->neighbour->Answers(*client->neighbour_client);
  const mockcluster::Node& node = state_->node(client->node);
  if (node.hung || (client->paused && IsPaused(*state_, node, PauseOf::kWrites))) return false;
  return node.process == nullptr || state_->now_ms >= node.process->busy_until_ms;
}

Delivery Cluster::Execute(ClientId id, std::span<const std::string_view> arguments,
                          std::string* replies) {
  Client* client = state_->FindClient(id);
  if (client == nullptr) return Delivery::kClosed;
  if (client->neighbour_client)
    return state_->neighbour->Execute(*client->neighbour_client, arguments, replies);
  return ExecuteCommand(*state_, *client, arguments, replies);
}

Delivery Cluster::Feed(ClientId id, std::string_view bytes, std::string* replies) {
  Client* client = state_->FindClient(id);
  if (client == nullptr) return Delivery::kClosed;
  if (client->neighbour_client)
    return state_->neighbour->Feed(*client->neighbour_client, bytes, replies);
  return FeedBytes(*state_, *client, bytes, replies);
}

void Cluster::SetBetweenCommands(std::function<void(const NextCommand&)> hook) {
  state_->hook = std::move(hook);
}

void Cluster::SetFaultPlan(const FaultPlan& plan) { BeginFaultPlan(*state_, plan); }

void Cluster::ClearFaultPlan() { state_->faults.reset(); }

size_t Cluster::faults_done() const { return state_->faults ? state_->faults->done : 0; }

absl::Status Cluster::InjectFault(Fault fault, std::optional<ClientId> client) {
  return CauseFault(*state_, state_->random, fault, client);
}

void Cluster::InjectConnectionFault(ClientId id, ConnectionFault fault) {
  if (Client* client = state_->FindClient(id)) client->fault = fault;
}

absl::Status Cluster::BeginMigration(Slot slot, NodeIndex destination) {
  return mockcluster::BeginMigration(*state_, slot, destination);
}

absl::StatusOr<size_t> Cluster::MigrateKeys(Slot slot, size_t keys_max) {
  return mockcluster::MigrateKeys(*state_, slot, keys_max);
}

absl::Status Cluster::FinishMigration(Slot slot) {
  return mockcluster::FinishMigration(*state_, slot);
}

absl::Status Cluster::AbortMigration(Slot slot, AbortMode mode) {
  return mockcluster::AbortMigration(*state_, slot, mode);
}

absl::Status Cluster::MoveSlot(Slot slot, NodeIndex destination) {
  absl::Status begun = BeginMigration(slot, destination);
  return begun.ok() ? FinishMigration(slot) : begun;
}

absl::Status Cluster::BeginAtomicMigration(Slot slot, NodeIndex destination) {
  return mockcluster::BeginAtomicMigration(*state_, slot, destination);
}

absl::Status Cluster::FinishAtomicMigration(Slot slot) {
  return mockcluster::FinishAtomicMigration(*state_, slot);
}

absl::Status Cluster::AbortAtomicMigration(Slot slot) {
  return mockcluster::AbortAtomicMigration(*state_, slot);
}

absl::Status Cluster::Failover(NodeIndex replica, FailoverKind kind) {
  return mockcluster::Failover(*state_, replica, kind);
}

absl::Status Cluster::Kill(NodeIndex node) { return mockcluster::Kill(*state_, node); }

absl::Status Cluster::Restart(NodeIndex node, RestartMode mode) {
  return mockcluster::Restart(*state_, node, mode);
}

absl::Status Cluster::RestartAs(NodeIndex node, Flavor flavor) {
  return mockcluster::RestartAs(*state_, node, flavor);
}

absl::Status Cluster::Save(NodeIndex node) { return mockcluster::Save(*state_, node); }

absl::StatusOr<NodeIndex> Cluster::AddNode(std::optional<NodeIndex> primary) {
  return mockcluster::AddNode(*state_, primary);
}

absl::Status Cluster::RemoveNode(NodeIndex node) { return mockcluster::RemoveNode(*state_, node); }

absl::StatusOr<NodeIndex> Cluster::ReplaceAtAddress(NodeIndex dead) {
  return mockcluster::ReplaceAtAddress(*state_, dead);
}

absl::Status Cluster::UnassignSlot(Slot slot) { return mockcluster::UnassignSlot(*state_, slot); }

absl::Status Cluster::AssignSlot(Slot slot, NodeIndex node) {
  return mockcluster::AssignSlot(*state_, slot, node);
}

absl::Status Cluster::SetIsolated(NodeIndex node, bool isolated) {
  return mockcluster::SetIsolated(*state_, node, isolated);
}

absl::Status Cluster::SetDeaf(NodeIndex node, bool deaf) {
  return mockcluster::SetDeaf(*state_, node, deaf);
}

absl::Status Cluster::Configure(NodeIndex node, const NodeSettings& settings) {
  return mockcluster::Configure(*state_, node, settings);
}

absl::Status Cluster::SetHung(NodeIndex node, bool hung) {
  return mockcluster::SetHung(*state_, node, hung);
}

absl::Status Cluster::Reload(NodeIndex node, int64_t duration_ms) {
  return mockcluster::Reload(*state_, node, duration_ms);
}

void Cluster::EndMisbehaviour() { mockcluster::EndMisbehaviour(*state_); }

absl::Status Cluster::SetLoading(NodeIndex node, int64_t duration_ms) {
  return mockcluster::SetLoading(*state_, node, duration_ms);
}

absl::Status Cluster::SetClusterDown(NodeIndex node, int64_t duration_ms) {
  return mockcluster::SetClusterDown(*state_, node, duration_ms);
}

absl::Status Cluster::SetReplicationPaused(NodeIndex replica, bool paused) {
  return mockcluster::SetReplicationPaused(*state_, replica, paused);
}

absl::Status Cluster::ForceResize(NodeIndex node, ResizeDirection direction) {
  return mockcluster::ForceResize(*state_, node, direction);
}

void Cluster::Gossip() { GossipOnce(*state_); }

void Cluster::Settle() {
  SettleViews(*state_);
  state_->Log("settle");
}

absl::Status Cluster::Pause(NodeIndex node, int64_t duration_ms) {
  return mockcluster::Pause(*state_, node, duration_ms);
}

absl::Status Cluster::SetReplyDelay(NodeIndex node, int64_t delay_ms) {
  return mockcluster::SetReplyDelay(*state_, node, delay_ms);
}

int64_t Cluster::ReplyDelayOf(ClientId client) const {
  const Client* found = state_->FindClient(client);
  if (found == nullptr || found->neighbour_client) return 0;
  return state_->node(found->node).reply_delay_ms;
}

int64_t Cluster::now_ms() const { return state_->now_ms; }

void Cluster::AdvanceTime(int64_t duration_ms) { mockcluster::AdvanceTime(*state_, duration_ms); }

const std::vector<std::string>& Cluster::event_log() const { return state_->log; }

}  // namespace mockcluster::inline v0
