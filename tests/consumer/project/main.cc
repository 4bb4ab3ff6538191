#include <store/actor_store.h>
#include <store/embedded/embedded_transport.h>

#include <cstdio>

int main() {
  auto cluster = std::make_shared<atestore::EmbeddedCluster>(mockcluster::ClusterOptions{});
  absl::StatusOr<std::unique_ptr<atestore::ActorStore>> store = atestore::ActorStore::Open(
      std::make_unique<atestore::EmbeddedTransport>(cluster), {.seeds = cluster->Endpoints()});
  if (!store.ok()) return 1;
  ateapi::CreateActorRequest create;
  create.mutable_actor_ref()->set_atespace("team-a");
  create.mutable_actor_ref()->set_name("my-actor");
  if (!(*store)->CreateAtespace("team-a").ok() || !(*store)->CreateActor(create).ok()) return 1;

  for (absl::StatusOr<ateapi::Actor>& actor : (*store)->Actors()) {
    if (!actor.ok()) return 1;
    std::printf("%s/%s\n", actor->atespace().c_str(), actor->actor_id().c_str());
  }
}
