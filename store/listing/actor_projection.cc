#include "store/listing/actor_projection.h"

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/records/records.h"

namespace atestore::inline v0 {

bool ActorProjection::MayWant(std::string_view key) const {
  return filter.DecideOnKey(ParseActorKey(key)).value_or(true);
}

absl::StatusOr<bool> ActorProjection::ReadName(std::string_view key, ateapi::Actor* actor) const {
  if (!IsUtf8(key)) return DataLossError("the key is not UTF-8");
  const ActorKeyParts names = ParseActorKey(key);
  actor->Clear();
  actor->mutable_atespace()->assign(names.atespace);
  actor->mutable_actor_id()->assign(names.actor_id);
  mask.Trim(actor);
  return true;
}

absl::StatusOr<bool> ActorProjection::Read(std::string_view key, std::string_view value,
                                           ateapi::Actor* actor) const {
  if (keys_only()) return ReadName(key, actor);
  ActorFields decoded;
  if (filter.needs_values() && !filter.DecideOnKey(ParseActorKey(key))) {
    decoded = filter.fields();
    absl::Status status = DecodeActorRecord(key, value, decoded, actor);
    if (!status.ok()) return status;
    if (!filter.Matches(*actor)) return false;
    decoded.Add(ActorNameFields());
  }
  if (!decoded.Includes(mask.fields())) {
    absl::Status status = DecodeActorRecord(key, value, mask.fields(), actor);
    if (!status.ok()) return status;
  } else {
    KeepFields(mask.fields(), actor);
  }
  if (!mask.wants_all()) mask.Trim(actor);
  return true;
}

}  // namespace atestore::inline v0
