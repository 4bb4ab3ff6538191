// Oracle: a changed record reads as the old one with the change, and every byte outside the members
// that change is where it was. What simdjson reads strictly can always be changed.
#include <google/protobuf/util/message_differencer.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/resp.h"
#include "fuzz/require.h"
#include "store/codec/json_fast_path.h"
#include "store/codec/json_patch.h"
#include "store/codec/value_codec.h"
#include "store/records/record_text.h"

namespace {

using ateapi::Actor;
using atestore::JsonMemberChange;
using atestore::fuzz::Require;

constexpr std::string_view kWriteId = "0123456789abcdef";

// Without the members that change, and without what goes with them: commas and white space.
std::string Rest(std::string_view json) {
  const std::vector<JsonMemberChange> changes{
      {.name = "version", .other_name = "", .value = std::nullopt},
      {.name = "workerSelector", .other_name = "worker_selector", .value = std::nullopt},
      {.name = "$write", .other_name = "", .value = std::nullopt}};
  absl::StatusOr<std::string> rest = atestore::PatchJsonObject(json, changes);
  Require(rest.ok(), "members can be taken out of an object");
  std::erase_if(*rest, [](char c) { return std::strchr(", \t\n\v\f\r", c) != nullptr; });
  return *rest;
}

bool ReadsStrictly(std::string_view json) {
  std::string padded(json);
  padded.append(atestore::RespReader::kPadding, '\0');
  Actor actor;
  return !atestore::DecodeActorFast(std::string_view(padded).substr(0, json.size()), &actor);
}

}  // namespace

// The first byte chooses the new selector, the rest is the record.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view json(reinterpret_cast<const char*>(data + 1), size - 1);
  // Nobody's text crashes it, decoded or not.
  (void)atestore::FindJsonText(json, "$uid");
  (void)atestore::MarkedAtespaceText(json, "a", kWriteId);

  Actor actor;
  if (!atestore::DecodeActor(json, &actor).ok()) return 0;
  if (actor.version() == std::numeric_limits<int64_t>::max()) return 0;
  actor.set_version(actor.version() + 1);
  actor.clear_worker_selector();
  if (data[0] % 3 != 0) actor.mutable_worker_selector();
  if (data[0] % 3 == 2) {
    (*actor.mutable_worker_selector()->mutable_match_labels())["\"},{'"] = "\n\\";
  }
  absl::StatusOr<std::string> changed = atestore::ChangedActorText(json, actor, kWriteId);
  if (!changed.ok()) {
    Require(!ReadsStrictly(json), "strict JSON can be changed");
    return 0;
  }
  Actor reads_as;
  Require(atestore::DecodeActor(*changed, &reads_as).ok(), "what is written can be read");
  Require(google::protobuf::util::MessageDifferencer::Equals(reads_as, actor),
          "patch then decode is decode then modify");
  Require(atestore::IsWrittenBy(*changed, kWriteId), "a record tells who wrote it");
  Require(Rest(*changed) == Rest(json), "the rest stays to the byte");
  return 0;
}
