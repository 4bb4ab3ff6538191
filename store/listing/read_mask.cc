#include "store/listing/read_mask.h"

#include <google/protobuf/util/field_mask_util.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

absl::Status BadMask(std::string_view what) {
  return WithErrorInfo(InvalidArgumentError(absl::StrCat("read_mask: ", ToAbsl(what))),
                       {.reason = "READ_MASK_INVALID", .field = "read_mask"});
}

absl::Status NoSuchPath(const std::string& path) {
  std::vector<std::string> known;
  for (const ActorField& field : AllActorFields()) known.emplace_back(field.path);
  return BadMask(absl::StrCat(
      "\"", path, "\" is no field of an actor; there are: ", absl::StrJoin(known, ", ")));
}

}  // namespace

absl::StatusOr<ReadMask> ReadMask::Parse(const google::protobuf::FieldMask& mask) {
  ReadMask parsed;
  if (mask.paths().empty()) return parsed;
  if (static_cast<size_t>(mask.paths_size()) > kReadMaskPathsMax) {
    return BadMask(absl::StrCat(mask.paths_size(), " paths, more than ", kReadMaskPathsMax));
  }
  ActorFields fields;
  for (const std::string& path : mask.paths()) {
    if (path == "*") {
      fields.Add(ActorFields::All());
      continue;
    }
    const ActorField* field = FindActorField(path);
    if (field == nullptr || field->path != path) return NoSuchPath(path);
    fields.Add(field->top_number);
    if (path.find('.') != std::string::npos) parsed.into_messages_ = true;
  }
  parsed.fields_ = fields;
  if (fields.is_all()) parsed.into_messages_ = false;
  if (parsed.into_messages_) parsed.mask_ = mask;
  return parsed;
}

bool ReadMask::keys_only() const {
  return ActorFields(fields_).Add(ActorNameFields()) == ActorNameFields();
}

void ReadMask::Trim(ateapi::Actor* actor) const {
  if (into_messages_) {
    google::protobuf::util::FieldMaskUtil::TrimMessage(mask_, actor);
    return;
  }
  // The decoder left the others out; the names it always reads.
  if (!fields_.Has(ateapi::Actor::kAtespaceFieldNumber)) actor->clear_atespace();
  if (!fields_.Has(ateapi::Actor::kActorIdFieldNumber)) actor->clear_actor_id();
}

}  // namespace atestore::inline v0
