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

  ateapi::ListActorsRequest list;
  do {
    absl::StatusOr<atestore::ActorPage> page = (*store)->ListActors(list);
    if (!page.ok()) return 1;
    for (const ateapi::Actor& actor : page->response.actors()) {
      std::printf("%s/%s\n", actor.atespace().c_str(), actor.actor_id().c_str());
    }
    list.set_page_token(page->response.next_page_token());
  } while (!list.page_token().empty());
}
