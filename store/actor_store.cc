#include "store/actor_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/advanced.h"
#include "store/cluster/clock.h"
#include "store/cluster/cluster_client.h"
#include "store/cluster/health_check.h"
#include "store/error_info.h"
#include "store/listing/actor_listing.h"
#include "store/listing/store_check.h"
#include "store/records/record_change.h"
#include "store/records/records.h"

namespace atestore::inline v0 {
class ActorStore::Impl {
 public:
  Impl(std::unique_ptr<ShardTransport> transport, const StoreOptions& options,
       const PageTokenCodec& tokens)
      : transport_(std::move(transport)),
        client_(*transport_, clock_, options.seeds,
                {.budget = options.retry_budget,
                 .seed = options.jitter_seed,
                 .on_wait = options.on_retry},
                options.on_foreign_node),
        records_(client_),
        listing_(client_, options, tokens) {}

  ClusterClient& client() { return client_; }
  Records& records() { return records_; }
  ActorListing& listing() { return listing_; }
  // Nobody waits longer for the health of a cluster.
  absl::Time HealthDeadline(const CallOptions& call) {
    constexpr absl::Duration kPatience = absl::Seconds(5);
    return std::min(call.deadline, clock_.Now() + kPatience);
  }

 private:
  SystemClock clock_;
  const std::unique_ptr<ShardTransport> transport_;
  ClusterClient client_;
  Records records_;
  ActorListing listing_;
};

absl::StatusOr<std::unique_ptr<ActorStore>> ActorStore::Open(
    std::unique_ptr<ShardTransport> transport, const StoreOptions& options) {
  absl::StatusOr<PageTokenCodec> tokens = CheckStore(transport.get(), options);
  if (!tokens.ok()) return tokens.status();
  auto impl = std::make_unique<Impl>(std::move(transport), options, *tokens);
  return std::unique_ptr<ActorStore>(new ActorStore(std::move(impl)));
}

ActorStore::ActorStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ActorStore::~ActorStore() = default;

absl::StatusOr<ActorPage> ActorStore::ListActors(const ateapi::ListActorsRequest& request,
                                                 const CallOptions& call) {
  return WithReason(impl_->listing().ListPage(request, call, ActorPage()));
}

absl::StatusOr<std::unique_ptr<ActorReader>> ActorStore::ReadActors(
    const ateapi::ListActorsRequest& request, const CallOptions& call) {
  return WithReason(impl_->listing().ReadPages<ActorPage>(request, call));
}

ActorRange ActorStore::Actors(const ateapi::ListActorsRequest& request, const CallOptions& call) {
  return ActorRange(ReadActors(request, call), request.page_token());
}

absl::StatusOr<ActorCounts> ActorStore::CountActors(const ateapi::CountActorsRequest& request,
                                                    const CallOptions& call) {
  return WithReason(impl_->listing().Count(request, call));
}

absl::StatusOr<std::vector<std::string>> ActorStore::PartitionActors(
    const ateapi::PartitionActorsRequest& request, const CallOptions& call) {
  return WithReason(impl_->listing().Partition(request, call));
}

absl::StatusOr<std::unique_ptr<WideActorReader>> ActorStore::ReadActorsWide(
    const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call) {
  return WithReason(impl_->listing().ReadWide<ActorPage>(request, wide, call));
}

absl::StatusOr<ateapi::Actor> ActorStore::GetActor(const ateapi::ActorRef& ref,
                                                   const CallOptions& call) {
  return WithReason(impl_->records().GetActor(ref, call));
}

absl::StatusOr<ateapi::Actor> ActorStore::CreateActor(const ateapi::CreateActorRequest& request,
                                                      const CallOptions& call) {
  return WithReason(impl_->records().CreateActor(request, call));
}

absl::StatusOr<ateapi::Actor> ActorStore::UpdateActor(const ateapi::UpdateActorRequest& request,
                                                      const CallOptions& call) {
  return WithReason(impl_->records().UpdateActor(request, call));
}

absl::Status ActorStore::DeleteActor(const ateapi::ActorRef& ref, const CallOptions& call) {
  return WithReason(impl_->records().DeleteActor(ref, call));
}

absl::StatusOr<ateapi::Atespace> ActorStore::CreateAtespace(std::string_view name,
                                                            const CallOptions& call) {
  return WithReason(impl_->records().CreateAtespace(name, call));
}

absl::StatusOr<ateapi::Atespace> ActorStore::GetAtespace(std::string_view name,
                                                         const CallOptions& call) {
  return WithReason(impl_->records().GetAtespace(name, call));
}

absl::Status ActorStore::DeleteAtespace(std::string_view name, const CallOptions& call) {
  auto is_empty = [&]() -> absl::StatusOr<bool> {
    absl::StatusOr<bool> has_actors = impl_->listing().HasActors(name, call);
    if (!has_actors.ok()) return has_actors.status();
    return !*has_actors;
  };
  return WithReason(impl_->records().DeleteAtespace(name, is_empty, call));
}

absl::StatusOr<AtespacePage> ActorStore::ListAtespaces(const ateapi::ListAtespacesRequest& request,
                                                       const CallOptions& call) {
  return WithReason(impl_->listing().ListAtespaces(request, call));
}

absl::StatusOr<WorkerPage> ActorStore::ListWorkers(const ateapi::ListWorkersRequest& request,
                                                   const CallOptions& call) {
  return WithReason(impl_->listing().ListWorkers(request, call));
}

absl::Status ActorStore::DebugClear(const CallOptions& call) {
  absl::StatusOr<std::vector<std::string>> keys = impl_->listing().ListKeys(call);
  if (!keys.ok()) return WithReason(keys.status());
  for (const std::string& key : *keys) {
    absl::Status removed = RemoveRecord(impl_->client(), key, call);
    if (!removed.ok()) return WithReason(removed);
  }
  return absl::OkStatus();
}

absl::Status ActorStore::CheckHealth(const CallOptions& call) {
  return WithReason(CheckCluster(impl_->client(), impl_->HealthDeadline(call)));
}

absl::StatusOr<std::vector<ShardHealth>> ActorStore::CheckShards(const CallOptions& call) {
  return WithReason(atestore::CheckShards(impl_->client(), impl_->HealthDeadline(call)));
}

AdvancedReads::AdvancedReads(ActorStore& store) : store_(store.impl_.get()) {}

absl::StatusOr<ActorPage> AdvancedReads::ListActors(const ateapi::ListActorsRequest& request,
                                                    const CallOptions& call, ActorPage recycled) {
  return WithReason(store_->listing().ListPage(request, call, std::move(recycled)));
}

absl::StatusOr<SerializedActorPage> AdvancedReads::ListActorsSerialized(
    const ateapi::ListActorsRequest& request, const CallOptions& call,
    SerializedActorPage recycled) {
  return WithReason(store_->listing().ListPage(request, call, std::move(recycled)));
}

absl::StatusOr<std::unique_ptr<SerializedActorReader>> AdvancedReads::ReadActorsSerialized(
    const ateapi::ListActorsRequest& request, const CallOptions& call) {
  return WithReason(store_->listing().ReadPages<SerializedActorPage>(request, call));
}

absl::StatusOr<std::unique_ptr<WideSerializedActorReader>> AdvancedReads::ReadActorsWideSerialized(
    const ateapi::ListActorsRequest& request, const WideRead& wide, const CallOptions& call) {
  return WithReason(store_->listing().ReadWide<SerializedActorPage>(request, wide, call));
}

}  // namespace atestore::inline v0
