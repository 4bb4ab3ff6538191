#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "store/shard_transport.h"
#include "store/transport/request_queue.h"

namespace atestore {

// Carries requests on to another transport, unless a function of the test answers them itself.
class HookedTransport final : public ShardTransport {
 public:
  // Replies in wire form, or the failure of the connection; nullopt: carry it on.
  using Hook = std::function<absl::StatusOr<std::optional<std::string>>(const ShardRequest&)>;

  HookedTransport(ShardTransport& inner, Hook hook) : inner_(&inner), hook_(std::move(hook)) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    RequestQueue queue(requests);
    for (size_t i = 0; i < queue.size(); ++i) {
      Numbered numbered(observer, i);
      absl::StatusOr<std::optional<std::string>> wire = hook_(queue[i]);
      if (!wire.ok()) {
        numbered.OnFailure(0, wire.status());
      } else if (!*wire) {
        inner_->Execute({&queue[i], 1}, deadline, numbered);
      } else {
        Reply(**wire, queue[i].pipeline.size(), numbered);
      }
      if (!numbered.failed) queue.Append(observer.More());
    }
  }

  std::unique_ptr<ShardTransport> Exclusive() override {
    auto inner = inner_->Exclusive();
    auto hooked = std::make_unique<HookedTransport>(*inner, hook_);
    hooked->owned_ = std::move(inner);
    return hooked;
  }

 private:
  struct Numbered final : ReplyObserver {
    Numbered(ReplyObserver& observer, size_t index) : observer_(observer), index_(index) {}
    void OnReply(size_t, size_t command, const ReplyView& reply) override {
      observer_.OnReply(index_, command, reply);
    }
    void OnFailure(size_t, const absl::Status& status) override {
      failed = true;
      observer_.OnFailure(index_, status);
    }
    bool failed = false;

   private:
    ReplyObserver& observer_;
    const size_t index_;
  };

  static void Reply(std::string_view wire, size_t commands, ReplyObserver& observer) {
    RespReader reader;
    reader.Feed(wire);
    for (size_t command = 0; command < commands; ++command) {
      auto reply = reader.Next();
      if (!reply.ok() || !*reply) {
        return observer.OnFailure(0, absl::UnavailableError("connection closed"));
      }
      observer.OnReply(0, command, **reply);
    }
  }

  ShardTransport* const inner_;
  std::unique_ptr<ShardTransport> owned_;
  const Hook hook_;
};

}  // namespace atestore
