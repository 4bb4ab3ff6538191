#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "core/resp.h"
#include "store/redis/back_off.h"
#include "store/redis/batch.h"
#include "store/redis/redis_transport.h"

namespace atestore::inline v0 {

// What a connection to a Redis server knows, without its socket: the bytes to send, the replies
// that are owed and to whom, the handshake: AUTH when there are credentials, then CLUSTER MYID. No
// request is sent before the handshake has succeeded, none that has ended meanwhile, and none that
// is for another node. Not thread-safe; calls observers from OnRead(), TakeOutput() and Fail().
class ConnectionState {
 public:
  // `options` must outlive this.
  explicit ConnectionState(const RedisOptions& options);

  // The connection is open: the server's silence counts from now on.
  void OnOpened(SteadyTime now) { last_progress_ = now; }

  // Takes a request, to be sent after the handshake. UNAVAILABLE over a limit; then it was not
  // taken, and not failed.
  absl::Status Add(const std::shared_ptr<Batch>& batch, size_t request, SteadyTime now);
  // Appends what makes a used connection as good as new: RESET, which also drops WATCH, MULTI and
  // READONLY, and the handshake again. reset_done() tells when it worked.
  void AddReset(SteadyTime now);

  // Replaces `bytes` by those to send now, which are then considered sent: their requests are told
  // (Batch::MarkSent()). Empty: nothing to do. Requests with another node_id than the server's
  // fail: UNAVAILABLE names both ids; or why the server did not tell its id.
  void TakeOutput(std::string& bytes);

  // Room for bytes from the server, followed by OnRead() of how many came.
  std::span<char> PrepareRead() { return reader_.Prepare(kReadBytesMin); }
  // Hands complete replies to their observers. When not OK the connection must be closed and
  // Fail() called with this status: DATA_LOSS (not RESP, over a limit, a reply nobody asked for),
  // or what the table of refusals has for the answer to AUTH (core/refusal_table.h).
  absl::Status OnRead(size_t bytes, SteadyTime now);

  // The server has ended the connection: the request whose reply was next is told so by Fail()
  // (MarkLostReply()).
  void OnLost() { lost_ = true; }
  // Fails every request that is owed a reply or waits; whether there was one whose caller still
  // waited.
  bool Fail(const absl::Status& status);

  // No reply is owed, and nothing waits to be sent.
  bool is_idle() const { return owed_.empty() && waiting_.empty(); }
  // The server has answered the handshake, or anything when there is none: it is worth coming back.
  bool has_answered() const { return has_answered_; }
  bool reset_done() const { return reset_done_; }
  // When the silence of the server becomes a failure; nullopt while no reply is owed.
  std::optional<SteadyTime> overdue_at() const;
  // When something was sent or came last.
  SteadyTime last_used() const { return last_progress_; }

 private:
  static constexpr size_t kReadBytesMin = size_t{64} << 10;
  static constexpr size_t kKeptBytesMax = size_t{1} << 20;  // of an empty output buffer

  // A request that is not sent yet. Its commands are the caller's until its batch has ended it.
  struct Waiting {
    std::shared_ptr<Batch> batch;
    size_t request;
    size_t commands;
    size_t bytes;
  };
  // Replies owed to a request, or (without a batch) to this class.
  struct Owed {
    enum class Kind { kRequest, kAuth, kIdentity, kReset };
    Kind kind;
    size_t commands;  // replies that are still to come
    std::shared_ptr<Batch> batch;
    size_t request;
  };

  void AddAuth();
  void AskIdentity();
  absl::Status OnIdentity(const ReplyView& reply);
  // OK when the server is the node that the request is for.
  absl::Status CheckIdentity(const ShardRequest& request) const;
  void AddOwn(Owed::Kind kind, const Pipeline& command);
  void Send(const Waiting& waiting, std::string& bytes);
  void DropEnded();
  bool HasRoom(const Pipeline& pipeline) const;
  absl::Status OnReply(const ReplyView& reply);

  const RedisOptions& options_;
  const std::optional<RedisCredentials> credentials_;
  RespReader reader_;
  std::string output_;             // of this class: the handshake and RESET
  std::string node_id_;            // of the server; empty: not known
  absl::Status identity_failure_;  // why
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  std::deque<Owed> owed_;
  size_t pending_commands_ = 0;   // of requests: waiting or owed a reply
  size_t handshake_replies_ = 0;  // still to come before requests may be sent
  SteadyTime last_progress_;
  bool has_answered_ = false;
  bool reset_done_ = false;
  bool lost_ = false;
};

}  // namespace atestore::inline v0
