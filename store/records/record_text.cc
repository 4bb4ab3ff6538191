#include "store/records/record_text.h"

#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/codec/json_patch.h"
#include "store/codec/value_codec.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

JsonMemberChange Text(std::string_view name, std::string_view text) {
  return {.name = name, .other_name = "", .value = absl::StrCat("\"", ToAbsl(text), "\"")};
}

std::string WithUid(const std::string& json, std::string_view write_id) {
  const std::vector<JsonMemberChange> changes{Text(kUidMember, write_id)};
  // Cannot fail: the encoder makes objects.
  return PatchJsonObject(json, changes).value_or(json);
}

// An int64 in the spelling that the record has it in; a string, as ProtoJSON writes it, if it has
// none.
std::string VersionText(std::string_view json, int64_t version) {
  std::optional<std::string_view> present = FindJsonMember(json, "version");
  const bool is_number =
      present && present->front() != '"' && present->front() != '\'' && *present != "null";
  return is_number ? absl::StrCat(version) : absl::StrCat("\"", version, "\"");
}

}  // namespace

std::string NewWriteId() {
  std::random_device chance;
  const uint64_t bits = uint64_t{chance()} << 32 | chance();
  return absl::StrFormat("%016x", bits);
}

std::string NewActorText(const ateapi::Actor& actor, std::string_view write_id) {
  return WithUid(EncodeActor(actor), write_id);
}

std::string NewAtespaceText(const ateapi::Atespace& atespace, std::string_view write_id) {
  return WithUid(EncodeAtespace(atespace), write_id);
}

absl::StatusOr<std::string> ChangedActorText(std::string_view json, const ateapi::Actor& changed,
                                             std::string_view write_id) {
  std::vector<JsonMemberChange> changes{
      {.name = "version", .other_name = "", .value = VersionText(json, changed.version())},
      {.name = "workerSelector", .other_name = "worker_selector", .value = std::nullopt},
      Text(kWriteMember, write_id)};
  if (changed.has_worker_selector()) changes[1].value = EncodeSelector(changed.worker_selector());
  absl::StatusOr<std::string> text = PatchJsonObject(json, changes);
  if (!text.ok()) return DataLossError(ToStd(text.status().message()));
  ateapi::Actor reads_as;
  absl::Status status = DecodeActor(*text, &reads_as);
  if (!status.ok()) return status;
  if (!google::protobuf::util::MessageDifferencer::Equals(reads_as, changed)) {
    return DataLossError("the value cannot be changed without rewriting the rest of it");
  }
  return text;
}

std::string MarkedAtespaceText(std::string_view json, std::string_view name,
                               std::string_view write_id) {
  const std::vector<JsonMemberChange> changes{Text(kDeletingMember, write_id)};
  absl::StatusOr<std::string> text = PatchJsonObject(json, changes);
  if (text.ok()) return *std::move(text);
  ateapi::Atespace atespace;
  atespace.set_name(std::string(name));
  std::string fresh = EncodeAtespace(atespace);
  return PatchJsonObject(fresh, changes).value_or(fresh);
}

std::string UnmarkedAtespaceText(std::string_view json) {
  const std::vector<JsonMemberChange> changes{
      {.name = kDeletingMember, .other_name = "", .value = std::nullopt}};
  return PatchJsonObject(json, changes).value_or(std::string(json));
}

std::string_view DeletionMark(std::string_view json) {
  return FindJsonText(json, kDeletingMember).value_or("");
}

bool IsWrittenBy(std::string_view json, std::string_view write_id) {
  return FindJsonText(json, kUidMember) == write_id ||
         FindJsonText(json, kWriteMember) == write_id ||
         FindJsonText(json, kDeletingMember) == write_id;
}

bool IsSameRecord(std::string_view json, std::string_view other) {
  std::optional<std::string_view> uid = FindJsonText(json, kUidMember);
  return uid && !uid->empty() && uid == FindJsonText(other, kUidMember);
}

absl::Status UnreadableRecord(std::string_view key, std::string_view why) {
  return WithErrorInfo(DataLossError(absl::StrCat("record ", Printable(key), ": ", ToAbsl(why))),
                       {.reason = "RECORD_UNREADABLE"});
}

}  // namespace atestore::inline v0
