#include "mockcluster/commands/limits.h"

#include <algorithm>

#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

bool IsOutOfMemory(const Node& node) {
  const uint64_t bytes_max = node.settings.memory_bytes_max;
  return bytes_max != 0 && UsedMemory(*node.process) > bytes_max;
}

// Needs memory itself or, on Redis 7.0, by being queued.
bool NeedsMemory(const Node& node, const Client& client, const Command& command) {
  if (command.name == "exec") {
    return std::any_of(client.queue.begin(), client.queue.end(),
                       [](const QueuedCommand& queued) { return queued.command->Has(kDenyOom); });
  }
  if (command.Has(kDenyOom)) return true;
  return client.in_multi && !command.Has(kNotQueued) && node.traits().queueing_needs_memory;
}

}  // namespace

std::optional<std::string_view> FindLimit(const ClusterState& state, const Node& node,
                                          const Client& client, const Command& command,
                                          bool is_write) {
  const NodeSettings& settings = node.settings;
  if (IsOutOfMemory(node) && NeedsMemory(node, client, command)) {
    return "OOM command not allowed when used memory > 'maxmemory'.";
  }
  if (node.view.IsReplica()) return std::nullopt;
  if (settings.saving_fails && settings.stop_writes_on_save_error &&
      (is_write || command.name == "ping")) {
    return node.traits().save_error;
  }
  if (is_write && settings.replicas_to_write_min > GoodReplicas(state, node)) {
    return "NOREPLICAS Not enough good replicas to write.";
  }
  return std::nullopt;
}

std::optional<std::string_view> FindConnectionLimit(const ClusterState& state, const Node& node) {
  // A link in either direction to every other node.
  uint64_t connections = 0;
  for (const PeerView& peer : node.view.peers) connections += peer.known ? 2 : 0;
  connections -= 2;
  if (connections + state.clients.size() < node.settings.clients_max) return std::nullopt;
  for (const auto& [id, client] : state.clients) {
    if (client->neighbour_client || client->node != node.index) continue;
    connections += state.IsOpen(*client) ? 1 : 0;
  }
  if (connections < node.settings.clients_max) return std::nullopt;
  return "ERR max number of clients + cluster connections reached";
}

uint64_t UsedMemory(const Process& process) {
  constexpr uint64_t kEmptyBytes = 1'000'000;
  constexpr uint64_t kKeyBytes = 100;
  return kEmptyBytes + process.keyspace->Size() * kKeyBytes;
}

}  // namespace mockcluster::inline v0
