#include "store/cluster/execute_at.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

class Collector final : public ReplyObserver {
 public:
  void OnReply(size_t /*request*/, size_t /*command*/, const ReplyView& reply) override {
    replies.emplace_back(reply);
  }
  void OnFailure(size_t /*request*/, const absl::Status& status) override { failure = status; }

  std::vector<Reply> replies;
  absl::Status failure;
};

}  // namespace

absl::StatusOr<std::vector<Reply>> ExecuteAt(ShardTransport& transport, const ShardRequest& request,
                                             absl::Time deadline) {
  Collector collector;
  transport.Execute({&request, 1}, deadline, collector);
  if (collector.failure.ok()) return std::move(collector.replies);
  std::string node = ToString(request.endpoint);
  std::string message(collector.failure.message());
  // Most transports name the node themselves.
  if (message.find(node) == std::string::npos) message = absl::StrCat("node ", node, ": ", message);
  absl::Status failure(collector.failure.code(), message);
  // Whether it was sent, and what else a transport tells.
  collector.failure.ForEachPayload([&failure](absl::string_view url, const absl::Cord& payload) {
    failure.SetPayload(url, payload);
  });
  return failure;
}

}  // namespace atestore::inline v0
