#include "store/embedded/embedded_transport.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/lost_reply.h"
#include "core/resp.h"
#include "core/status.h"
#include "store/shard_transport.h"
#include "store/transport/request_queue.h"
#include "store/transport/wrong_node.h"

namespace atestore::inline v0 {

std::vector<Endpoint> EmbeddedCluster::Endpoints() {
  return With([](mockcluster::Cluster& cluster) {
    std::vector<Endpoint> endpoints;
    for (const mockcluster::NodeInfo& node : cluster.Nodes()) {
      if (node.alive && node.member) endpoints.push_back(node.endpoint);
    }
    return endpoints;
  });
}

// The connections of one transport, by node. All but the constructor needs the cluster for itself.
class EmbeddedTransport::Connections {
 public:
  // After a connection was lost while nobody waited for a reply on it.
  enum class AfterLoss { kReconnect, kFailOneRequest };

  Connections(std::shared_ptr<EmbeddedCluster> cluster, AfterLoss after_loss)
      : cluster_(std::move(cluster)), after_loss_(after_loss) {}
  ~Connections() {
    cluster_->With([this](mockcluster::Cluster& cluster) {
      for (const auto& [endpoint, connection] : connections_) cluster.Disconnect(connection.client);
    });
  }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  const std::shared_ptr<EmbeddedCluster>& cluster() const { return cluster_; }

  // Why there is no (further) reply.
  absl::Status Execute(mockcluster::Cluster& cluster, size_t index, const ShardRequest& request,
                       ReplyObserver& observer);

 private:
  struct Connection {
    mockcluster::ClientId client;
    std::string node_id;  // of who answers
    std::unique_ptr<RespReader> reader;
  };

  absl::StatusOr<Connection*> Connect(mockcluster::Cluster& cluster, const Endpoint& endpoint);
  void Close(mockcluster::Cluster& cluster, const Endpoint& endpoint);

  const std::shared_ptr<EmbeddedCluster> cluster_;
  const AfterLoss after_loss_;
  std::map<Endpoint, Connection> connections_;
};

absl::Status EmbeddedTransport::Connections::Execute(mockcluster::Cluster& cluster, size_t index,
                                                     const ShardRequest& request,
                                                     ReplyObserver& observer) {
  absl::StatusOr<Connection*> connection = Connect(cluster, request.endpoint);
  if (!connection.ok()) return MarkNotSent(connection.status());
  if (!request.node_id.empty() && request.node_id != (*connection)->node_id) {
    return MarkNotSent(WrongNodeError(request, (*connection)->node_id));
  }
  std::string bytes;
  cluster.Feed((*connection)->client, request.pipeline.bytes(), &bytes);
  RespReader& reader = *(*connection)->reader;
  reader.Feed(bytes);
  absl::Status failure;
  for (size_t command = 0; command < request.pipeline.size() && failure.ok(); ++command) {
    absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
    if (!reply.ok()) {
      failure = reply.status();
    } else if (!reply->has_value()) {
      const std::string node = absl::StrCat("node ", ToString(request.endpoint));
      failure = cluster.IsOpen((*connection)->client)
                    ? DeadlineExceededError(absl::StrCat(node, ": no reply before the deadline"))
                    : MarkLostReply(UnavailableError(absl::StrCat(node, ": connection closed")),
                                    reader.buffered_bytes());
    } else {
      observer.OnReply(index, command, **reply);
    }
  }
  // A connection that was lost after its last reply stays, closed: Connect() sees to it.
  if (!failure.ok()) Close(cluster, request.endpoint);
  return failure;
}

absl::StatusOr<EmbeddedTransport::Connections::Connection*> EmbeddedTransport::Connections::Connect(
    mockcluster::Cluster& cluster, const Endpoint& endpoint) {
  auto found = connections_.find(endpoint);
  if (found != connections_.end() && cluster.IsOpen(found->second.client)) return &found->second;
  if (found != connections_.end()) {
    Close(cluster, endpoint);
    if (after_loss_ == AfterLoss::kFailOneRequest) {
      return UnavailableError(absl::StrCat(ToString(endpoint), ": the connection was lost"));
    }
  }
  absl::StatusOr<mockcluster::ClientId> client = cluster.Connect(endpoint);
  if (!client.ok()) return client.status();
  Connection connection{.client = *client,
                        .node_id = cluster.NodeIdOf(*client),
                        .reader = std::make_unique<RespReader>()};
  return &connections_.emplace(endpoint, std::move(connection)).first->second;
}

void EmbeddedTransport::Connections::Close(mockcluster::Cluster& cluster,
                                           const Endpoint& endpoint) {
  auto found = connections_.find(endpoint);
  cluster.Disconnect(found->second.client);
  connections_.erase(found);
}

EmbeddedTransport::EmbeddedTransport(std::shared_ptr<EmbeddedCluster> cluster)
    : EmbeddedTransport(
          std::make_unique<Connections>(std::move(cluster), Connections::AfterLoss::kReconnect)) {}

EmbeddedTransport::EmbeddedTransport(std::unique_ptr<Connections> connections)
    : connections_(std::move(connections)) {}

EmbeddedTransport::~EmbeddedTransport() = default;

std::unique_ptr<ShardTransport> EmbeddedTransport::Exclusive() {
  return std::unique_ptr<ShardTransport>(new EmbeddedTransport(std::make_unique<Connections>(
      connections_->cluster(), Connections::AfterLoss::kFailOneRequest)));
}

void EmbeddedTransport::Execute(std::span<const ShardRequest> requests, absl::Time,
                                ReplyObserver& observer) {
  RequestQueue queue(requests);
  for (size_t index = 0; index < queue.size(); ++index) {
    if (observer.Abandon()) {
      observer.OnFailure(
          index, MarkNotSent(DeadlineExceededError("the caller waits no longer for a reply")));
      continue;
    }
    absl::Status status = connections_->cluster()->With([&](mockcluster::Cluster& cluster) {
      return connections_->Execute(cluster, index, queue[index], observer);
    });
    status.ok() ? queue.Append(observer.More()) : observer.OnFailure(index, status);
  }
}

}  // namespace atestore::inline v0
