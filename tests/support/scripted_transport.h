#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "store/shard_transport.h"

namespace atestore {

// A transport whose servers are one function of the test: request → replies in wire form, or the
// failure of the connection. Thread-safe as far as the function is.
class ScriptedTransport final : public ShardTransport {
 public:
  using Script = std::function<absl::StatusOr<std::string>(const ShardRequest&)>;

  explicit ScriptedTransport(Script script) : script_(std::move(script)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time /*deadline*/,
               ReplyObserver& observer) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      absl::StatusOr<std::string> wire = script_(requests[i]);
      if (!wire.ok()) {
        observer.OnFailure(i, wire.status());
        continue;
      }
      RespReader reader;
      reader.Feed(*wire);
      for (size_t command = 0; command < requests[i].pipeline.size(); ++command) {
        absl::StatusOr<std::optional<ReplyView>> reply = reader.Next();
        if (reply.ok() && *reply) {
          observer.OnReply(i, command, **reply);
        } else {
          observer.OnFailure(i, absl::UnavailableError("connection closed"));
          break;
        }
      }
    }
  }

  std::unique_ptr<ShardTransport> Exclusive() override {
    return std::make_unique<ScriptedTransport>(script_);
  }

 private:
  const Script script_;
};

}  // namespace atestore
