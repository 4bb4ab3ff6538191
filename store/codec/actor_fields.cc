#include "store/codec/actor_fields.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace atestore::inline v0 {
namespace {

using ateapi::Actor;

constexpr ActorField Text(std::string_view path, std::string_view json_path, int number,
                          const std::string& (*text)(const Actor&)) {
  return {path, json_path, FieldKind::kString, number, text};
}

const ateapi::SnapshotInfo& Snapshot(const Actor& actor) { return actor.latest_snapshot_info(); }

constexpr ActorField SnapshotField(std::string_view path, std::string_view json_path,
                                   FieldKind kind) {
  return {path, json_path, kind, Actor::kLatestSnapshotInfoFieldNumber};
}

constexpr ActorField Message(ActorField field, bool (*is_set)(const Actor&)) {
  field.is_set = is_set;
  return field;
}

constexpr ActorField Version() {
  ActorField field{"version", "version", FieldKind::kInt64, Actor::kVersionFieldNumber};
  field.number = [](const Actor& actor) -> int64_t { return actor.version(); };
  return field;
}

constexpr ActorField Status() {
  ActorField field{"status", "status", FieldKind::kEnum, Actor::kStatusFieldNumber};
  field.number = [](const Actor& actor) -> int64_t { return actor.status(); };
  field.enumeration = [] { return Actor::Status_descriptor(); };
  return field;
}

constexpr ActorField SnapshotType() {
  ActorField field = SnapshotField("latest_snapshot_info.type", "latestSnapshotInfo.type",  //
                                   FieldKind::kEnum);
  field.number = [](const Actor& actor) -> int64_t { return Snapshot(actor).type(); };
  field.enumeration = [] { return ateapi::SnapshotType_descriptor(); };
  return field;
}

constexpr ActorField UriPrefix() {
  ActorField field =
      SnapshotField("latest_snapshot_info.external.snapshot_uri_prefix",
                    "latestSnapshotInfo.external.snapshotUriPrefix", FieldKind::kString);
  field.text = [](const Actor& actor) -> const std::string& {
    return Snapshot(actor).external().snapshot_uri_prefix();
  };
  return field;
}

constexpr ActorField LocalPrefix() {
  ActorField field = SnapshotField("latest_snapshot_info.local.snapshot_prefix",
                                   "latestSnapshotInfo.local.snapshotPrefix", FieldKind::kString);
  field.text = [](const Actor& actor) -> const std::string& {
    return Snapshot(actor).local().snapshot_prefix();
  };
  return field;
}

constexpr ActorField NodeVms() {
  ActorField field =
      SnapshotField("latest_snapshot_info.local.node_vms_with_local_snapshots",
                    "latestSnapshotInfo.local.nodeVmsWithLocalSnapshots", FieldKind::kStrings);
  field.strings = [](const Actor& actor) -> const google::protobuf::RepeatedPtrField<std::string>& {
    return Snapshot(actor).local().node_vms_with_local_snapshots();
  };
  return field;
}

constexpr ActorField Labels() {
  ActorField field{"worker_selector.match_labels", "workerSelector.matchLabels", FieldKind::kLabels,
                   Actor::kWorkerSelectorFieldNumber};
  field.labels = [](const Actor& actor) -> const google::protobuf::Map<std::string, std::string>& {
    return actor.worker_selector().match_labels();
  };
  return field;
}

constexpr std::array kFields{
    Text("actor_id", "actorId", Actor::kActorIdFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.actor_id(); }),
    Version(),
    Text("actor_template_namespace", "actorTemplateNamespace",
         Actor::kActorTemplateNamespaceFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.actor_template_namespace(); }),
    Text("actor_template_name", "actorTemplateName", Actor::kActorTemplateNameFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.actor_template_name(); }),
    Status(),
    Text("ateom_pod_namespace", "ateomPodNamespace", Actor::kAteomPodNamespaceFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.ateom_pod_namespace(); }),
    Text("ateom_pod_name", "ateomPodName", Actor::kAteomPodNameFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.ateom_pod_name(); }),
    Text("ateom_pod_ip", "ateomPodIp", Actor::kAteomPodIpFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.ateom_pod_ip(); }),
    Text("in_progress_snapshot", "inProgressSnapshot", Actor::kInProgressSnapshotFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.in_progress_snapshot(); }),
    Text("ateom_pod_uid", "ateomPodUid", Actor::kAteomPodUidFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.ateom_pod_uid(); }),
    Message(SnapshotField("latest_snapshot_info", "latestSnapshotInfo", FieldKind::kMessage),
            [](const Actor& actor) { return actor.has_latest_snapshot_info(); }),
    SnapshotType(),
    Message(SnapshotField("latest_snapshot_info.external", "latestSnapshotInfo.external",
                          FieldKind::kMessage),
            [](const Actor& actor) { return Snapshot(actor).has_external(); }),
    UriPrefix(),
    Message(SnapshotField("latest_snapshot_info.local", "latestSnapshotInfo.local",
                          FieldKind::kMessage),
            [](const Actor& actor) { return Snapshot(actor).has_local(); }),
    LocalPrefix(),
    NodeVms(),
    Message({"worker_selector", "workerSelector", FieldKind::kMessage,
             Actor::kWorkerSelectorFieldNumber},
            [](const Actor& actor) { return actor.has_worker_selector(); }),
    Labels(),
    Text("worker_pool_name", "workerPoolName", Actor::kWorkerPoolNameFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.worker_pool_name(); }),
    Text("atespace", "atespace", Actor::kAtespaceFieldNumber,
         [](const Actor& actor) -> const std::string& { return actor.atespace(); }),
};

}  // namespace

std::span<const ActorField> AllActorFields() { return kFields; }

const ActorField* FindActorField(std::string_view path) {
  for (const ActorField& field : kFields) {
    if (field.path == path || field.json_path == path) return &field;
  }
  return nullptr;
}

std::string_view EnumPrefix(const ActorField& field) {
  return field.path == "status" ? "STATUS_" : "SNAPSHOT_TYPE_";
}

std::string EnumName(const ActorField& field, int64_t number) {
  const auto* value = field.enumeration()->FindValueByNumber(static_cast<int>(number));
  return value == nullptr ? absl::StrCat(number) : value->name();
}

void KeepFields(ActorFields fields, Actor* actor) {
  if (fields.is_all()) return;
  const google::protobuf::Reflection* reflection = Actor::GetReflection();
  const google::protobuf::Descriptor* descriptor = Actor::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = descriptor->field(i);
    if (!fields.Has(field->number())) reflection->ClearField(actor, field);
  }
}

}  // namespace atestore::inline v0
