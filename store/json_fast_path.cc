#include "store/json_fast_path.h"

#include <simdjson.h>

#include <array>
#include <cstdint>

#include "core/resp.h"

namespace atestore {
namespace {

using ateapi::Actor;
using simdjson::dom::element;
using simdjson::dom::key_value_pair;
using simdjson::dom::object;

static_assert(RespReader::kPadding >= simdjson::SIMDJSON_PADDING);

// What made the fast path decline; nullopt: nothing did.
using Declined = std::optional<std::string_view>;

// The whole document is validated at once (simdjson's DOM, not On-Demand): what lies in an ignored
// field must be valid JSON too, or protobuf would have refused it.
class Parser {
 public:
  Parser() : usable_(parser_.allocate(kFastJsonBytesMax, kFastJsonDepthMax) == simdjson::SUCCESS) {}

  // False when `json` is not one valid JSON text within the limits.
  bool Parse(std::string_view json, element* root) {
    return usable_ &&
           parser_.parse(json.data(), json.size(), /*realloc_if_needed=*/false).get(*root) ==
               simdjson::SUCCESS;
  }

 private:
  simdjson::dom::parser parser_{kFastJsonBytesMax};
  const bool usable_;
};

bool AsString(const element& value, std::string_view* text) {
  return value.get_string().get(*text) == simdjson::SUCCESS;
}

bool AsObject(const element& value, object* members) {
  return value.get_object().get(*members) == simdjson::SUCCESS;
}

// int64 as a JSON number, or as the shortest decimal in a string, as every writer has it.
bool AsInt64(const element& value, int64_t* number) {
  if (value.get_int64().get(*number) == simdjson::SUCCESS) return true;
  std::string_view text;
  if (!AsString(value, &text)) return false;
  constexpr size_t kSafeDigits = 18;  // always below 2⁶³
  if (text.empty() || text.size() > kSafeDigits || text.front() < '1') return false;
  int64_t sum = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return false;
    sum = sum * 10 + (digit - '0');
  }
  *number = sum;
  return true;
}

// An enum by its name or its number, if it is one that this build knows.
bool AsEnum(const element& value, const google::protobuf::EnumDescriptor& type, int* number) {
  std::string_view name;
  const google::protobuf::EnumValueDescriptor* known = nullptr;
  if (AsString(value, &name)) {
    // Every name we know fits std::string's inline buffer or is one short allocation.
    known = type.FindValueByName(std::string(name));
  } else if (int64_t wide; value.get_int64().get(wide) == simdjson::SUCCESS) {
    if (wide < 0 || wide > INT32_MAX) return false;
    known = type.FindValueByNumber(static_cast<int>(wide));
  }
  if (known == nullptr) return false;
  *number = known->number();
  return true;
}

// The statuses without the descriptor's lock and hash, for they are in every record.
bool AsStatus(const element& value, Actor::Status* status) {
  struct Name {
    std::string_view text;
    Actor::Status status;
  };
  static constexpr std::array<Name, 7> kNames{{
      {"STATUS_SUSPENDED", Actor::STATUS_SUSPENDED},
      {"STATUS_RUNNING", Actor::STATUS_RUNNING},
      {"STATUS_RESUMING", Actor::STATUS_RESUMING},
      {"STATUS_SUSPENDING", Actor::STATUS_SUSPENDING},
      {"STATUS_PAUSING", Actor::STATUS_PAUSING},
      {"STATUS_PAUSED", Actor::STATUS_PAUSED},
      {"STATUS_UNSPECIFIED", Actor::STATUS_UNSPECIFIED},
  }};
  if (std::string_view text; AsString(value, &text)) {
    for (const Name& name : kNames) {
      if (name.text == text) {
        *status = name.status;
        return true;
      }
    }
    return false;
  }
  int number = 0;
  if (!AsEnum(value, *Actor::Status_descriptor(), &number)) return false;
  *status = static_cast<Actor::Status>(number);
  return true;
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

 private:
  uint32_t seen_ = 0;
};

// A field of a message by its lowerCamelCase or its original name.
struct FieldName {
  std::string_view camel;
  std::string_view original;

  bool Is(std::string_view key) const { return key == camel || key == original; }
};

Declined DecodeSelector(const element& value, ateapi::Selector* selector) {
  constexpr std::string_view kWhere = "field worker_selector";
  constexpr FieldName kMatchLabels{"matchLabels", "match_labels"};
  object members;
  if (!AsObject(value, &members)) return kWhere;
  SeenFields seen;
  for (key_value_pair member : members) {
    if (member.key.empty()) return kWhere;
    if (!kMatchLabels.Is(member.key)) continue;
    object labels;
    if (!seen.Add(0) || !AsObject(member.value, &labels)) return kWhere;
    for (key_value_pair label : labels) {
      std::string_view text;
      if (label.key.empty() || !AsString(label.value, &text)) return kWhere;
      auto [entry, inserted] =
          selector->mutable_match_labels()->insert({std::string(label.key), std::string(text)});
      if (!inserted) return kWhere;
    }
  }
  return std::nullopt;
}

Declined DecodeExternal(const element& value, ateapi::ExternalSnapshotInfo* external) {
  constexpr std::string_view kWhere = "field latest_snapshot_info.external";
  constexpr FieldName kPrefix{"snapshotUriPrefix", "snapshot_uri_prefix"};
  object members;
  if (!AsObject(value, &members)) return kWhere;
  SeenFields seen;
  for (key_value_pair member : members) {
    if (member.key.empty()) return kWhere;
    if (!kPrefix.Is(member.key)) continue;
    std::string_view text;
    if (!seen.Add(0) || !AsString(member.value, &text)) return kWhere;
    external->mutable_snapshot_uri_prefix()->assign(text);
  }
  return std::nullopt;
}

Declined DecodeLocal(const element& value, ateapi::LocalSnapshotInfo* local) {
  constexpr std::string_view kWhere = "field latest_snapshot_info.local";
  constexpr FieldName kPrefix{"snapshotPrefix", "snapshot_prefix"};
  constexpr FieldName kNodeVms{"nodeVmsWithLocalSnapshots", "node_vms_with_local_snapshots"};
  object members;
  if (!AsObject(value, &members)) return kWhere;
  SeenFields seen;
  for (key_value_pair member : members) {
    std::string_view text;
    if (member.key.empty()) return kWhere;
    if (kPrefix.Is(member.key)) {
      if (!seen.Add(0) || !AsString(member.value, &text)) return kWhere;
      local->mutable_snapshot_prefix()->assign(text);
    } else if (kNodeVms.Is(member.key)) {
      simdjson::dom::array names;
      if (!seen.Add(1) || member.value.get_array().get(names) != simdjson::SUCCESS) return kWhere;
      for (element name : names) {
        if (!AsString(name, &text)) return kWhere;
        local->add_node_vms_with_local_snapshots()->assign(text);
      }
    }
  }
  return std::nullopt;
}

Declined DecodeSnapshot(const element& value, ateapi::SnapshotInfo* snapshot) {
  constexpr std::string_view kWhere = "field latest_snapshot_info";
  object members;
  if (!AsObject(value, &members)) return kWhere;
  SeenFields seen;
  for (key_value_pair member : members) {
    Declined declined;
    if (member.key.empty()) return kWhere;
    if (member.key == "type") {
      int number = 0;
      if (!seen.Add(0) || !AsEnum(member.value, *ateapi::SnapshotType_descriptor(), &number)) {
        return kWhere;
      }
      snapshot->set_type(static_cast<ateapi::SnapshotType>(number));
    } else if (member.key == "external") {
      // Both members of the oneof count as one field here.
      if (!seen.Add(1)) return kWhere;
      declined = DecodeExternal(member.value, snapshot->mutable_external());
    } else if (member.key == "local") {
      if (!seen.Add(1)) return kWhere;
      declined = DecodeLocal(member.value, snapshot->mutable_local());
    }
    if (declined) return declined;
  }
  return std::nullopt;
}

enum class Kind : uint8_t { kString, kVersion, kStatus, kSnapshot, kSelector };

struct ActorField {
  FieldName name;
  std::string_view where;
  Kind kind;
  std::string* (Actor::*string)() = nullptr;  // of a kString
};

// In the order of their numbers, in which protobuf's writers put them.
constexpr std::array<ActorField, 14> kActorFields{{
    {{"actorId", "actor_id"}, "field actor_id", Kind::kString, &Actor::mutable_actor_id},
    {{"version", "version"}, "field version", Kind::kVersion},
    {{"actorTemplateNamespace", "actor_template_namespace"},
     "field actor_template_namespace",
     Kind::kString,
     &Actor::mutable_actor_template_namespace},
    {{"actorTemplateName", "actor_template_name"},
     "field actor_template_name",
     Kind::kString,
     &Actor::mutable_actor_template_name},
    {{"status", "status"}, "field status", Kind::kStatus},
    {{"ateomPodNamespace", "ateom_pod_namespace"},
     "field ateom_pod_namespace",
     Kind::kString,
     &Actor::mutable_ateom_pod_namespace},
    {{"ateomPodName", "ateom_pod_name"},
     "field ateom_pod_name",
     Kind::kString,
     &Actor::mutable_ateom_pod_name},
    {{"ateomPodIp", "ateom_pod_ip"},
     "field ateom_pod_ip",
     Kind::kString,
     &Actor::mutable_ateom_pod_ip},
    {{"inProgressSnapshot", "in_progress_snapshot"},
     "field in_progress_snapshot",
     Kind::kString,
     &Actor::mutable_in_progress_snapshot},
    {{"ateomPodUid", "ateom_pod_uid"},
     "field ateom_pod_uid",
     Kind::kString,
     &Actor::mutable_ateom_pod_uid},
    {{"latestSnapshotInfo", "latest_snapshot_info"}, "field latest_snapshot_info", Kind::kSnapshot},
    {{"workerSelector", "worker_selector"}, "field worker_selector", Kind::kSelector},
    {{"workerPoolName", "worker_pool_name"},
     "field worker_pool_name",
     Kind::kString,
     &Actor::mutable_worker_pool_name},
    {{"atespace", "atespace"}, "field atespace", Kind::kString, &Actor::mutable_atespace},
}};

// The index of the field called `key`, tried from `hint` on; kActorFields.size() if unknown.
size_t FindField(std::string_view key, size_t hint) {
  for (size_t index = hint; index < kActorFields.size(); ++index) {
    if (kActorFields[index].name.Is(key)) return index;
  }
  for (size_t index = 0; index < hint; ++index) {
    if (kActorFields[index].name.Is(key)) return index;
  }
  return kActorFields.size();
}

Declined DecodeField(const ActorField& field, const element& value, Actor* actor) {
  switch (field.kind) {
    case Kind::kString: {
      std::string_view text;
      if (!AsString(value, &text)) return field.where;
      (actor->*field.string)()->assign(text);
      return std::nullopt;
    }
    case Kind::kVersion: {
      int64_t number = 0;
      if (!AsInt64(value, &number)) return field.where;
      actor->set_version(number);
      return std::nullopt;
    }
    case Kind::kStatus: {
      Actor::Status status = Actor::STATUS_UNSPECIFIED;
      if (!AsStatus(value, &status)) return field.where;
      actor->set_status(status);
      return std::nullopt;
    }
    case Kind::kSnapshot:
      return DecodeSnapshot(value, actor->mutable_latest_snapshot_info());
    case Kind::kSelector:
      return DecodeSelector(value, actor->mutable_worker_selector());
  }
  return field.where;
}

}  // namespace

std::optional<std::string_view> DecodeActorFast(std::string_view json, ateapi::Actor* actor) {
  actor->Clear();
  if (json.size() > kFastJsonBytesMax) return "the size";
  thread_local Parser parser;
  element root;
  if (!parser.Parse(json, &root)) return "the JSON syntax";
  object members;
  if (!AsObject(root, &members)) return "the JSON syntax";
  SeenFields seen;
  size_t hint = 0;
  for (key_value_pair member : members) {
    size_t index = FindField(member.key, hint);
    if (index == kActorFields.size()) {
      // protobuf takes a nameless field for an error, not for an unknown field.
      if (member.key.empty()) return "a field without a name";
      continue;
    }
    const ActorField& field = kActorFields[index];
    if (!seen.Add(index)) return field.where;
    if (Declined declined = DecodeField(field, member.value, actor)) return declined;
    hint = index + 1;
  }
  return std::nullopt;
}

}  // namespace atestore
