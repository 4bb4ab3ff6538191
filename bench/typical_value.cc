#include "bench/typical_value.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"

namespace atestore {
namespace {

std::string SnapshotOf(std::string_view actor_id) {
  return absl::StrCat("gs://snapshots/", ToAbsl(actor_id), "/");
}

int64_t VersionOf(int64_t number) { return number % 90 + 10; }

}  // namespace

std::string TypicalActorId(int64_t number) { return absl::StrFormat("actor-%09d", number); }

std::string TypicalAtespace(int64_t number) { return absl::StrFormat("space-%03d", number); }

ateapi::Actor TypicalActor(int64_t number, std::string_view atespace) {
  ateapi::Actor actor;
  actor.set_actor_id(TypicalActorId(number));
  actor.set_version(VersionOf(number));
  actor.set_actor_template_namespace("ate-demo");
  actor.set_actor_template_name("counter");
  actor.set_status(ateapi::Actor::STATUS_SUSPENDED);
  ateapi::SnapshotInfo* snapshot = actor.mutable_latest_snapshot_info();
  snapshot->set_type(ateapi::SNAPSHOT_TYPE_EXTERNAL);
  snapshot->mutable_external()->set_snapshot_uri_prefix(SnapshotOf(actor.actor_id()));
  actor.set_worker_pool_name("pool-1");
  actor.set_atespace(std::string(atespace));
  return actor;
}

std::string TypicalValue(int64_t number, std::string_view atespace) {
  std::string id = TypicalActorId(number);
  return absl::StrCat(
      R"({"actorId":")", id, R"(","version":")", VersionOf(number),
      R"(","actorTemplateNamespace":"ate-demo","actorTemplateName":"counter",)",
      R"("status":"STATUS_SUSPENDED","latestSnapshotInfo":{"type":"SNAPSHOT_TYPE_EXTERNAL",)",
      R"("external":{"snapshotUriPrefix":")", SnapshotOf(id),
      R"("}},"workerPoolName":"pool-1","atespace":")", ToAbsl(atespace), R"("})");
}

}  // namespace atestore
