#include "apps/kubectl-ate/records.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/text.h"
#include "store/codec/actor_json.h"

namespace atestore::cli {
namespace {

std::string WithoutPrefix(const std::string& name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

// A status that this program does not know yet is shown by its number.
std::string StatusText(ateapi::Actor::Status status) {
  if (!ateapi::Actor::Status_IsValid(status)) return absl::StrCat(static_cast<int>(status));
  return WithoutPrefix(ateapi::Actor::Status_Name(status), "STATUS_");
}

std::string SnapshotText(const ateapi::Actor& actor) {
  const ateapi::SnapshotInfo& info = actor.latest_snapshot_info();
  if (info.has_external()) return info.external().snapshot_uri_prefix();
  if (info.has_local()) return absl::StrCat("local:", info.local().snapshot_prefix());
  return "";
}

}  // namespace

Row ActorHeader(bool wide) {
  Row header = {"ATESPACE", "TEMPLATE NS", "TEMPLATE", "ID",
                "STATUS",   "ATEOM POD",   "ATEOM IP", "VERSION"};
  if (wide) header.insert(header.end(), {"ATEOM POD NS", "WORKER POOL", "SNAPSHOT"});
  return header;
}

Row ActorRow(const ateapi::Actor& actor, bool wide) {
  Row row = {actor.atespace(),     actor.actor_template_namespace(), actor.actor_template_name(),
             actor.actor_id(),     StatusText(actor.status()),       actor.ateom_pod_name(),
             actor.ateom_pod_ip(), absl::StrCat(actor.version())};
  if (wide) {
    row.insert(row.end(),
               {actor.ateom_pod_namespace(), actor.worker_pool_name(), SnapshotText(actor)});
  }
  return row;
}

Row AtespaceHeader() { return {"NAME"}; }
Row AtespaceRow(const ateapi::Atespace& atespace) { return {atespace.name()}; }

Row WorkerHeader(bool wide) {
  Row header = {"NAMESPACE", "POOL", "POD", "ATESPACE", "ACTOR", "IP"};
  if (wide) header.insert(header.end(), {"NODE", "TEMPLATE", "VERSION"});
  return header;
}

Row WorkerRow(const ateapi::Worker& worker, bool wide) {
  Row row = {worker.worker_namespace(), worker.worker_pool(), worker.worker_pod(),
             worker.actor_atespace(),   worker.actor_id(),    worker.ip()};
  if (wide) {
    row.insert(row.end(),
               {worker.node_name(), worker.actor_template(), absl::StrCat(worker.version())});
  }
  return row;
}

std::string NameOf(const ateapi::Actor& actor) {
  return Printable(absl::StrCat("actor/", actor.atespace(), "/", actor.actor_id()));
}

std::string NameOf(const ateapi::Atespace& atespace) {
  return Printable(absl::StrCat("atespace/", atespace.name()));
}

std::string NameOf(const ateapi::Worker& worker) {
  return Printable(absl::StrCat("worker/", worker.worker_namespace(), "/", worker.worker_pool(),
                                "/", worker.worker_pod()));
}

std::string JsonOf(const ateapi::Actor& actor) {
  std::string json;
  AppendActorJson(actor, &json);
  return json;
}

std::string JsonOf(const google::protobuf::Message& record) {
  std::string json;
  // Fails only for Any and Timestamp fields, which no record has.
  static_cast<void>(google::protobuf::util::MessageToJsonString(record, &json));
  return json;
}

}  // namespace atestore::cli
