#pragma once

#include <optional>
#include <string>

#include "core/key_filter.h"
#include "core/listing/key_list.h"
#include "core/listing/server_process.h"
#include "core/listing/step.h"
#include "core/position.h"

namespace atestore {

// A slot whose source answers ASK: its keys move one by one to the destination.
struct Migration {
  Slot slot = 0;
  Endpoint source;
  Endpoint destination;
  int probe_variant = 0;
  bool operator==(const Migration&) const = default;
};

// Reads the keys of a slot in migration. Keys move one way, are on both nodes for a moment, and
// can come back only after CLUSTER SETSLOT on the source. So: the keys on the source, then those
// on the destination, then a look whether the source still migrates and has not executed SETSLOT
// in between. Every key that clients can reach all the while is in the union.
// A destination that answers MOVED proves nothing: it may be a former importer that lost its keys
// to its replica, while the source still sends clients to it. Keys that are not on the source are
// then out of reach of every client, and the slot has no reachable owner until that ends.
class MigratingSlot final : public ListingStep {
 public:
  // Indexes of the nodes in keys().
  static constexpr uint16_t kSource = 0;
  static constexpr uint16_t kDestination = 1;

  // `filter` must outlive the step. `after`: keys up to here are done.
  MigratingSlot(Migration migration, const KeyFilter* filter, KeyHash hash,
                std::optional<KeyMark> after);

  std::vector<ShardRequest> NextRound() override;
  void OnReply(size_t request, size_t command, const ReplyView& reply) override;
  void OnFailure(size_t request, const absl::Status& status) override;

  // Set when the keys could not be taken: the migration ended, or something else is wrong.
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
  bool keys_of_destination_ = false;  // are taken
  bool verified_ = false;
  std::optional<ReadError> error_;
  KeyList keys_;
};

}  // namespace atestore
