#include "core/listing/bracketed_slots.h"

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore::inline v0 {

void BracketedSlots::AddTo(Pipeline& pipeline, std::span<const Slot> slots,
                           std::string_view limit) {
  pipeline.Add({"INFO", "server", "persistence", "stats", "commandstats"});
  pipeline.Add({"CLUSTER", "NODES"});
  for (Slot slot : slots) {
    pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), limit});
  }
  pipeline.Add({"CLUSTER", "NODES"});
  pipeline.Add({"INFO", "server", "persistence", "stats", "commandstats"});
}

bool BracketedSlots::OnReply(size_t command, const ReplyView& reply, const Endpoint& asked) {
  if (reply.is_error() && !error_) {
    error_ = ReadError::FromError(ParseServerError(reply.text(), asked), asked);
  }
  const size_t last = slots_ + 3;
  if (!error_) {
    if (command == 0) TakeInfo(reply, before_, asked);
    if (command == 1) TakeNodes(reply, before_, asked);
    if (command > 1 && command < last - 1) keys_.emplace_back(reply);
    if (command == last - 1) TakeNodes(reply, after_, asked);
    if (command == last) TakeInfo(reply, after_, asked);
  }
  if (command == last && !error_) Conclude(asked);
  return command == last;
}

void BracketedSlots::TakeInfo(const ReplyView& reply, Look& look, const Endpoint& asked) {
  look.fence = MigrationFence::FromInfo(reply.text());
  if (!look.fence) {
    error_ = ReadError::Reread(asked, "INFO has no run_id or total_commands_processed");
  } else if (!HasLoaded(reply.text())) {
    error_ = ReadError::Reread(asked, "the node is loading its data set");
  }
}

void BracketedSlots::TakeNodes(const ReplyView& reply, Look& look, const Endpoint& asked) {
  absl::StatusOr<NodeView> view = NodeView::FromClusterNodes(reply.text());
  if (view.ok()) {
    look.view = *view;
  } else {
    error_ = ReadError::FromFailure(view.status(), asked);
  }
}

void BracketedSlots::Conclude(const Endpoint& asked) {
  if (!after_.fence->IsUnchangedSince(*before_.fence) ||
      after_.view->config_epoch != before_.view->config_epoch) {
    error_ = ReadError::Reread(asked, "the slots of the node changed while they were read");
    return;
  }
  stable_ = before_.view->StableSlots() & after_.view->StableSlots();
}

}  // namespace atestore::inline v0
