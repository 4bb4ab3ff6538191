#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "core/key_filter.h"
#include "core/listing/key_list.h"
#include "core/listing/step.h"
#include "core/position.h"

namespace atestore::inline v0 {

// Factor for COUNT: a call returns the whole of its last bucket and so exceeds COUNT.
inline constexpr double kScanOvershoot = 0.95;

// One SCAN call inside a large slot of a server with per-slot tables. The same transaction probes
// that the node is the slot's stable owner, and reads the version and run_id of the process, to
// which the cursor belongs.
class LargeSlotScan final : public ListingStep {
 public:
  struct Options {
    // Where to continue. Without a cursor: at the slot's start, on any process.
    Position start;
    Endpoint owner;
    size_t count = 0;
    int probe_variant = 0;
    KeyHash hash = HashKey;
    const KeyFilter* filter = nullptr;  // must outlive the step
  };

  explicit LargeSlotScan(Options options) : options_(std::move(options)) {}

  std::vector<ShardRequest> NextRound() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  const std::optional<ReadError>& error() const { return error_; }
  bool probe_taken() const { return probe_taken_; }
  // The cursor belongs to another process: scan the slot again from its start.
  bool other_process() const { return other_process_; }
  // The server has no per-slot tables, or the keys were not in slot order: read the slot whole.
  bool layout_violated() const { return layout_violated_; }
  // The keys of the reply that are still to be listed; `node` is 0. Not sorted.
  KeyList& keys() { return keys_; }
  // How many keys of the slot in the reply the filter wants, including keys listed before.
  size_t wanted() const { return wanted_; }
  const Endpoint& owner() const { return options_.owner; }
  // The cursor sent with the call.
  uint64_t asked_cursor() const;
  // The cursor in the reply, unchanged.
  uint64_t replied_cursor() const { return replied_cursor_; }
  // The process that answered.
  uint64_t run() const { return run_; }
  // The cursor of the slot's next call. nullopt: the slot is finished.
  const std::optional<uint64_t>& next_cursor() const { return next_cursor_; }

 private:
  Slot slot() const { return options_.start.slot; }
  const InSlotCursor* from() const { return std::get_if<InSlotCursor>(&options_.start.place); }
  void TakeResults(const ReplyView& results);
  void TakeScan(const ReplyView& reply);

  const Options options_;
  TransactionReplies replies_{3};
  bool sent_ = false;
  std::optional<ReadError> error_;
  bool layout_violated_ = false;
  bool probe_taken_ = false;
  bool other_process_ = false;
  KeyList keys_;
  size_t wanted_ = 0;
  uint64_t run_ = 0;
  uint64_t replied_cursor_ = 0;
  std::optional<uint64_t> next_cursor_;
};

}  // namespace atestore::inline v0
