#include "store/records/record_change.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/cluster/retry_pacer.h"
#include "store/cluster/slot_call.h"
#include "store/error_info.h"
#include "store/records/record_text.h"

namespace atestore::inline v0 {
namespace {

// Compares and writes, or removes, as WATCH … MULTI … EXEC does, also when memory is full.
constexpr std::string_view kScript =
    "#!lua flags=allow-oom\n"
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "if ARGV[2] then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('DEL', KEYS[1]) end\n"
    "return 1";

absl::Status UnexpectedReply(std::string_view command) {
  return WithErrorInfo(absl::InternalError(absl::StrCat("unexpected reply to ", ToAbsl(command))),
                       {.reason = "STORE_ERROR"});
}

// The value in a reply to GET; nullopt: none.
absl::StatusOr<std::optional<ReplyView>> ValueOf(const ReplyView& reply, std::string_view key) {
  if (reply.is_null()) return std::nullopt;
  if (reply.is_string()) return reply;
  if (reply.type() != RespType::kDropped) return UnexpectedReply("GET");
  return WithErrorInfo(DataLossError(absl::StrCat("record ", ToAbsl(key), ": the value has ",
                                                  reply.integer(), " bytes, too many to read")),
                       {.reason = "RECORD_UNREADABLE"});
}

// One call about one key.
struct KeyCall {
  KeyCall(ClusterClient& client, ShardTransport& transport, std::string_view key,
          const CallOptions& call)
      : pacer(client.clock(), call, client.NextRetryOptions()),
        slot(client, transport, KeySlot(key), pacer) {}

  RetryPacer pacer;
  SlotCall slot;
};

// A change that was sent and not answered.
struct Unanswered {
  std::optional<std::string> before;  // what it was to replace
  RecordChange change;
};

// What the present value tells about it.
enum class Evidence { kMade, kNotMade, kNone };

Evidence Judge(const Unanswered& sent, std::optional<std::string_view> present) {
  if (sent.change.kind == RecordChange::Kind::kWrite) {
    if (present && !sent.change.write_id.empty() && IsWrittenBy(*present, sent.change.write_id)) {
      return Evidence::kMade;
    }
    // Absent before and now proves nothing: it may have been made and removed by somebody.
    return present && present == sent.before ? Evidence::kNotMade : Evidence::kNone;
  }
  const bool is_there = present && (present == sent.before || IsSameRecord(*present, *sent.before));
  return is_there ? Evidence::kNotMade : Evidence::kNone;
}

class Changer {
 public:
  Changer(ClusterClient& client, std::string_view key, const CallOptions& call,
          const DecideChange& decide, const ChangeOptions& options)
      // WATCH belongs to a connection, so it must be nobody else's.
      : transport_(client.transport().Exclusive()),
        call_(client, *transport_, key, call),
        key_(key),
        decide_(decide),
        options_(options) {}

  absl::Status Run() {
    while (lost_races_ < kLostRacesMax) {
      absl::StatusOr<bool> done = TryOnce();
      if (!done.ok()) return AfterLostReplies(done.status());
      if (*done) return absl::OkStatus();
    }
    return AfterLostReplies(
        WithErrorInfo(absl::AbortedError(absl::StrCat(
                          "record ", key_, " is being changed by others all the time; call again")),
                      {.reason = "WRITE_CONFLICT"}));
  }

 private:
  // True: the change is made, or none is wanted. False: try again.
  absl::StatusOr<bool> TryOnce() {
    auto read = call_.slot.Try({{"WATCH", key_}, {"GET", key_}});
    if (!read.ok()) return read.status();
    if (!*read) return false;
    absl::StatusOr<std::optional<ReplyView>> present = ValueOf((**read)[1].view(), key_);
    if (!present.ok()) return present.status();
    std::optional<std::string> before;
    if (*present) before.emplace((*present)->text());

    for (const Unanswered& sent : unanswered_) {
      const Evidence evidence = Judge(sent, before);
      if (evidence == Evidence::kMade) return true;
      if (evidence == Evidence::kNone) return OutcomeUnknown(before.has_value());
    }
    absl::StatusOr<RecordChange> change = decide_(*present);
    if (!change.ok()) return change.status();
    if (change->kind == RecordChange::Kind::kKeep) return true;
    if (change->kind == RecordChange::Kind::kRemove && !before) return true;
    if (memory_is_full_ && before) return Send(ScriptOf(*change, *before), before, *change);
    return Send(TransactionOf(*change), before, *change);
  }

  std::vector<Command> TransactionOf(const RecordChange& change) const {
    const bool writes = change.kind == RecordChange::Kind::kWrite;
    return {
        {"MULTI"}, writes ? Command{"SET", key_, change.value} : Command{"DEL", key_}, {"EXEC"}};
  }
  std::vector<Command> ScriptOf(const RecordChange& change, const std::string& before) const {
    Command command{"EVAL", std::string(kScript), "1", key_, before};
    if (change.kind == RecordChange::Kind::kWrite) command.push_back(change.value);
    return {std::move(command)};
  }

  absl::StatusOr<bool> Send(const std::vector<Command>& commands,
                            const std::optional<std::string>& before, const RecordChange& change) {
    auto result = call_.slot.Try(commands);
    if (call_.slot.outcome() == TryOutcome::kUnknown) {
      unanswered_.push_back({.before = before, .change = change});
    }
    if (const std::optional<ServerError>& refusal = call_.slot.refusal()) {
      if (absl::Status status = OnRefusal(*refusal); !status.ok()) return status;
      if (memory_is_full_ && !tried_script_) {
        tried_script_ = true;
        return false;
      }
    }
    if (!result.ok()) return result.status();
    if (!*result) return false;
    return ReadResult((**result).back().view(), change);
  }

  absl::Status OnRefusal(const ServerError& refusal) {
    if (options_.when_memory_is_full && refusal.text.starts_with("OOM ")) memory_is_full_ = true;
    if (!tried_script_ || refusal.kind != ServerErrorKind::kNoPermission) return absl::OkStatus();
    return WithErrorInfo(
        absl::PermissionDeniedError(absl::StrCat(
            "Redis has reached its maxmemory and refuses to delete inside MULTI; grant the user "
            "EVAL (ACL SETUSER … +eval), by which records are deleted then: ",
            refusal.text)),
        {.reason = "REDIS_PERMISSION_DENIED"});
  }

  // The reply to EXEC or EVAL.
  absl::StatusOr<bool> ReadResult(const ReplyView& reply, const RecordChange& change) {
    const bool by_script = reply.type() == RespType::kInteger;
    if (!by_script && !reply.is_array() && !reply.is_null()) return UnexpectedReply("EXEC");
    bool done = by_script && reply.integer() == 1;
    if (reply.is_array() && reply.size() == 1) {
      // DEL finds nothing where the key has expired since it was read.
      done = change.kind == RecordChange::Kind::kWrite ? reply[0].text() == "OK"
                                                       : reply[0].integer() == 1;
    }
    if (!done) ++lost_races_;
    return done;
  }

  absl::Status OutcomeUnknown(bool is_there) const {
    return WithErrorInfo(
        absl::AbortedError(absl::StrCat(
            "record ", key_, ": the reply to the change was lost, and the record, which is ",
            is_there ? "another one" : "not there",
            " now, does not tell whether it was made; read it and decide")),
        {.reason = std::string(kWriteOutcomeUnknown)});
  }

  absl::Status AfterLostReplies(const absl::Status& status) const {
    if (unanswered_.empty()) return status;
    return WithErrorInfo(status, {.reason = std::string(kWriteOutcomeUnknown)});
  }

  const std::unique_ptr<ShardTransport> transport_;
  KeyCall call_;
  const std::string key_;
  const DecideChange& decide_;
  const ChangeOptions options_;
  std::vector<Unanswered> unanswered_;
  int lost_races_ = 0;
  bool memory_is_full_ = false;
  bool tried_script_ = false;
};

}  // namespace

absl::StatusOr<std::optional<Reply>> ReadRecord(ClusterClient& client, std::string_view key,
                                                const CallOptions& call) {
  KeyCall key_call(client, client.transport(), key, call);
  absl::StatusOr<std::vector<Reply>> replies = key_call.slot.Execute({{"GET", std::string(key)}});
  if (!replies.ok()) return replies.status();
  absl::StatusOr<std::optional<ReplyView>> value = ValueOf(replies->front().view(), key);
  if (!value.ok()) return value.status();
  if (!*value) return std::nullopt;
  return std::move(replies->front());
}

absl::Status ChangeRecord(ClusterClient& client, std::string_view key, const CallOptions& call,
                          const DecideChange& decide, const ChangeOptions& options) {
  return Changer(client, key, call, decide, options).Run();
}

absl::Status RemoveRecord(ClusterClient& client, std::string_view key, const CallOptions& call) {
  std::optional<std::string> first;
  auto decide = [&](std::optional<ReplyView> present) -> absl::StatusOr<RecordChange> {
    if (!present) return RecordChange::Keep();
    if (!first) first.emplace(present->text());
    return *first == present->text() ? RecordChange::Remove() : RecordChange::Keep();
  };
  absl::Status status = ChangeRecord(client, key, call, decide, {.when_memory_is_full = true});
  // Gone or another one: either way what was there is not.
  if (absl::IsAborted(status) && IsWriteOutcomeUnknown(status)) return absl::OkStatus();
  if (!absl::IsDataLoss(status)) return status;
  // Another type, or too long to be compared: nothing that this store wrote.
  KeyCall key_call(client, client.transport(), key, call);
  return key_call.slot.Execute({{"DEL", std::string(key)}}).status();
}

bool IsWriteOutcomeUnknown(const absl::Status& status) {
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info && info->reason == kWriteOutcomeUnknown;
}

}  // namespace atestore::inline v0
