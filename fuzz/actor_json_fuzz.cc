// Oracle: protobuf's own JSON writer. The writer without reflection must write the same bytes, for
// any actor, also one with text that is not UTF-8; and what it writes must read as the same actor.
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "fuzz/byte_source.h"
#include "store/codec/actor_json.h"
#include "store/codec/value_codec.h"

namespace {

using ateapi::Actor;
using atestore::fuzz::ByteSource;

void Require(bool condition) {
  if (!condition) std::abort();
}

std::string TextOf(ByteSource& source) { return std::string(source.Bytes(source.Number(24))); }

int64_t NumberOf(ByteSource& source) {
  const bool small = source.Flag();
  return static_cast<int64_t>(source.Number(small ? 8 : UINT64_MAX));
}

void FillSnapshot(ByteSource& source, ateapi::SnapshotInfo* snapshot) {
  snapshot->set_type(static_cast<ateapi::SnapshotType>(NumberOf(source)));
  if (source.Flag()) snapshot->mutable_external()->set_snapshot_uri_prefix(TextOf(source));
  if (source.Flag()) {
    snapshot->mutable_local()->set_snapshot_prefix(TextOf(source));
    while (source.Flag()) {
      snapshot->mutable_local()->add_node_vms_with_local_snapshots(TextOf(source));
    }
  }
}

Actor ActorFrom(ByteSource& source) {
  Actor actor;
  for (auto field : {&Actor::mutable_actor_id, &Actor::mutable_actor_template_namespace,
                     &Actor::mutable_actor_template_name, &Actor::mutable_ateom_pod_namespace,
                     &Actor::mutable_ateom_pod_name, &Actor::mutable_ateom_pod_ip,
                     &Actor::mutable_in_progress_snapshot, &Actor::mutable_ateom_pod_uid,
                     &Actor::mutable_worker_pool_name, &Actor::mutable_atespace}) {
    if (source.Flag()) *(actor.*field)() = TextOf(source);
  }
  actor.set_version(NumberOf(source));
  actor.set_status(static_cast<Actor::Status>(NumberOf(source)));
  if (source.Flag()) FillSnapshot(source, actor.mutable_latest_snapshot_info());
  if (source.Flag()) {
    auto& labels = *actor.mutable_worker_selector()->mutable_match_labels();
    while (source.Flag()) {
      const std::string key = TextOf(source);
      labels[key] = TextOf(source);
    }
  }
  return actor;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // protobuf complains about text that is not UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  ByteSource source(data, size);
  const Actor actor = ActorFrom(source);

  std::string expected;
  Require(google::protobuf::util::MessageToJsonString(actor, &expected).ok());
  std::string json = "x";
  atestore::AppendActorJson(actor, &json);
  Require(json == "x" + expected);

  Actor again;
  const bool utf8 =
      actor.SerializeAsString().empty() || Actor().ParseFromString(actor.SerializeAsString());
  if (utf8 && atestore::DecodeActor(expected, &again).ok() &&
      Actor::Status_IsValid(actor.status()) &&
      ateapi::SnapshotType_IsValid(actor.latest_snapshot_info().type())) {
    Require(google::protobuf::util::MessageDifferencer::Equals(again, actor));
  }
  return 0;
}
