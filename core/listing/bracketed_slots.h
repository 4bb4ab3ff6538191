#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/listing/server_process.h"
#include "core/listing/step.h"
#include "core/node_view.h"

namespace atestore {

// Reads the keys of some slots of one node without MULTI, for servers that refuse every command
// inside it: Redis 7.0 at `maxmemory` with the policy noeviction. What MULTI proves at one instant,
// two looks at the node prove for the time between them: that the same process, loaded and in an ok
// cluster, owned the slot with no migration mark at the first look and at the last, and that no
// CLUSTER SETSLOT was executed and no config epoch taken in between. A slot that a node lost it can
// only have back by one of these two.
class BracketedSlots {
 public:
  // Adds the commands to `pipeline`; `limit` is the count of GETKEYSINSLOT.
  static void AddTo(Pipeline& pipeline, std::span<const Slot> slots, std::string_view limit);

  explicit BracketedSlots(size_t slots) : slots_(slots) {}

  // Takes the reply to command `command`, counted from the first one of AddTo(). True: it was the
  // last one, and keys() and StableSlots() can be asked.
  bool OnReply(size_t command, const ReplyView& reply, const Endpoint& asked);

  // What makes the read worthless.
  const std::optional<ReadError>& error() const { return error_; }
  // The slots that were the node's all the time.
  const SlotSet& StableSlots() const { return stable_; }
  // The slots that it migrated at the last look: they cannot be read this way.
  SlotSet MigratingSlots() const { return after_.view->owned & after_.view->migrating; }
  // The keys of the slot at `index` in what AddTo() was called with.
  ReplyView keys(size_t index) const { return keys_[index].view(); }

 private:
  // One look at the node.
  struct Look {
    std::optional<MigrationFence> fence;
    std::optional<NodeView> view;
  };

  void TakeInfo(const ReplyView& reply, Look& look, const Endpoint& asked);
  void TakeNodes(const ReplyView& reply, Look& look, const Endpoint& asked);
  void Conclude(const Endpoint& asked);

  const size_t slots_;
  Look before_;
  Look after_;
  std::vector<Reply> keys_;
  SlotSet stable_;
  std::optional<ReadError> error_;
};

}  // namespace atestore
