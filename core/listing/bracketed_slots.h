#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/listing/server_process.h"
#include "core/listing/step.h"
#include "core/node_view.h"

namespace atestore::inline v0 {

// Reads the keys of some slots of one node without MULTI, for servers that refuse every command
// inside MULTI: Redis 7.0 at `maxmemory` with the policy noeviction. A transaction proves ownership
// at one instant; this class proves it for the time between two looks at the node. Both looks must
// show the same process, loaded and in an ok cluster, owning the slot without a migration mark.
// Between them the node must not have executed CLUSTER SETSLOT or taken a new config epoch: a node
// that lost a slot can regain it only by one of these two.
class BracketedSlots {
 public:
  // Adds the commands to `pipeline`; `limit` is the count of GETKEYSINSLOT.
  static void AddTo(Pipeline& pipeline, std::span<const Slot> slots, std::string_view limit);

  explicit BracketedSlots(size_t slots) : slots_(slots) {}

  // Takes the reply to command `command`, counted from the first command of AddTo(). Returns true
  // after the last reply: keys() and StableSlots() are then valid.
  bool OnReply(size_t command, const ReplyView& reply, const Endpoint& asked);

  // Why the read proves nothing. nullopt: it is valid.
  const std::optional<ReadError>& error() const { return error_; }
  // The slots that the node owned the whole time.
  const SlotSet& StableSlots() const { return stable_; }
  // The slots that the node was migrating at the last look: they cannot be read this way.
  SlotSet MigratingSlots() const { return after_.view->owned & after_.view->migrating; }
  // The keys of the slot at `index` of the `slots` passed to AddTo().
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

}  // namespace atestore::inline v0
