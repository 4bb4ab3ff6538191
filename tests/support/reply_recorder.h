#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/resp.h"
#include "store/shard_transport.h"

namespace atestore {

// "+OK", "-ERR …", ":1", "$text", "nil", "[a b]", "dropped(n)".
std::string ToText(const ReplyView& reply);

// Keeps what a transport reported about a batch, and checks the observer's contract: replies in
// command order, at most one failure, no reply after it.
class ReplyRecorder final : public ReplyObserver {
 public:
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  std::vector<std::string> replies(size_t request) const;
  // OK when the request did not fail.
  absl::Status failure(size_t request) const;

 private:
  struct Request {
    std::vector<std::string> replies;
    std::optional<absl::Status> failure;
  };
  mutable std::mutex mutex_;
  std::map<size_t, Request> requests_;
};

}  // namespace atestore
