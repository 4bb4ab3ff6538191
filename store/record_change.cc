#include "store/record_change.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"
#include "store/retry_pacer.h"
#include "store/slot_call.h"

namespace atestore {
namespace {

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

absl::StatusOr<bool> CreateRecord(ClusterClient& client, std::string_view key,
                                  std::string_view value, const CallOptions& call) {
  KeyCall key_call(client, client.transport(), key, call);
  const std::vector<Command> commands{{"SET", std::string(key), std::string(value), "NX"}};
  bool maybe_written = false;
  for (;;) {
    absl::StatusOr<std::optional<std::vector<Reply>>> replies = key_call.slot.Try(commands);
    if (!replies.ok()) return replies.status();
    if (*replies) {
      if (!(*replies)->front().view().is_null()) return true;
      break;
    }
    maybe_written = maybe_written || key_call.slot.maybe_executed();
  }
  if (!maybe_written) return false;
  absl::StatusOr<std::optional<Reply>> present = ReadRecord(client, key, call);
  if (!present.ok()) return present.status();
  return *present && (*present)->view().text() == value;
}

absl::StatusOr<bool> RemoveRecord(ClusterClient& client, std::string_view key,
                                  const CallOptions& call) {
  KeyCall key_call(client, client.transport(), key, call);
  bool maybe_removed = false;
  for (;;) {
    absl::StatusOr<std::optional<std::vector<Reply>>> replies =
        key_call.slot.Try({{"DEL", std::string(key)}});
    if (!replies.ok()) return replies.status();
    if (*replies) return maybe_removed || (*replies)->front().view().integer() > 0;
    maybe_removed = maybe_removed || key_call.slot.maybe_executed();
  }
}

absl::Status ChangeRecord(
    ClusterClient& client, std::string_view key, const CallOptions& call,
    const std::function<absl::StatusOr<std::optional<std::string>>(std::optional<ReplyView>)>&
        decide) {
  // WATCH belongs to a connection, so it must be nobody else's.
  std::unique_ptr<ShardTransport> transport = client.transport().Exclusive();
  KeyCall key_call(client, *transport, key, call);
  const std::string name(key);
  struct Sent {
    std::optional<std::string> value;
  };
  std::optional<Sent> unsure;  // a change whose connection broke before the reply came
  for (int lost_races = 0; lost_races < kLostRacesMax;) {
    auto read = key_call.slot.Try({{"WATCH", name}, {"GET", name}});
    if (!read.ok()) return read.status();
    if (!*read) continue;
    absl::StatusOr<std::optional<ReplyView>> present = ValueOf((**read)[1].view(), key);
    if (!present.ok()) return present.status();
    if (unsure) {
      bool done = unsure->value ? *present && (*present)->text() == *unsure->value : !*present;
      if (done) return absl::OkStatus();
    }
    absl::StatusOr<std::optional<std::string>> wanted = decide(*present);
    if (!wanted.ok()) return wanted.status();
    Command change = *wanted ? Command{"SET", name, **wanted} : Command{"DEL", name};
    auto result = key_call.slot.Try({{"MULTI"}, std::move(change), {"EXEC"}});
    if (!result.ok()) return result.status();
    if (!*result) {
      if (key_call.slot.maybe_executed()) unsure = Sent{*std::move(wanted)};
      continue;
    }
    ReplyView executed = (**result)[2].view();
    if (executed.is_array()) return absl::OkStatus();
    if (!executed.is_null()) return UnexpectedReply("EXEC");
    ++lost_races;
  }
  return WithErrorInfo(absl::AbortedError(absl::StrCat("record ", ToAbsl(key),
                                                       " is being changed by others all the time")),
                       {.reason = "WRITE_CONFLICT"});
}

}  // namespace atestore
