#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/page_token.h"
#include "store/actor_store.h"
#include "store/cluster_client.h"
#include "store/listing.h"

namespace atestore {

// The listings of ActorStore: what they validate, how tokens become positions and records become
// protobuf messages. Thread-safe. The client must outlive it.
class ActorListing {
 public:
  ActorListing(ClusterClient& client, const StoreOptions& options);

  absl::StatusOr<ActorPage> ListActors(const ateapi::ListActorsRequest& request,
                                       const CallOptions& call, ActorPage recycled);
  absl::StatusOr<SerializedActorPage> ListActorsSerialized(const ateapi::ListActorsRequest& request,
                                                           const CallOptions& call);
  // The listing must outlive the reader.
  absl::StatusOr<std::unique_ptr<ActorReader>> ReadActors(const ateapi::ListActorsRequest& request,
                                                          const CallOptions& call);
  absl::StatusOr<std::vector<ateapi::Atespace>> ListAtespaces(const CallOptions& call);
  absl::StatusOr<std::vector<ateapi::Worker>> ListWorkers(const CallOptions& call);
  // True when an atespace has an actor, readable or not. Walks the cluster until it finds one.
  absl::StatusOr<bool> HasActors(std::string_view atespace, const CallOptions& call);
  // The keys of all records of the three kinds, readable or not.
  absl::StatusOr<std::vector<std::string>> ListKeys(const CallOptions& call);

 private:
  absl::StatusOr<Position> PositionOf(const ateapi::ListActorsRequest& request) const;
  // INVALID_ARGUMENT.
  absl::StatusOr<ListingRequest> FirstPageOf(const ateapi::ListActorsRequest& request) const;

  Listing listing_;
  const PageTokenCodec tokens_;
  const size_t page_bytes_max_;
  const std::function<void(std::string_view, const absl::Status&)> on_unreadable_;
};

}  // namespace atestore
