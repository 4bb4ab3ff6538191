#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mockcluster/cluster.h"
#include "mockcluster/node/cluster_state.h"
#include "mockcluster/node/lifecycle.h"
#include "mockcluster/node/preconditions.h"

// Addresses that change hands: nodes that move, and nodes of another cluster behind one of ours.
namespace mockcluster::inline v0 {

void Cluster::SetNeighbour(Cluster* neighbour) { state_->neighbour = neighbour; }

absl::StatusOr<ClientId> Cluster::ConnectAbroad(const atestore::Endpoint& endpoint) {
  Cluster* neighbour = state_->neighbour;
  const std::optional<NodeIndex> index =
      neighbour != nullptr ? neighbour->FindNode(endpoint) : std::nullopt;
  if (!index || !neighbour->Node(*index).alive) {
    return absl::UnavailableError(
        absl::StrCat("connection refused by ", endpoint.host, ":", endpoint.port));
  }
  absl::StatusOr<ClientId> neighbour_client = neighbour->Connect(endpoint);
  if (!neighbour_client.ok()) return neighbour_client;
  Client& client = state_->AddClient();
  client.neighbour_client = *neighbour_client;
  return client.id;
}

std::string Cluster::NodeIdOf(ClientId id) const {
  const Client* client = state_->FindClient(id);
  if (client == nullptr) return {};
  if (client->neighbour_client) return state_->neighbour->NodeIdOf(*client->neighbour_client);
  return state_->node(client->node).id;
}

absl::Status Cluster::MoveAddress(NodeIndex index, const atestore::Endpoint& endpoint) {
  constexpr std::string_view kEvent = "move-address";
  auto& node = state_->node(index);
  if (!node.member) return Refused(kEvent, LogName(index) + " left the cluster");
  for (const auto& other : state_->nodes) {
    if (other->index != index && other->process != nullptr && other->endpoint == endpoint) {
      return Refused(kEvent, LogName(other->index) + " listens there");
    }
  }
  node.endpoint = endpoint;
  state_->Log(
      absl::StrCat("move-address ", LogName(index), " to ", endpoint.host, ":", endpoint.port));
  return mockcluster::Restart(*state_, index, RestartMode::kKeepData);
}

}  // namespace mockcluster::inline v0
