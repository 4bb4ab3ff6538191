#include "core/listing/large_slot.h"

#include "absl/strings/str_cat.h"
#include "core/listing/keys_batch.h"
#include "core/listing/scan_cursor.h"
#include "core/listing/server_process.h"
#include "core/server_version.h"

namespace atestore::inline v0 {

std::vector<ShardRequest> LargeSlotScan::NextRound() {
  std::vector<ShardRequest> requests;
  if (sent_) return requests;
  sent_ = true;
  ShardRequest& request = requests.emplace_back(ShardRequest{.endpoint = options_.owner});
  const std::string probe_key = options_.filter->ProbeKey(slot(), options_.probe_variant);
  PrimaryCheck::AddTo(request.pipeline, probe_key);
  TransactionReplies::Open(request.pipeline);
  request.pipeline.Add({"EXISTS", probe_key});
  request.pipeline.Add({"INFO", "server"});
  request.pipeline.Add({"SCAN", absl::StrCat(asked_cursor()), "MATCH", options_.filter->Pattern(),
                        "COUNT", absl::StrCat(options_.count)});
  TransactionReplies::Close(request.pipeline);
  return requests;
}

uint64_t LargeSlotScan::asked_cursor() const { return from() != nullptr ? from()->cursor : slot(); }

void LargeSlotScan::OnReply(size_t, size_t command, const ReplyView& reply) {
  if (error_) return;
  if (command < PrimaryCheck::kCommands) {
    error_ = PrimaryCheck::ErrorIn(command, reply, options_.owner);
    return;
  }
  std::optional<ReplyView> results =
      replies_.OnReply(command - PrimaryCheck::kCommands, reply, options_.owner);
  if (results) TakeResults(*results);
  if (replies_.error()) error_ = ReadError::FromError(*replies_.error(), options_.owner);
}

void LargeSlotScan::OnFailure(size_t, const absl::Status& status) {
  error_ = ReadError::FromFailure(status, options_.owner);
}

void LargeSlotScan::TakeResults(const ReplyView& results) {
  auto result = results.begin();
  if ((*result).integer() != 0) {
    probe_taken_ = true;
    return;
  }
  const std::string_view info = (*++result).text();
  if (!HasPerSlotTables(info)) {
    layout_violated_ = true;
    return;
  }
  std::optional<uint64_t> run = RunOfInfo(info);
  if (!run) {
    error_ = ReadError::Reread(options_.owner, "INFO has no run_id");
    return;
  }
  run_ = *run;
  if (from() != nullptr && from()->run != run_) {
    other_process_ = true;
    return;
  }
  TakeScan(*++result);
}

void LargeSlotScan::TakeScan(const ReplyView& reply) {
  std::optional<uint64_t> next;
  if (reply.is_array() && reply.size() == 2) next = ParseScanCursor(reply[0].text());
  if (!next) {
    error_ = ReadError::Reread(options_.owner, "SCAN: unexpected reply");
    return;
  }
  replied_cursor_ = *next;
  // The call may continue into later slots, which the probe does not guard.
  if (*next != 0 && SlotOfCursor(*next) == slot()) next_cursor_ = *next;
  // The same next cursor proves that this is the reply of which a part has been listed.
  const std::optional<KeyMark> floor = FloorOf(options_.start);
  const SplitReply* split = from() != nullptr && from()->split ? &*from()->split : nullptr;
  const bool same_reply = split != nullptr && split->next_cursor == *next;
  auto take = [&](std::string_view key) {
    if (!options_.filter->Matches(key)) return;
    const Slot slot_of_key = KeySlot(key);
    if (slot_of_key < slot()) layout_violated_ = true;
    if (slot_of_key != slot()) return;
    uint64_t hash = options_.hash(key);
    if (floor && !floor->IsBefore(hash, key)) return;
    ++wanted_;
    if (same_reply && !split->after.IsBefore(hash, key)) return;
    keys_.Add(slot(), 0, hash, key);
  };
  bool whole = VisitKeys(reply[1], take, CountLongKeys(*options_.filter, &keys_));
  if (!whole || keys_.overflowed()) {
    error_ =
        ReadError::Reread(options_.owner, "the keys of a SCAN are larger than the reply limit");
  }
}

}  // namespace atestore::inline v0
