#include "store/codec/actor_json.h"

#include <google/protobuf/util/json_util.h>

#include <array>
#include <charconv>

namespace atestore::inline v0 {
namespace {

constexpr std::array<std::string_view, 7> kStatuses{
    "STATUS_UNSPECIFIED", "STATUS_RESUMING", "STATUS_RUNNING", "STATUS_SUSPENDING",
    "STATUS_SUSPENDED",   "STATUS_PAUSING",  "STATUS_PAUSED"};
constexpr std::array<std::string_view, 3> kSnapshotTypes{
    "SNAPSHOT_TYPE_UNSPECIFIED", "SNAPSHOT_TYPE_LOCAL", "SNAPSHOT_TYPE_EXTERNAL"};
static_assert(kStatuses.size() == ateapi::Actor::Status_ARRAYSIZE);
static_assert(kSnapshotTypes.size() == ateapi::SnapshotType_ARRAYSIZE);

// Writes the members of one object. Once something is not UTF-8 the text is worth nothing.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string* json) : json_(json) { json_->push_back('{'); }

  // `name` as it stands in the text: "\"actorId\":". False once the text is worth nothing.
  bool Text(std::string_view name, std::string_view value) {
    if (value.empty()) return true;
    Member(name);
    return AppendJsonString(value, json_);
  }
  void Number(std::string_view name, int64_t value) {
    if (value == 0) return;
    Member(name);
    json_->push_back('"');
    AppendNumber(value);
    json_->push_back('"');
  }
  template <size_t kCount>
  void Enum(std::string_view name, int value, const std::array<std::string_view, kCount>& names) {
    if (value == 0) return;
    Member(name);
    if (value < 0 || static_cast<size_t>(value) >= kCount) return AppendNumber(value);
    json_->push_back('"');
    json_->append(names[static_cast<size_t>(value)]);
    json_->push_back('"');
  }
  void Member(std::string_view name) {
    if (!first_) json_->push_back(',');
    first_ = false;
    json_->append(name);
  }
  void End() { json_->push_back('}'); }

 private:
  void AppendNumber(int64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    json_->append(digits.data(), end.ptr);
  }

  std::string* const json_;
  bool first_ = true;
};

bool WriteLabels(const google::protobuf::Map<std::string, std::string>& labels, std::string* json) {
  json->push_back('{');
  bool first = true;
  for (const auto& [key, value] : labels) {
    if (!first) json->push_back(',');
    first = false;
    if (!AppendJsonString(key, json)) return false;
    json->push_back(':');
    if (!AppendJsonString(value, json)) return false;
  }
  json->push_back('}');
  return true;
}

bool Write(const ateapi::Selector& selector, std::string* json) {
  ObjectWriter object(json);
  if (!selector.match_labels().empty()) {
    object.Member("\"matchLabels\":");
    if (!WriteLabels(selector.match_labels(), json)) return false;
  }
  object.End();
  return true;
}

bool Write(const ateapi::LocalSnapshotInfo& local, std::string* json) {
  ObjectWriter object(json);
  if (!object.Text("\"snapshotPrefix\":", local.snapshot_prefix())) return false;
  if (!local.node_vms_with_local_snapshots().empty()) {
    object.Member("\"nodeVmsWithLocalSnapshots\":");
    char before = '[';
    for (const std::string& node : local.node_vms_with_local_snapshots()) {
      json->push_back(before);
      before = ',';
      if (!AppendJsonString(node, json)) return false;
    }
    json->push_back(']');
  }
  object.End();
  return true;
}

bool Write(const ateapi::SnapshotInfo& snapshot, std::string* json) {
  ObjectWriter object(json);
  object.Enum("\"type\":", snapshot.type(), kSnapshotTypes);
  if (snapshot.has_external()) {
    object.Member("\"external\":");
    ObjectWriter external(json);
    if (!external.Text("\"snapshotUriPrefix\":", snapshot.external().snapshot_uri_prefix())) {
      return false;
    }
    external.End();
  } else if (snapshot.has_local()) {
    object.Member("\"local\":");
    if (!Write(snapshot.local(), json)) return false;
  }
  object.End();
  return true;
}

bool Write(const ateapi::Actor& actor, std::string* json) {
  ObjectWriter object(json);
  bool utf8 = object.Text("\"actorId\":", actor.actor_id());
  object.Number("\"version\":", actor.version());
  utf8 = utf8 && object.Text("\"actorTemplateNamespace\":", actor.actor_template_namespace()) &&
         object.Text("\"actorTemplateName\":", actor.actor_template_name());
  object.Enum("\"status\":", actor.status(), kStatuses);
  utf8 = utf8 && object.Text("\"ateomPodNamespace\":", actor.ateom_pod_namespace()) &&
         object.Text("\"ateomPodName\":", actor.ateom_pod_name()) &&
         object.Text("\"ateomPodIp\":", actor.ateom_pod_ip()) &&
         object.Text("\"inProgressSnapshot\":", actor.in_progress_snapshot()) &&
         object.Text("\"ateomPodUid\":", actor.ateom_pod_uid());
  if (utf8 && actor.has_latest_snapshot_info()) {
    object.Member("\"latestSnapshotInfo\":");
    utf8 = Write(actor.latest_snapshot_info(), json);
  }
  if (utf8 && actor.has_worker_selector()) {
    object.Member("\"workerSelector\":");
    utf8 = Write(actor.worker_selector(), json);
  }
  utf8 = utf8 && object.Text("\"workerPoolName\":", actor.worker_pool_name()) &&
         object.Text("\"atespace\":", actor.atespace());
  object.End();
  return utf8;
}

template <typename Message>
void Append(const Message& message, std::string* json) {
  const size_t begin = json->size();
  if (Write(message, json)) return;
  json->resize(begin);
  std::string text;
  // Cannot fail: the message is of a generated type and holds no Any.
  (void)google::protobuf::util::MessageToJsonString(message, &text);
  json->append(text);
}

}  // namespace

void AppendActorJson(const ateapi::Actor& actor, std::string* json) { Append(actor, json); }

void AppendSelectorJson(const ateapi::Selector& selector, std::string* json) {
  Append(selector, json);
}

void AppendSnapshotJson(const ateapi::SnapshotInfo& snapshot, std::string* json) {
  Append(snapshot, json);
}

}  // namespace atestore::inline v0
