#include "mockcluster/cluster_state.h"

#include <utility>

namespace mockcluster {

Client* ClusterState::FindClient(ClientId id) const {
  size_t position = static_cast<size_t>(id);
  return position < clients.size() ? clients[position].get() : nullptr;
}

std::optional<NodeIndex> ClusterState::FindKnownId(const ClusterView& view,
                                                   std::string_view id) const {
  for (size_t position = 0; position < view.peers.size(); ++position) {
    if (view.peers[position].known && nodes[position]->id == id) {
      return static_cast<NodeIndex>(position);
    }
  }
  return std::nullopt;
}

bool ClusterState::IsOpen(const Client& client) const {
  const Process* process = node(client.node).process.get();
  return !client.closed && process != nullptr && process->serial == client.process_serial;
}

void ClusterState::Log(std::string line) {
  log.push_back(std::to_string(now_ms) + " " + std::move(line));
}

std::string LogName(NodeIndex node) { return "n" + std::to_string(Position(node)); }

}  // namespace mockcluster
