#include "store/records/records.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/codec/json_patch.h"
#include "store/codec/value_codec.h"
#include "store/error_info.h"
#include "store/records/names.h"
#include "store/records/record_change.h"
#include "store/records/record_text.h"

namespace atestore::inline v0 {
namespace {

using ateapi::Actor;

std::string Quoted(const ateapi::ActorRef& ref) {
  return absl::StrCat("actor \"", ref.name(), "\" of atespace \"", ref.atespace(), "\"");
}

absl::Status NoSuchActor(const ateapi::ActorRef& ref) {
  return WithErrorInfo(NotFoundError(Quoted(ref) + " does not exist"),
                       {.reason = "ACTOR_NOT_FOUND"});
}

// " is STATUS_RUNNING". Newer programs may have written a status that this one does not know.
std::string StatusText(const Actor& actor, std::string_view json) {
  if (!Actor::Status_Name(actor.status()).empty() && actor.status() != Actor::STATUS_UNSPECIFIED) {
    return absl::StrCat(" is ", Actor::Status_Name(actor.status()));
  }
  const std::optional<std::string_view> written = FindJsonMember(json, "status");
  if (!written) return " has no status";
  return absl::StrCat(" has the status ", Printable(*written),
                      ", which this version does not know");
}

absl::Status CheckRecordSize(std::string_view json) {
  if (json.size() <= kRecordBytesMax) return absl::OkStatus();
  return WithErrorInfo(
      InvalidArgumentError(absl::StrCat("worker_selector: the record would have ", json.size(),
                                        " bytes, more than ", kRecordBytesMax)),
      {.reason = "RECORD_TOO_LARGE", .field = "worker_selector"});
}

// The value of an actor that a change is about to replace.
absl::StatusOr<Actor> DecodePresent(const ateapi::ActorRef& ref, std::string_view key,
                                    const std::optional<ReplyView>& present) {
  if (!present) return NoSuchActor(ref);
  Actor actor;
  absl::Status status = DecodeActorRecord(key, present->text(), &actor);
  if (!status.ok()) return status;
  return actor;
}

absl::Status CheckCreateRequest(const ateapi::CreateActorRequest& request) {
  if (absl::Status status = CheckActorRef(request.actor_ref()); !status.ok()) return status;
  // Actors without a template exist in older data, so a missing one is not refused.
  if (!request.actor_template_namespace().empty()) {
    absl::Status status =
        CheckLabel(request.actor_template_namespace(), "actor_template_namespace");
    if (!status.ok()) return status;
  }
  if (request.actor_template_name().empty()) return absl::OkStatus();
  return CheckSubdomain(request.actor_template_name(), "actor_template_name");
}

Actor NewActor(const ateapi::CreateActorRequest& request) {
  Actor actor;
  actor.set_atespace(request.actor_ref().atespace());
  actor.set_actor_id(request.actor_ref().name());
  actor.set_version(1);
  actor.set_status(Actor::STATUS_SUSPENDED);
  actor.set_actor_template_namespace(request.actor_template_namespace());
  actor.set_actor_template_name(request.actor_template_name());
  if (request.has_worker_selector()) *actor.mutable_worker_selector() = request.worker_selector();
  return actor;
}

void Change(const ateapi::UpdateActorRequest& request, Actor& actor) {
  actor.set_version(actor.version() + 1);
  actor.clear_worker_selector();
  if (request.has_worker_selector()) *actor.mutable_worker_selector() = request.worker_selector();
}

RecordChange Write(std::string value, const std::string& write_id) {
  return {.kind = RecordChange::Kind::kWrite, .value = std::move(value), .write_id = write_id};
}

}  // namespace

absl::Status DecodeActorRecord(std::string_view key, std::string_view padded_json,
                               ateapi::Actor* actor) {
  return DecodeActorRecord(key, padded_json, ActorFields::All(), actor);
}

absl::Status DecodeActorRecord(std::string_view key, std::string_view padded_json,
                               ActorFields wanted, ateapi::Actor* actor) {
  absl::Status status = DecodePaddedActor(padded_json, wanted.Add(ActorNameFields()), actor);
  if (!status.ok()) return UnreadableRecord(key, ToStd(status.message()));
  if (!IsUtf8(key)) return UnreadableRecord(key, "the key is not UTF-8");
  ActorKeyParts names = ParseActorKey(key);
  if (actor->actor_id().empty()) actor->mutable_actor_id()->assign(names.actor_id);
  if (actor->atespace().empty()) actor->mutable_atespace()->assign(names.atespace);
  if (actor->actor_id() != names.actor_id || actor->atespace() != names.atespace) {
    return UnreadableRecord(key, "the value names another actor than its key");
  }
  return absl::OkStatus();
}

absl::StatusOr<ateapi::Actor> Records::GetActor(const ateapi::ActorRef& ref,
                                                const CallOptions& call) {
  if (absl::Status status = CheckActorRef(ref); !status.ok()) return status;
  std::string key = ActorKey(ref.atespace(), ref.name());
  absl::StatusOr<std::optional<Reply>> value = ReadRecord(client_, key, call);
  if (!value.ok()) return value.status();
  if (!*value) return NoSuchActor(ref);
  return DecodePresent(ref, key, (*value)->view());
}

absl::StatusOr<ateapi::Actor> Records::CreateActor(const ateapi::CreateActorRequest& request,
                                                   const CallOptions& call) {
  if (absl::Status status = CheckCreateRequest(request); !status.ok()) return status;
  const ateapi::ActorRef& ref = request.actor_ref();
  const std::string key = ActorKey(ref.atespace(), ref.name());
  Actor actor = NewActor(request);
  const std::string write_id = NewWriteId();
  const std::string json = NewActorText(actor, write_id);
  if (absl::Status status = CheckRecordSize(json); !status.ok()) return status;
  if (absl::Status status = ConfirmAtespace(ref.atespace(), call); !status.ok()) return status;
  auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
    if (!present) return Write(json, write_id);
    return WithErrorInfo(AlreadyExistsError(Quoted(ref) + " exists"),
                         {.reason = "ACTOR_ALREADY_EXISTS"});
  };
  if (absl::Status status = ChangeRecord(client_, key, call, decide); !status.ok()) return status;

  // A deletion of the atespace has seen the actor, or this sees the deletion.
  absl::Status confirmed = ConfirmAtespace(ref.atespace(), call);
  if (confirmed.ok()) return actor;
  absl::Status taken_back = TakeBack(key, write_id, call);
  if (taken_back.ok()) return confirmed;
  return WithErrorInfo(taken_back, {.reason = std::string(kWriteOutcomeUnknown)});
}

absl::StatusOr<ateapi::Actor> Records::UpdateActor(const ateapi::UpdateActorRequest& request,
                                                   const CallOptions& call) {
  const ateapi::ActorRef& ref = request.actor_ref();
  if (absl::Status status = CheckActorRef(ref); !status.ok()) return status;
  std::string key = ActorKey(ref.atespace(), ref.name());
  const std::string write_id = NewWriteId();
  Actor updated;
  auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
    absl::StatusOr<Actor> actor = DecodePresent(ref, key, present);
    if (!actor.ok()) return actor.status();
    // As it is written, without the names that the key stands in for.
    Actor stored;
    if (absl::Status status = DecodePaddedActor(present->text(), &stored); !status.ok()) {
      return UnreadableRecord(key, ToStd(status.message()));
    }
    if (actor->version() == std::numeric_limits<int64_t>::max()) {
      return UnreadableRecord(key, "the version cannot become larger");
    }
    Change(request, *actor);
    Change(request, stored);
    updated = *std::move(actor);
    absl::StatusOr<std::string> json = ChangedActorText(present->text(), stored, write_id);
    if (!json.ok()) return UnreadableRecord(key, ToStd(json.status().message()));
    if (absl::Status status = CheckRecordSize(*json); !status.ok()) return status;
    return Write(*std::move(json), write_id);
  };
  if (absl::Status status = ChangeRecord(client_, key, call, decide); !status.ok()) return status;
  return updated;
}

absl::Status Records::DeleteActor(const ateapi::ActorRef& ref, const CallOptions& call) {
  if (absl::Status status = CheckActorRef(ref); !status.ok()) return status;
  std::string key = ActorKey(ref.atespace(), ref.name());
  auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
    absl::StatusOr<Actor> actor = DecodePresent(ref, key, present);
    if (!actor.ok()) return actor.status();
    if (actor->status() != Actor::STATUS_SUSPENDED) {
      return WithErrorInfo(
          FailedPreconditionError(absl::StrCat(Quoted(ref), StatusText(*actor, present->text()),
                                               ", only a STATUS_SUSPENDED one can be deleted")),
          {.reason = "ACTOR_NOT_SUSPENDED"});
    }
    return RecordChange::Remove();
  };
  return ChangeRecord(client_, key, call, decide, {.when_memory_is_full = true});
}

absl::Status Records::TakeBack(std::string_view key, std::string_view write_id,
                               const CallOptions& call) {
  auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
    const bool is_mine = present && FindJsonText(present->text(), kUidMember) == write_id;
    return is_mine ? RecordChange::Remove() : RecordChange::Keep();
  };
  absl::Status status = ChangeRecord(client_, key, call, decide, {.when_memory_is_full = true});
  // It is gone, whichever call removed it.
  return absl::IsAborted(status) && IsWriteOutcomeUnknown(status) ? absl::OkStatus() : status;
}

}  // namespace atestore::inline v0
