#include "store/redis/connection_state.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/lost_reply.h"
#include "core/server_error.h"
#include "core/status.h"
#include "store/redis/limits.h"
#include "store/transport/wrong_node.h"

namespace atestore::inline v0 {
namespace {

// A refusal of `command`, as the table of refusals has it.
absl::Status HandshakeError(std::string_view command, const ServerError& error,
                            std::string_view text) {
  const Refusal& row = RefusalFor(error);
  std::string message = absl::StrCat(ToAbsl(command), " refused: ", ToAbsl(text));
  if (!row.advice.empty()) absl::StrAppend(&message, "; ", ToAbsl(row.advice));
  return {row.code, message};
}

absl::Status AuthError(std::string_view reply) {
  const ServerError error = ParseServerError(reply, {});
  // Only the code of these replies: the text may repeat the user name.
  const bool of_user =
      error.kind == ServerErrorKind::kNoAuth || error.kind == ServerErrorKind::kNoPermission;
  return HandshakeError("AUTH", error, of_user ? reply.substr(0, reply.find(' ')) : error.text);
}

absl::Status IdentityError(const ServerError& error) {
  if (error.kind != ServerErrorKind::kNoPermission) {
    return HandshakeError("CLUSTER MYID", error, error.text);
  }
  return {RefusalFor(error).code, absl::StrCat("CLUSTER MYID refused: ", error.text,
                                               "; grant +cluster|myid with ACL SETUSER")};
}

}  // namespace

ConnectionState::ConnectionState(const RedisOptions& options)
    : options_(options),
      credentials_(options.credentials_source ? options.credentials_source() : options.credentials),
      reader_(options.resp_limits) {
  AddAuth();
  AskIdentity();
}

void ConnectionState::AddAuth() {
  if (!credentials_) return;
  Pipeline auth;
  if (credentials_->username.empty()) {
    auth.Add({"AUTH", credentials_->password});
  } else {
    auth.Add({"AUTH", credentials_->username, credentials_->password});
  }
  AddOwn(Owed::Kind::kAuth, auth);
  ++handshake_replies_;
}

void ConnectionState::AskIdentity() {
  Pipeline identity;
  identity.Add({"CLUSTER", "MYID"});
  AddOwn(Owed::Kind::kIdentity, identity);
  ++handshake_replies_;
}

absl::Status ConnectionState::OnIdentity(const ReplyView& reply) {
  node_id_.clear();
  if (reply.is_error()) {
    const ServerError error = ParseServerError(reply.text(), {});
    identity_failure_ = IdentityError(error);
    // The server is about to close the connection.
    if (error.kind == ServerErrorKind::kTooManyClients || error.kind == ServerErrorKind::kDenied) {
      return identity_failure_;
    }
  } else if (reply.type() != RespType::kBulkString || reply.text().empty()) {
    identity_failure_ = UnavailableError("CLUSTER MYID: the reply is no node id");
  } else {
    node_id_ = reply.text();
  }
  return absl::OkStatus();
}

absl::Status ConnectionState::CheckIdentity(const ShardRequest& request) const {
  if (request.node_id.empty() || request.node_id == node_id_) return absl::OkStatus();
  const std::string node = ToString(request.endpoint);
  if (node_id_.empty()) {
    return {identity_failure_.code(), absl::StrCat(node, ": ", identity_failure_.message())};
  }
  return WrongNodeError(request, node_id_);
}

void ConnectionState::AddOwn(Owed::Kind kind, const Pipeline& command) {
  output_ += command.bytes();
  owed_.push_back({.kind = kind, .commands = 1});
}

absl::Status ConnectionState::Add(const std::shared_ptr<Batch>& batch, size_t request,
                                  SteadyTime now) {
  const Pipeline& pipeline = batch->request(request).pipeline;
  if (!HasRoom(pipeline)) DropEnded();
  if (!HasRoom(pipeline)) return UnavailableError("too many commands wait for the node");
  // Silence counts from the moment in which something is owed.
  if (is_idle()) last_progress_ = now;
  // The server may have been busy, or told to take another id, since it was asked.
  if (handshake_replies_ == 0 && !CheckIdentity(batch->request(request)).ok()) AskIdentity();
  waiting_.push_back({batch, request, pipeline.size(), pipeline.bytes().size()});
  waiting_bytes_ += pipeline.bytes().size();
  pending_commands_ += pipeline.size();
  return absl::OkStatus();
}

bool ConnectionState::HasRoom(const Pipeline& pipeline) const {
  return pending_commands_ + pipeline.size() <= kPendingCommandsMax &&
         waiting_bytes_ + pipeline.bytes().size() <= kPendingBytesMax;
}

void ConnectionState::DropEnded() {
  std::erase_if(waiting_, [this](const Waiting& waiting) {
    if (waiting.batch->is_open(waiting.request)) return false;
    waiting_bytes_ -= waiting.bytes;
    pending_commands_ -= waiting.commands;
    return true;
  });
}

void ConnectionState::AddReset(SteadyTime now) {
  Pipeline reset;
  reset.Add({"RESET"});
  if (is_idle()) last_progress_ = now;
  AddOwn(Owed::Kind::kReset, reset);
  AddAuth();
  AskIdentity();
  reset_done_ = false;
}

void ConnectionState::TakeOutput(std::string& bytes) {
  bytes.clear();
  if (bytes.capacity() > kKeptBytesMax) bytes.shrink_to_fit();
  bytes.swap(output_);
  if (handshake_replies_ > 0) return;
  for (const Waiting& waiting : std::exchange(waiting_, {})) Send(waiting, bytes);
  waiting_bytes_ = 0;
}

void ConnectionState::Send(const Waiting& waiting, std::string& bytes) {
  Batch& batch = *waiting.batch;
  if (!batch.is_open(waiting.request)) {
    pending_commands_ -= waiting.commands;
    return;
  }
  const ShardRequest& request = batch.request(waiting.request);
  if (absl::Status status = CheckIdentity(request); !status.ok()) {
    pending_commands_ -= waiting.commands;
    return batch.Fail(waiting.request, status);
  }
  bytes += request.pipeline.bytes();
  batch.MarkSent(waiting.request);
  owed_.push_back({Owed::Kind::kRequest, waiting.commands, waiting.batch, waiting.request});
}

absl::Status ConnectionState::OnRead(size_t bytes, SteadyTime now) {
  last_progress_ = now;
  reader_.Commit(bytes);
  for (;;) {
    absl::StatusOr<std::optional<ReplyView>> reply = reader_.Next();
    if (!reply.ok()) return reply.status();
    if (!reply->has_value()) return absl::OkStatus();
    if (absl::Status status = OnReply(**reply); !status.ok()) return status;
  }
}

absl::Status ConnectionState::OnReply(const ReplyView& reply) {
  if (owed_.empty()) return DataLossError("the server sent a reply that nobody asked for");
  Owed& owed = owed_.front();
  switch (owed.kind) {
    case Owed::Kind::kAuth:
      if (reply.is_error()) return AuthError(reply.text());
      --handshake_replies_;
      break;
    case Owed::Kind::kIdentity:
      if (absl::Status status = OnIdentity(reply); !status.ok()) return status;
      --handshake_replies_;
      break;
    case Owed::Kind::kReset:
      reset_done_ = !reply.is_error();
      break;
    case Owed::Kind::kRequest:
      owed.batch->Deliver(owed.request, reply);
      --pending_commands_;
      break;
  }
  has_answered_ = true;
  if (--owed.commands == 0) owed_.pop_front();
  return absl::OkStatus();
}

bool ConnectionState::Fail(const absl::Status& status) {
  // Taken out first: an observer must not see this object half way.
  std::deque<Owed> owed = std::exchange(owed_, {});
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  pending_commands_ = 0;
  waiting_bytes_ = 0;
  bool told = false;
  auto fail = [&told](const std::shared_ptr<Batch>& batch, size_t request,
                      const absl::Status& failure) {
    if (!batch || !batch->is_open(request)) return;
    batch->Fail(request, failure);
    told = true;
  };
  const absl::Status first = lost_ ? MarkLostReply(status, reader_.buffered_bytes()) : status;
  for (size_t i = 0; i < owed.size(); ++i) {
    fail(owed[i].batch, owed[i].request, i == 0 ? first : status);
  }
  for (const Waiting& entry : waiting) fail(entry.batch, entry.request, status);
  return told;
}

std::optional<SteadyTime> ConnectionState::overdue_at() const {
  if (is_idle()) return std::nullopt;
  return last_progress_ + absl::ToChronoMicroseconds(options_.request_timeout);
}

}  // namespace atestore::inline v0
