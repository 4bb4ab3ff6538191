#include "apps/ateapi/demo_actors.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/key_filter.h"
#include "store/codec/value_codec.h"

namespace atestore {
namespace {

constexpr std::array kAtespaces = {"team-a", "team-b", "team-c", "team-d", "team-e"};
constexpr std::array kTemplates = {"python", "browser", "shell"};
constexpr int64_t kWorkers = 40;

ateapi::Actor DemoActor(int64_t number) {
  ateapi::Actor actor;
  actor.set_atespace(kAtespaces[static_cast<size_t>(number) % kAtespaces.size()]);
  actor.set_actor_id(absl::StrFormat("agent-%07d", number));
  actor.set_version(1 + number % 7);
  actor.set_actor_template_namespace("default");
  actor.set_actor_template_name(kTemplates[static_cast<size_t>(number) % kTemplates.size()]);
  // One in eight is awake, as a fleet of agents is.
  if (number % 8 == 0) {
    actor.set_status(ateapi::Actor::STATUS_RUNNING);
    actor.set_ateom_pod_namespace("ate-system");
    actor.set_ateom_pod_name(absl::StrCat("worker-", number % kWorkers));
    actor.set_ateom_pod_ip(absl::StrFormat("10.8.0.%d", 1 + number % kWorkers));
    actor.set_worker_pool_name("default");
  } else {
    actor.set_status(ateapi::Actor::STATUS_SUSPENDED);
    ateapi::SnapshotInfo& snapshot = *actor.mutable_latest_snapshot_info();
    snapshot.set_type(ateapi::SNAPSHOT_TYPE_EXTERNAL);
    snapshot.mutable_external()->set_snapshot_uri_prefix(
        absl::StrCat("s3://snapshots/", actor.atespace(), "/", actor.actor_id()));
  }
  return actor;
}

void PutAtespace(mockcluster::Cluster& cluster, const std::string& name) {
  ateapi::Atespace atespace;
  atespace.set_name(name);
  // Every slot has an owner here, so it cannot fail.
  static_cast<void>(cluster.Put(AtespaceKey(name), EncodeAtespace(atespace)));
}

void PutActors(mockcluster::Cluster& cluster, int64_t actors) {
  for (const char* const atespace : kAtespaces) PutAtespace(cluster, atespace);
  for (int64_t number = 0; number < actors; ++number) {
    const ateapi::Actor actor = DemoActor(number);
    static_cast<void>(
        cluster.Put(ActorKey(actor.atespace(), actor.actor_id()), EncodeActor(actor)));
  }
}

}  // namespace

std::shared_ptr<EmbeddedCluster> MakeDemoCluster(int64_t actors) {
  mockcluster::ClusterOptions options;
  const bool computed = actors > kStoredActorsMax;
  if (computed) {
    options.synthetic = mockcluster::SyntheticActors{.actors = static_cast<uint64_t>(actors)};
  }
  auto cluster = std::make_shared<EmbeddedCluster>(options);
  cluster->With([&](mockcluster::Cluster& emulator) {
    if (computed) {
      for (uint32_t i = 0; i < options.synthetic->atespaces; ++i) {
        PutAtespace(emulator, absl::StrCat("space-", i));
      }
    } else if (actors > 0) {
      PutActors(emulator, actors);
    }
  });
  return cluster;
}

}  // namespace atestore
