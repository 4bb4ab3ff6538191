#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "store/shard_transport.h"
#include "store/transport/request_queue.h"

namespace atestore {

// A transport whose servers are one function of the test: request → replies in wire form, or the
// failure of the connection. Thread-safe as far as the function is.
class ScriptedTransport final : public ShardTransport {
 public:
  using Script = std::function<absl::StatusOr<std::string>(const ShardRequest&)>;

  explicit ScriptedTransport(Script script) : script_(std::move(script)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time /*deadline*/,
               ReplyObserver& observer) override {
    RequestQueue queue(requests);
    for (size_t i = 0; i < queue.size(); ++i) {
      if (observer.Abandon()) {
        observer.OnFailure(i, absl::DeadlineExceededError("the caller waits no longer"));
        continue;
      }
      absl::Status status = ExecuteOne(queue[i], i, observer);
      status.ok() ? queue.Append(observer.More()) : observer.OnFailure(i, status);
    }
  }

  std::unique_ptr<ShardTransport> Exclusive() override {
    return std::make_unique<ScriptedTransport>(script_);
  }

 private:
  absl::Status ExecuteOne(const ShardRequest& request, size_t index, ReplyObserver& observer) {
    absl::StatusOr<std::string> wire = script_(request);
    if (!wire.ok()) return wire.status();
    RespReader reader;
    reader.Feed(*wire);
    for (size_t command = 0; command < request.pipeline.size(); ++command) {
      absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
      if (!reply.ok() || !*reply) return absl::UnavailableError("connection closed");
      observer.OnReply(index, command, **reply);
    }
    return absl::OkStatus();
  }

  const Script script_;
};

}  // namespace atestore
