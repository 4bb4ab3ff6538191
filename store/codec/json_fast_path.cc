#include "store/codec/json_fast_path.h"

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <span>

#include "core/resp.h"
#include "store/codec/json_source.h"

namespace atestore::inline v0 {
namespace {

using ateapi::Actor;
using json::AsInt64;
using json::ForEachElement;
using json::ForEachMember;
using json::object;
using json::SkimUnknown;
using json::Source;
using json::value;
using simdjson::SUCCESS;

static_assert(RespReader::kPadding >= simdjson::SIMDJSON_PADDING);

// What made the fast path decline; nullopt: nothing did.
using Declined = std::optional<std::string_view>;

struct EnumName {
  std::string_view text;
  int number;
};

// The most frequent first. Tables, for protobuf's descriptors take a lock and a hash.
constexpr std::array<EnumName, 7> kStatuses{{
    {"STATUS_SUSPENDED", Actor::STATUS_SUSPENDED},
    {"STATUS_RUNNING", Actor::STATUS_RUNNING},
    {"STATUS_RESUMING", Actor::STATUS_RESUMING},
    {"STATUS_SUSPENDING", Actor::STATUS_SUSPENDING},
    {"STATUS_PAUSING", Actor::STATUS_PAUSING},
    {"STATUS_PAUSED", Actor::STATUS_PAUSED},
    {"STATUS_UNSPECIFIED", Actor::STATUS_UNSPECIFIED},
}};
constexpr std::array<EnumName, 3> kSnapshotTypes{{
    {"SNAPSHOT_TYPE_EXTERNAL", ateapi::SNAPSHOT_TYPE_EXTERNAL},
    {"SNAPSHOT_TYPE_LOCAL", ateapi::SNAPSHOT_TYPE_LOCAL},
    {"SNAPSHOT_TYPE_UNSPECIFIED", ateapi::SNAPSHOT_TYPE_UNSPECIFIED},
}};

// An enum by its name or its number, if it is one of `names`.
bool AsEnum(const Source& source, value& item, std::span<const EnumName> names, int* number) {
  std::string_view text;
  int64_t wide = 0;
  bool is_text = source.AsString(item, &text);
  if (!is_text && item.get_int64().get(wide) != SUCCESS) return false;
  for (const EnumName& name : names) {
    if (is_text ? name.text == text : name.number == wide) {
      *number = name.number;
      return true;
    }
  }
  return false;
}

// Which of a message's fields have been seen. A second one declines: protobuf merges messages,
// replaces scalars and refuses oneofs and map keys.
class SeenFields {
 public:
  bool Add(size_t field) {
    uint32_t bit = uint32_t{1} << field;
    if ((seen_ & bit) != 0) return false;
    seen_ |= bit;
    return true;
  }
  bool Has(size_t field) const { return (seen_ >> field & 1) != 0; }

 private:
  uint32_t seen_ = 0;
};

// A field of a message by its lowerCamelCase or its original name.
struct FieldName {
  std::string_view camel;
  std::string_view original;

  bool Is(std::string_view key) const { return key == camel || key == original; }
};

// Decoding goes into messages that hold another record, since their memory is used again. So what
// the text does not mention has to be cleared, here and below.

bool DecodeLabels(const Source& source, value& item, ateapi::Selector* selector) {
  selector->mutable_match_labels()->clear();
  return ForEachMember(source, item, [&](std::string_view key, value& label) {
    std::string_view text;
    if (!source.AsString(label, &text)) return false;
    auto& labels = *selector->mutable_match_labels();
    return labels.insert({std::string(key), std::string(text)}).second;
  });
}

bool DecodeSelector(const Source& source, value& item, ateapi::Selector* selector) {
  constexpr FieldName kMatchLabels{"matchLabels", "match_labels"};
  SeenFields seen;
  bool decoded = ForEachMember(source, item, [&](std::string_view key, value& member) {
    if (kMatchLabels.Is(key)) return seen.Add(0) && DecodeLabels(source, member, selector);
    return SkimUnknown(source, member, kFastJsonDepthMax);
  });
  if (!seen.Has(0)) selector->clear_match_labels();
  return decoded;
}

bool DecodeExternal(const Source& source, value& item, ateapi::ExternalSnapshotInfo* external) {
  constexpr FieldName kPrefix{"snapshotUriPrefix", "snapshot_uri_prefix"};
  SeenFields seen;
  bool decoded = ForEachMember(source, item, [&](std::string_view key, value& member) {
    std::string_view text;
    if (!kPrefix.Is(key)) return SkimUnknown(source, member, kFastJsonDepthMax);
    if (!seen.Add(0) || !source.AsString(member, &text)) return false;
    external->mutable_snapshot_uri_prefix()->assign(text);
    return true;
  });
  if (!seen.Has(0)) external->clear_snapshot_uri_prefix();
  return decoded;
}

bool DecodeNodeVms(const Source& source, value& item, ateapi::LocalSnapshotInfo* local) {
  local->clear_node_vms_with_local_snapshots();
  return ForEachElement(item, [&](value& element) {
    std::string_view text;
    if (!source.AsString(element, &text)) return false;
    local->add_node_vms_with_local_snapshots()->assign(text);
    return true;
  });
}

bool DecodeLocal(const Source& source, value& item, ateapi::LocalSnapshotInfo* local) {
  constexpr FieldName kPrefix{"snapshotPrefix", "snapshot_prefix"};
  constexpr FieldName kNodeVms{"nodeVmsWithLocalSnapshots", "node_vms_with_local_snapshots"};
  SeenFields seen;
  bool decoded = ForEachMember(source, item, [&](std::string_view key, value& member) {
    std::string_view text;
    if (kNodeVms.Is(key)) return seen.Add(1) && DecodeNodeVms(source, member, local);
    if (!kPrefix.Is(key)) return SkimUnknown(source, member, kFastJsonDepthMax);
    if (!seen.Add(0) || !source.AsString(member, &text)) return false;
    local->mutable_snapshot_prefix()->assign(text);
    return true;
  });
  if (!seen.Has(0)) local->clear_snapshot_prefix();
  if (!seen.Has(1)) local->clear_node_vms_with_local_snapshots();
  return decoded;
}

bool DecodeSnapshot(const Source& source, value& item, ateapi::SnapshotInfo* snapshot) {
  SeenFields seen;
  bool decoded = ForEachMember(source, item, [&](std::string_view key, value& member) {
    // Both members of the oneof count as one field here.
    if (key == "external") {
      return seen.Add(1) && DecodeExternal(source, member, snapshot->mutable_external());
    }
    if (key == "local")
      return seen.Add(1) && DecodeLocal(source, member, snapshot->mutable_local());
    if (key != "type") return SkimUnknown(source, member, kFastJsonDepthMax);
    int number = 0;
    if (!seen.Add(0) || !AsEnum(source, member, kSnapshotTypes, &number)) return false;
    snapshot->set_type(static_cast<ateapi::SnapshotType>(number));
    return true;
  });
  if (!seen.Has(0)) snapshot->clear_type();
  if (!seen.Has(1)) snapshot->clear_data();
  return decoded;
}

enum class Kind : uint8_t { kString, kVersion, kStatus, kSnapshot, kSelector };

struct Field {
  FieldName name;
  std::string_view where;
  Kind kind;
  int number;
  // Of a kString.
  std::string* (Actor::*string)() = nullptr;
  void (Actor::*clear)() = nullptr;
};

// In the order of their numbers, in which protobuf's writers put them.
constexpr std::array<Field, 14> kFields{{
    {{"actorId", "actor_id"},
     "field actor_id",
     Kind::kString,
     Actor::kActorIdFieldNumber,
     &Actor::mutable_actor_id,
     &Actor::clear_actor_id},
    {{"version", "version"}, "field version", Kind::kVersion, Actor::kVersionFieldNumber},
    {{"actorTemplateNamespace", "actor_template_namespace"},
     "field actor_template_namespace",
     Kind::kString,
     Actor::kActorTemplateNamespaceFieldNumber,
     &Actor::mutable_actor_template_namespace,
     &Actor::clear_actor_template_namespace},
    {{"actorTemplateName", "actor_template_name"},
     "field actor_template_name",
     Kind::kString,
     Actor::kActorTemplateNameFieldNumber,
     &Actor::mutable_actor_template_name,
     &Actor::clear_actor_template_name},
    {{"status", "status"}, "field status", Kind::kStatus, Actor::kStatusFieldNumber},
    {{"ateomPodNamespace", "ateom_pod_namespace"},
     "field ateom_pod_namespace",
     Kind::kString,
     Actor::kAteomPodNamespaceFieldNumber,
     &Actor::mutable_ateom_pod_namespace,
     &Actor::clear_ateom_pod_namespace},
    {{"ateomPodName", "ateom_pod_name"},
     "field ateom_pod_name",
     Kind::kString,
     Actor::kAteomPodNameFieldNumber,
     &Actor::mutable_ateom_pod_name,
     &Actor::clear_ateom_pod_name},
    {{"ateomPodIp", "ateom_pod_ip"},
     "field ateom_pod_ip",
     Kind::kString,
     Actor::kAteomPodIpFieldNumber,
     &Actor::mutable_ateom_pod_ip,
     &Actor::clear_ateom_pod_ip},
    {{"inProgressSnapshot", "in_progress_snapshot"},
     "field in_progress_snapshot",
     Kind::kString,
     Actor::kInProgressSnapshotFieldNumber,
     &Actor::mutable_in_progress_snapshot,
     &Actor::clear_in_progress_snapshot},
    {{"ateomPodUid", "ateom_pod_uid"},
     "field ateom_pod_uid",
     Kind::kString,
     Actor::kAteomPodUidFieldNumber,
     &Actor::mutable_ateom_pod_uid,
     &Actor::clear_ateom_pod_uid},
    {{"latestSnapshotInfo", "latest_snapshot_info"},
     "field latest_snapshot_info",
     Kind::kSnapshot,
     Actor::kLatestSnapshotInfoFieldNumber},
    {{"workerSelector", "worker_selector"},
     "field worker_selector",
     Kind::kSelector,
     Actor::kWorkerSelectorFieldNumber},
    {{"workerPoolName", "worker_pool_name"},
     "field worker_pool_name",
     Kind::kString,
     Actor::kWorkerPoolNameFieldNumber,
     &Actor::mutable_worker_pool_name,
     &Actor::clear_worker_pool_name},
    {{"atespace", "atespace"},
     "field atespace",
     Kind::kString,
     Actor::kAtespaceFieldNumber,
     &Actor::mutable_atespace,
     &Actor::clear_atespace},
}};

// The index of the field called `key`, tried from `hint` on; kFields.size() if unknown.
size_t FindField(std::string_view key, size_t hint) {
  for (size_t index = hint; index < kFields.size(); ++index) {
    if (kFields[index].name.Is(key)) return index;
  }
  for (size_t index = 0; index < hint; ++index) {
    if (kFields[index].name.Is(key)) return index;
  }
  return kFields.size();
}

bool DecodeField(const Source& source, const Field& field, value& item, Actor* actor) {
  switch (field.kind) {
    case Kind::kString: {
      std::string_view text;
      if (!source.AsString(item, &text)) return false;
      (actor->*field.string)()->assign(text);
      return true;
    }
    case Kind::kVersion: {
      int64_t number = 0;
      if (!AsInt64(source, item, &number)) return false;
      actor->set_version(number);
      return true;
    }
    case Kind::kStatus: {
      int number = 0;
      if (!AsEnum(source, item, kStatuses, &number)) return false;
      actor->set_status(static_cast<Actor::Status>(number));
      return true;
    }
    case Kind::kSnapshot:
      return DecodeSnapshot(source, item, actor->mutable_latest_snapshot_info());
    case Kind::kSelector:
      return DecodeSelector(source, item, actor->mutable_worker_selector());
  }
  return false;
}

void ClearField(const Field& field, Actor* actor) {
  switch (field.kind) {
    case Kind::kString:
      (actor->*field.clear)();
      return;
    case Kind::kVersion:
      actor->clear_version();
      return;
    case Kind::kStatus:
      actor->clear_status();
      return;
    case Kind::kSnapshot:
      actor->clear_latest_snapshot_info();
      return;
    case Kind::kSelector:
      actor->clear_worker_selector();
      return;
  }
}

// What is not in `wanted` is passed over unread, unknown fields too unless everything is wanted.
Declined DecodeMembers(const Source& source, object& members, ActorFields wanted, Actor* actor) {
  std::string_view where = "the JSON syntax";
  SeenFields seen;
  size_t hint = 0;
  bool decoded = ForEachMember(source, members, [&](std::string_view key, value& member) {
    size_t index = FindField(key, hint);
    if (index == kFields.size()) {
      if (!wanted.is_all() || SkimUnknown(source, member, kFastJsonDepthMax)) return true;
      where = "an unknown field";
      return false;
    }
    const Field& field = kFields[index];
    hint = index + 1;
    if (!wanted.Has(field.number)) return true;
    if (seen.Add(index) && DecodeField(source, field, member, actor)) return true;
    where = field.where;
    return false;
  });
  if (!decoded) return where;
  for (size_t index = 0; index < kFields.size(); ++index) {
    if (!seen.Has(index)) ClearField(kFields[index], actor);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> DecodeActorFast(std::string_view json, ateapi::Actor* actor,
                                                ActorFields wanted) {
  if (json.size() > kFastJsonBytesMax) return "the size";
  thread_local simdjson::ondemand::parser parser(kFastJsonBytesMax);
  simdjson::ondemand::document document;
  object members;
  if (parser.iterate(json.data(), json.size(), json.size() + RespReader::kPadding).get(document) !=
          SUCCESS ||
      document.get_object().get(members) != SUCCESS) {
    return "the JSON syntax";
  }
  // protobuf takes 'this' for a string; passed over unread it might hide a member, or look like
  // one.
  const bool as_wanted = wanted.is_all() || json.find('\'') == std::string_view::npos;
  const ActorFields read = as_wanted ? wanted : ActorFields::All();
  Declined declined = DecodeMembers(Source(json), members, read, actor);
  bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (!declined && !at_end) return "the JSON syntax";
  if (!as_wanted) KeepFields(wanted, actor);
  return declined;
}

}  // namespace atestore::inline v0
