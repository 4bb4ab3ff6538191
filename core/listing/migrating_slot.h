#pragma once

#include <optional>
#include <string>

#include "core/key_filter.h"
#include "core/listing/key_list.h"
#include "core/listing/server_process.h"
#include "core/listing/step.h"
#include "core/position.h"

namespace atestore::inline v0 {

// A slot whose source answers ASK: its keys move one by one to the destination.
struct Migration {
  Slot slot = 0;
  Endpoint source;
  Endpoint destination;
  int probe_variant = 0;
  bool operator==(const Migration&) const = default;
};

// Reads the keys of a slot in migration. Keys move one way, are on both nodes for a moment, and
// can move back only after CLUSTER SETSLOT on the source. So this step reads the keys on the
// source, then those on the destination, then verifies that the source is still migrating the slot
// and has not executed SETSLOT in between. The union holds every key that clients could reach
// throughout. Both nodes must answer PFCOUNT (see PrimaryCheck): the destination for the slot, the
// source for a slot that it is not migrating or, if it has no other, for one of its keys in this
// one, because for any other key there it sends clients on without waiting. A destination that
// answers MOVED proves nothing: it may have failed over to a replica while it imported the slot,
// and the source still redirects clients to it. No client can reach the keys that are not on the
// source, so the slot has no stable owner until that is repaired.
class MigratingSlot final : public ListingStep {
 public:
  // Indexes of the nodes in keys().
  static constexpr uint16_t kSource = 0;
  static constexpr uint16_t kDestination = 1;

  // `filter` must outlive the step. Only keys after `after` are taken.
  MigratingSlot(Migration migration, const KeyFilter* filter, KeyHash hash,
                std::optional<KeyMark> after);

  std::vector<ShardRequest> NextRound() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  // Set when the keys could not be read: the migration ended, or a request failed.
  const std::optional<ReadError>& error() const { return error_; }
  KeyList& keys() { return keys_; }
  const Migration& migration() const { return migration_; }

 private:
  enum class Round { kBegin, kSource, kDestination, kVerify, kDone };

  ShardRequest AskSource() const;
  ShardRequest AskDestination() const;
  ShardRequest Verify() const;
  void OnSourceReply(size_t command, const ReplyView& reply);
  void OnDestinationReply(size_t command, const ReplyView& reply);
  void NotImporting();
  void OnVerifyReply(size_t command, const ReplyView& reply);
  void TakeKeys(const ReplyView& keys, uint16_t node);
  void Reread(std::string_view what);
  void NoStableOwner(const Endpoint& node, std::string_view why);

  const Migration migration_;
  const KeyFilter* const filter_;
  const KeyHash hash_;
  const std::optional<KeyMark> after_;
  Round round_ = Round::kBegin;
  TransactionReplies source_replies_{3};
  TransactionReplies destination_replies_{3};
  std::optional<MigrationFence> fence_;
  std::string source_check_key_;      // the source's PFCOUNT is for it; empty: there is none
  bool keys_of_destination_ = false;  // the destination's keys have been taken
  bool verified_ = false;
  std::optional<ReadError> error_;
  KeyList keys_;
};

}  // namespace atestore::inline v0
