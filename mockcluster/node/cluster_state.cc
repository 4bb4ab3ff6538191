#include "mockcluster/node/cluster_state.h"

#include <utility>

namespace mockcluster::inline v0 {

Client& ClusterState::AddClient() {
  auto client = std::make_unique<Client>();
  client->id = static_cast<ClientId>(next_client++);
  return *clients.emplace(client->id, std::move(client)).first->second;
}

Client* ClusterState::FindClient(ClientId id) const {
  auto found = clients.find(id);
  return found == clients.end() ? nullptr : found->second.get();
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

void ClusterState::Log(std::string line) {
  log.push_back(std::to_string(now_ms) + " " + std::move(line));
}

std::string LogName(NodeIndex node) { return "n" + std::to_string(Position(node)); }

}  // namespace mockcluster::inline v0
