#include "bench/typical_value.h"

#include "absl/strings/str_format.h"
#include "store/value_codec.h"

namespace atestore {

ateapi::Actor TypicalActor(int64_t number, std::string_view atespace) {
  ateapi::Actor actor;
  std::string id = absl::StrFormat("actor-%09d", number);
  actor.set_actor_id(id);
  actor.set_version(number % 90 + 10);
  actor.set_actor_template_namespace("ate-demo");
  actor.set_actor_template_name("counter");
  actor.set_status(ateapi::Actor::STATUS_SUSPENDED);
  ateapi::SnapshotInfo* snapshot = actor.mutable_latest_snapshot_info();
  snapshot->set_type(ateapi::SNAPSHOT_TYPE_EXTERNAL);
  snapshot->mutable_external()->set_snapshot_uri_prefix("gs://ate-snapshots/" + id + "/");
  actor.set_worker_pool_name("pool-1");
  actor.set_atespace(std::string(atespace));
  return actor;
}

std::string TypicalValue(int64_t number) {
  return EncodeActor(TypicalActor(number, absl::StrFormat("space-%03d", number % 50)));
}

}  // namespace atestore
