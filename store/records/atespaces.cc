#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/key_filter.h"
#include "core/status.h"
#include "core/utf8.h"
#include "store/codec/value_codec.h"
#include "store/error_info.h"
#include "store/records/names.h"
#include "store/records/record_change.h"
#include "store/records/record_text.h"
#include "store/records/records.h"

// Deleting an atespace and creating actors in it exclude each other though their records are in
// different slots. A deletion marks the record of the atespace, then looks for actors, then removes
// the record if its mark is still there. A creation writes the actor, then looks at the atespace:
// it takes a mark away, and takes its actor back when the record is gone. Whichever comes second
// sees the first. A mark that a crash left behind is in nobody's way: the next deletion puts its
// own there, the next creation takes it away.
namespace atestore::inline v0 {
namespace {

// How often a deletion starts again because a creation or another deletion replaced its mark.
constexpr int kDeletionsMax = 4;
// How often a creation looks again at an atespace whose mark somebody else changed meanwhile.
constexpr int kConfirmationsMax = 16;

std::string Quoted(std::string_view atespace) {
  return absl::StrCat("atespace \"", ToAbsl(atespace), "\"");
}

absl::Status NoSuchAtespace(std::string_view name) {
  return WithErrorInfo(NotFoundError(Quoted(name) + " does not exist"),
                       {.reason = "ATESPACE_NOT_FOUND"});
}

absl::Status Conflict(std::string_view name) {
  return WithErrorInfo(absl::AbortedError(absl::StrCat(
                           Quoted(name), " is being changed by others all the time; call again")),
                       {.reason = "WRITE_CONFLICT"});
}

// An error of a step that deletes nothing: what it left behind is in nobody's way, so whether the
// step was made does not matter to the caller.
absl::Status OfAStep(const absl::Status& status) {
  if (!IsWriteOutcomeUnknown(status)) return status;
  const bool unavailable = absl::IsUnavailable(status);
  return WithErrorInfo(status, {.reason = unavailable ? "STORE_UNAVAILABLE"
                                                      : absl::StatusCodeToString(status.code())});
}

// One attempt to delete an atespace.
class AtespaceDeletion {
 public:
  AtespaceDeletion(ClusterClient& client, std::string_view name, const CallOptions& call)
      : client_(client), name_(name), key_(AtespaceKey(name)), call_(call) {}

  absl::Status Mark() {
    auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
      if (!present) return NoSuchAtespace(name_);
      unmarked_ = UnmarkedAtespaceText(present->text());
      return RecordChange{.kind = RecordChange::Kind::kWrite,
                          .value = MarkedAtespaceText(present->text(), name_, mark_),
                          .write_id = mark_};
    };
    return OfAStep(ChangeRecord(client_, key_, call_, decide, {.when_memory_is_full = true}));
  }

  // The atespace stays. A failure leaves a mark that is in nobody's way.
  void Unmark() {
    auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
      if (!IsMine(present)) return RecordChange::Keep();
      return RecordChange{.kind = RecordChange::Kind::kWrite, .value = unmarked_, .write_id = ""};
    };
    ChangeRecord(client_, key_, call_, decide, {.when_memory_is_full = true}).IgnoreError();
  }

  // False: the mark is not there any more, so there may be actors.
  absl::StatusOr<bool> Remove() {
    bool interrupted = false;
    auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
      if (!present) return NoSuchAtespace(name_);
      interrupted = !IsMine(present);
      return interrupted ? RecordChange::Keep() : RecordChange::Remove();
    };
    absl::Status status = ChangeRecord(client_, key_, call_, decide, {.when_memory_is_full = true});
    if (!status.ok()) return status;
    return !interrupted;
  }

 private:
  bool IsMine(const std::optional<ReplyView>& present) const {
    return present && DeletionMark(present->text()) == mark_;
  }

  ClusterClient& client_;
  const std::string_view name_;
  const std::string key_;
  const CallOptions& call_;
  const std::string mark_ = NewWriteId();
  std::string unmarked_;
};

}  // namespace

absl::Status DecodeAtespaceRecord(std::string_view key, std::string_view json,
                                  ateapi::Atespace* atespace) {
  absl::Status status = DecodeAtespace(json, atespace);
  if (!status.ok()) return UnreadableRecord(key, ToStd(status.message()));
  if (!IsUtf8(key)) return UnreadableRecord(key, "the key is not UTF-8");
  std::string_view name = key.substr(key.find(':') + 1);
  if (atespace->name().empty()) atespace->set_name(std::string(name));
  if (atespace->name() != name) return UnreadableRecord(key, "the value names another atespace");
  return absl::OkStatus();
}

absl::StatusOr<ateapi::Atespace> Records::CreateAtespace(std::string_view name,
                                                         const CallOptions& call) {
  if (absl::Status status = CheckLabel(name, "name"); !status.ok()) return status;
  ateapi::Atespace atespace;
  atespace.set_name(std::string(name));
  const std::string write_id = NewWriteId();
  auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
    if (!present) {
      return RecordChange{.kind = RecordChange::Kind::kWrite,
                          .value = NewAtespaceText(atespace, write_id),
                          .write_id = write_id};
    }
    return WithErrorInfo(AlreadyExistsError(Quoted(name) + " exists"),
                         {.reason = "ATESPACE_ALREADY_EXISTS"});
  };
  absl::Status status = ChangeRecord(client_, AtespaceKey(name), call, decide);
  if (!status.ok()) return status;
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
  if (absl::Status status = CheckLabel(name, "name"); !status.ok()) return status;
  for (int begun = 0; begun < kDeletionsMax; ++begun) {
    AtespaceDeletion deletion(client_, name, call);
    absl::Status marked = deletion.Mark();
    if (absl::IsAborted(marked)) continue;
    // Not even a string: no creation gets past it.
    const bool is_foreign = absl::IsDataLoss(marked);
    if (!marked.ok() && !is_foreign) return marked;
    absl::StatusOr<bool> empty = is_empty();
    if (!empty.ok() || !*empty) {
      if (!is_foreign) deletion.Unmark();
      if (!empty.ok()) return empty.status();
      return WithErrorInfo(FailedPreconditionError(Quoted(name) + " still holds actors"),
                           {.reason = "ATESPACE_NOT_EMPTY"});
    }
    if (is_foreign) return RemoveRecord(client_, AtespaceKey(name), call);
    absl::StatusOr<bool> removed = deletion.Remove();
    if (!removed.ok()) return removed.status();
    if (*removed) return absl::OkStatus();
  }
  return Conflict(name);
}

absl::Status Records::ConfirmAtespace(std::string_view name, const CallOptions& call) {
  const std::string key = AtespaceKey(name);
  for (int looks = 0; looks < kConfirmationsMax; ++looks) {
    absl::StatusOr<std::optional<Reply>> value = ReadRecord(client_, key, call);
    if (!value.ok()) return value.status();
    if (!*value) {
      return WithErrorInfo(FailedPreconditionError(Quoted(name) + " does not exist"),
                           {.reason = "ATESPACE_NOT_FOUND"});
    }
    if (DeletionMark((*value)->view().text()).empty()) return absl::OkStatus();
    auto decide = [](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
      if (!present || DeletionMark(present->text()).empty()) return RecordChange::Keep();
      return RecordChange{.kind = RecordChange::Kind::kWrite,
                          .value = UnmarkedAtespaceText(present->text()),
                          .write_id = ""};
    };
    absl::Status status = ChangeRecord(client_, key, call, decide);
    if (!status.ok() && !absl::IsAborted(status)) return OfAStep(status);
  }
  return Conflict(name);
}

}  // namespace atestore::inline v0
