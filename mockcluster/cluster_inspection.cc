#include "mockcluster/cluster.h"
#include "mockcluster/commands/command_table.h"
#include "mockcluster/events/migration.h"
#include "mockcluster/node/atomic_migration.h"
#include "mockcluster/node/cluster_state.h"
#include "mockcluster/node/data.h"
#include "mockcluster/node/ownership.h"
#include "mockcluster/node/preconditions.h"

// The parts of Cluster that look at nodes and put data into them.
namespace mockcluster::inline v0 {

absl::Status Cluster::Put(std::string_view key, std::string_view value) {
  return PutTyped(key, value, ValueType::kString);
}

absl::Status Cluster::PutTyped(std::string_view key, std::string_view value, ValueType type) {
  auto* node = FindServing(*state_, key);
  if (node == nullptr) {
    return Refused("put",
                   "slot " + std::to_string(atestore::KeySlot(key)) + " has no owner in reach");
  }
  StoreRecord(*state_, *node,
              {.key = std::string(key),
               .value = type == ValueType::kString ? std::string(value) : std::string(),
               .type = type,
               .expires_at_ms = std::nullopt});
  return absl::OkStatus();
}

absl::Status Cluster::PutOn(NodeIndex index, std::string_view key, std::string_view value) {
  if (absl::Status alive = ExpectAlive(*state_, index, "put"); !alive.ok()) return alive;
  StoreString(*state_, state_->node(index), key, value, std::nullopt);
  return absl::OkStatus();
}

bool Cluster::Remove(std::string_view key) {
  auto* node = FindServing(*state_, key);
  return node != nullptr && mockcluster::Remove(*state_, *node, key);
}

NodeInfo Cluster::Node(NodeIndex index) const {
  const mockcluster::Node& node = state_->node(index);
  NodeInfo info{.index = index,
                .id = node.id,
                .run_id = node.last_run_id,
                .endpoint = node.endpoint,
                .flavor = node.flavor,
                .settings = node.settings,
                .alive = node.process != nullptr,
                .hung = node.hung,
                .member = node.member,
                .primary = node.view.me().primary,
                .config_epoch = node.view.me().config_epoch};
  if (node.process != nullptr) {
    Keyspace& keyspace = *node.process->keyspace;
    info.keys = keyspace.Size();
    const auto& imports =
        info.primary ? state_->node(*info.primary).hidden_imports : node.hidden_imports;
    for (const auto& [slot, source] : imports) info.keys += keyspace.CountInSlot(slot);
  }
  return info;
}

std::vector<NodeInfo> Cluster::Nodes() const {
  std::vector<NodeInfo> nodes;
  for (const auto& node : state_->nodes) nodes.push_back(Node(node->index));
  return nodes;
}

std::vector<NodeIndex> Cluster::Primaries() const {
  std::vector<NodeIndex> primaries;
  for (const auto& node : state_->nodes) {
    if (node->member && node->process && !node->view.IsReplica()) primaries.push_back(node->index);
  }
  return primaries;
}

std::vector<NodeIndex> Cluster::ReplicasOf(NodeIndex primary) const {
  std::vector<NodeIndex> replicas;
  for (const auto& node : state_->nodes) {
    if (node->member && node->process && node->view.me().primary == primary) {
      replicas.push_back(node->index);
    }
  }
  return replicas;
}

std::optional<NodeIndex> Cluster::FindNode(const atestore::Endpoint& endpoint) const {
  std::optional<NodeIndex> found;
  for (const auto& node : state_->nodes) {
    if (node->endpoint != endpoint) continue;
    if (node->process != nullptr) return node->index;
    found = node->index;
  }
  return found;
}

std::optional<NodeIndex> Cluster::OwnerOf(Slot slot) const { return FindOwner(*state_, slot); }

std::vector<Slot> Cluster::OpenSlots() const { return FindOpenSlots(*state_); }

std::vector<Slot> Cluster::ImportingSlots() const { return FindImportingSlots(*state_); }

uint64_t Cluster::Calls(NodeIndex index, std::string_view name) const {
  const mockcluster::Node& node = state_->node(index);
  if (node.process == nullptr) return 0;
  for (const Command& command : AllCommands()) {
    if (command.name == name) return node.process->counter(command.index).calls;
  }
  return 0;
}

}  // namespace mockcluster::inline v0
