#include "store/records.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/error_info.h"
#include "store/names.h"
#include "store/record_change.h"
#include "store/value_codec.h"

namespace atestore {
namespace {

using ateapi::Actor;

std::string Quoted(const ateapi::ActorRef& ref) {
  return absl::StrCat("actor \"", ref.name(), "\" of atespace \"", ref.atespace(), "\"");
}

std::string Quoted(std::string_view atespace) {
  return absl::StrCat("atespace \"", ToAbsl(atespace), "\"");
}

absl::Status NoSuchActor(const ateapi::ActorRef& ref) {
  return WithErrorInfo(NotFoundError(Quoted(ref) + " does not exist"),
                       {.reason = "ACTOR_NOT_FOUND"});
}

absl::Status NoSuchAtespace(std::string_view name) {
  return WithErrorInfo(NotFoundError(Quoted(name) + " does not exist"),
                       {.reason = "ATESPACE_NOT_FOUND"});
}

absl::Status Unreadable(std::string_view key, std::string_view why) {
  return WithErrorInfo(DataLossError(absl::StrCat("record ", Printable(key), ": ", ToAbsl(why))),
                       {.reason = "RECORD_UNREADABLE"});
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

}  // namespace

absl::Status DecodeActorRecord(std::string_view key, std::string_view padded_json,
                               ateapi::Actor* actor) {
  absl::Status status = DecodePaddedActor(padded_json, actor);
  if (!status.ok()) return Unreadable(key, ToStd(status.message()));
  if (!IsUtf8(key)) return Unreadable(key, "the key is not UTF-8");
  ActorKeyParts names = ParseActorKey(key);
  if (actor->actor_id().empty()) actor->mutable_actor_id()->assign(names.actor_id);
  if (actor->atespace().empty()) actor->mutable_atespace()->assign(names.atespace);
  if (actor->actor_id() != names.actor_id || actor->atespace() != names.atespace) {
    return Unreadable(key, "the value names another actor than its key");
  }
  return absl::OkStatus();
}

absl::Status DecodeAtespaceRecord(std::string_view key, std::string_view json,
                                  ateapi::Atespace* atespace) {
  absl::Status status = DecodeAtespace(json, atespace);
  if (!status.ok()) return Unreadable(key, ToStd(status.message()));
  if (!IsUtf8(key)) return Unreadable(key, "the key is not UTF-8");
  std::string_view name = key.substr(key.find(':') + 1);
  if (atespace->name().empty()) atespace->set_name(std::string(name));
  if (atespace->name() != name) return Unreadable(key, "the value names another atespace");
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
  Actor actor = NewActor(request);
  std::string json = EncodeActor(actor);
  if (absl::Status status = CheckRecordSize(json); !status.ok()) return status;
  absl::StatusOr<std::optional<Reply>> atespace =
      ReadRecord(client_, AtespaceKey(ref.atespace()), call);
  if (!atespace.ok()) return atespace.status();
  if (!*atespace) {
    return WithErrorInfo(FailedPreconditionError(Quoted(ref.atespace()) + " does not exist"),
                         {.reason = "ATESPACE_NOT_FOUND"});
  }
  absl::StatusOr<bool> created =
      CreateRecord(client_, ActorKey(ref.atespace(), ref.name()), json, call);
  if (!created.ok()) return created.status();
  if (!*created) {
    return WithErrorInfo(AlreadyExistsError(Quoted(ref) + " exists"),
                         {.reason = "ACTOR_ALREADY_EXISTS"});
  }
  return actor;
}

absl::StatusOr<ateapi::Actor> Records::UpdateActor(const ateapi::UpdateActorRequest& request,
                                                   const CallOptions& call) {
  const ateapi::ActorRef& ref = request.actor_ref();
  if (absl::Status status = CheckActorRef(ref); !status.ok()) return status;
  std::string key = ActorKey(ref.atespace(), ref.name());
  Actor updated;
  auto decide =
      [&](std::optional<ReplyView> present) -> absl::StatusOr<std::optional<std::string>> {
    absl::StatusOr<Actor> actor = DecodePresent(ref, key, present);
    if (!actor.ok()) return actor.status();
    updated = *std::move(actor);
    updated.set_version(updated.version() + 1);
    updated.clear_worker_selector();
    if (request.has_worker_selector()) {
      *updated.mutable_worker_selector() = request.worker_selector();
    }
    std::string json = EncodeActor(updated);
    if (absl::Status status = CheckRecordSize(json); !status.ok()) return status;
    return json;
  };
  if (absl::Status status = ChangeRecord(client_, key, call, decide); !status.ok()) return status;
  return updated;
}

absl::Status Records::DeleteActor(const ateapi::ActorRef& ref, const CallOptions& call) {
  if (absl::Status status = CheckActorRef(ref); !status.ok()) return status;
  std::string key = ActorKey(ref.atespace(), ref.name());
  auto decide =
      [&](std::optional<ReplyView> present) -> absl::StatusOr<std::optional<std::string>> {
    absl::StatusOr<Actor> actor = DecodePresent(ref, key, present);
    if (!actor.ok()) return actor.status();
    if (actor->status() != Actor::STATUS_SUSPENDED) {
      return WithErrorInfo(FailedPreconditionError(absl::StrCat(
                               Quoted(ref), " is ", Actor::Status_Name(actor->status()),
                               ", only a STATUS_SUSPENDED one can be deleted")),
                           {.reason = "ACTOR_NOT_SUSPENDED"});
    }
    return std::nullopt;
  };
  return ChangeRecord(client_, key, call, decide);
}

absl::StatusOr<ateapi::Atespace> Records::CreateAtespace(std::string_view name,
                                                         const CallOptions& call) {
  if (absl::Status status = CheckLabel(name, "name"); !status.ok()) return status;
  ateapi::Atespace atespace;
  atespace.set_name(std::string(name));
  absl::StatusOr<bool> created =
      CreateRecord(client_, AtespaceKey(name), EncodeAtespace(atespace), call);
  if (!created.ok()) return created.status();
  if (!*created) {
    return WithErrorInfo(AlreadyExistsError(Quoted(name) + " exists"),
                         {.reason = "ATESPACE_ALREADY_EXISTS"});
  }
  return atespace;
}

absl::StatusOr<ateapi::Atespace> Records::GetAtespace(std::string_view name,
                                                      const CallOptions& call) {
  if (absl::Status status = CheckLabel(name, "name"); !status.ok()) return status;
  std::string key = AtespaceKey(name);
  absl::StatusOr<std::optional<Reply>> value = ReadRecord(client_, key, call);
  if (!value.ok()) return value.status();
  if (!*value) return NoSuchAtespace(name);
  ateapi::Atespace atespace;
  absl::Status status = DecodeAtespaceRecord(key, (*value)->view().text(), &atespace);
  if (!status.ok()) return status;
  return atespace;
}

absl::Status Records::DeleteAtespace(std::string_view name,
                                     const std::function<absl::StatusOr<bool>()>& is_empty,
                                     const CallOptions& call) {
  absl::StatusOr<ateapi::Atespace> present = GetAtespace(name, call);
  // One whose value cannot be read can still be deleted.
  if (!present.ok() && !absl::IsDataLoss(present.status())) return present.status();
  absl::StatusOr<bool> empty = is_empty();
  if (!empty.ok()) return empty.status();
  if (!*empty) {
    return WithErrorInfo(FailedPreconditionError(Quoted(name) + " still holds actors"),
                         {.reason = "ATESPACE_NOT_EMPTY"});
  }
  absl::StatusOr<bool> removed = RemoveRecord(client_, AtespaceKey(name), call);
  if (!removed.ok()) return removed.status();
  return *removed ? absl::OkStatus() : NoSuchAtespace(name);
}

}  // namespace atestore
