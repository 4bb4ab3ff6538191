#include "core/listing/migrating_slot.h"

#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/listing/keys_batch.h"
#include "core/node_view.h"

namespace atestore::inline v0 {
namespace {

// GETKEYSINSLOT without a limit. The server reads an int and allocates no more than it finds.
std::string NoLimit() { return absl::StrCat(std::numeric_limits<int32_t>::max()); }

void AddInfoForFence(Pipeline& pipeline) {
  pipeline.Add({"INFO", "server", "persistence", "stats", "commandstats"});
}

}  // namespace

MigratingSlot::MigratingSlot(Migration migration, const KeyFilter* filter, KeyHash hash,
                             std::optional<KeyMark> after)
    : migration_(std::move(migration)), filter_(filter), hash_(hash), after_(after) {}

std::vector<ShardRequest> MigratingSlot::NextRound() {
  if (error_) round_ = Round::kVerify;  // no further requests
  switch (round_) {
    case Round::kBegin:
      round_ = Round::kSource;
      return {AskSource()};
    case Round::kSource:
      round_ = Round::kDestination;
      return {AskDestination()};
    case Round::kDestination:
      round_ = Round::kVerify;
      return {Verify()};
    case Round::kVerify:
    case Round::kDone:
      round_ = Round::kDone;
      if (!error_ && (!verified_ || !keys_of_destination_))
        Reread("the migration of the slot was not confirmed");
      return {};
  }
  return {};
}

ShardRequest MigratingSlot::AskSource() const {
  ShardRequest request{.endpoint = migration_.source};
  request.pipeline.Add({"CLUSTER", "INFO"});
  TransactionReplies::Open(request.pipeline);
  request.pipeline.Add({"CLUSTER", "NODES"});
  AddInfoForFence(request.pipeline);
  request.pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(migration_.slot), NoLimit()});
  TransactionReplies::Close(request.pipeline);
  return request;
}

ShardRequest MigratingSlot::AskDestination() const {
  // ASKING before MULTI holds until EXEC (Redis' resetClient() keeps the flag inside MULTI), so the
  // probe passes if and only if the node imports or owns the slot in an ok cluster.
  ShardRequest request{.endpoint = migration_.destination};
  const std::string probe_key = filter_->ProbeKey(migration_.slot, migration_.probe_variant);
  request.pipeline.Add({"CLUSTER", "INFO"});
  request.pipeline.Add({"ASKING"});
  request.pipeline.Add({"PFCOUNT", probe_key});
  request.pipeline.Add({"ASKING"});
  TransactionReplies::Open(request.pipeline);
  request.pipeline.Add({"EXISTS", probe_key});
  request.pipeline.Add({"INFO", "persistence"});
  request.pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(migration_.slot), NoLimit()});
  TransactionReplies::Close(request.pipeline);
  return request;
}

ShardRequest MigratingSlot::Verify() const {
  ShardRequest request{.endpoint = migration_.source};
  request.pipeline.Add({"EXISTS", filter_->ProbeKey(migration_.slot, migration_.probe_variant)});
  AddInfoForFence(request.pipeline);
  if (!source_check_key_.empty()) request.pipeline.Add({"PFCOUNT", source_check_key_});
  return request;
}

void MigratingSlot::OnReply(size_t, size_t command, const ReplyView& reply) {
  if (error_) return;
  if (round_ == Round::kVerify) return OnVerifyReply(command, reply);
  const bool source = round_ == Round::kSource;
  if (command == 0) {
    error_ = PrimaryCheck::ErrorInClusterInfo(reply,
                                              source ? migration_.source : migration_.destination);
    return;
  }
  source ? OnSourceReply(command - 1, reply) : OnDestinationReply(command - 1, reply);
}

void MigratingSlot::OnFailure(size_t, const absl::Status& status) {
  bool source = round_ != Round::kDestination;
  error_ = ReadError::FromFailure(status, source ? migration_.source : migration_.destination);
}

void MigratingSlot::OnSourceReply(size_t command, const ReplyView& reply) {
  std::optional<ReplyView> results = source_replies_.OnReply(command, reply, migration_.source);
  if (source_replies_.error()) {
    error_ = ReadError::FromError(*source_replies_.error(), migration_.source);
  }
  if (!results) return;
  auto result = results->begin();
  absl::StatusOr<NodeView> view = NodeView::FromClusterNodes((*result).text());
  if (!view.ok()) {
    error_ = ReadError::FromFailure(view.status(), migration_.source);
    return;
  }
  Slot slot = migration_.slot;
  if (!view->primary || !view->owned[slot] || !view->migrating[slot]) {
    return Reread("the slot is no longer in migration");
  }
  const std::string_view info = (*++result).text();
  fence_ = MigrationFence::FromInfo(info);
  if (!fence_) return Reread("INFO has no run_id or total_commands_processed");
  if (!HasLoaded(info)) return NoStableOwner(migration_.source, "is loading its data set");
  const SlotSet stable = view->StableSlots();
  if (stable.any()) {
    const auto other = static_cast<Slot>(stable._Find_first());
    source_check_key_ = filter_->ProbeKey(other, migration_.probe_variant);
  }
  TakeKeys(*++result, kSource);
}

void MigratingSlot::OnDestinationReply(size_t command, const ReplyView& reply) {
  constexpr size_t kBeforeMulti = 3;  // ASKING, PFCOUNT, ASKING
  if (command < kBeforeMulti) {
    error_ = PrimaryCheck::ErrorInPfcount(reply, migration_.destination);
    if (error_ && error_->kind == ServerErrorKind::kMoved) NotImporting();
    return;
  }
  std::optional<ReplyView> results =
      destination_replies_.OnReply(command - kBeforeMulti, reply, migration_.destination);
  if (const auto& error = destination_replies_.error()) {
    error_ = ReadError::FromError(*error, migration_.destination);
    if (error->kind == ServerErrorKind::kMoved) NotImporting();
    return;
  }
  if (!results) return;
  if ((*results)[0].integer() != 0) return Reread("the key of the probe exists");
  if (!HasLoaded((*results)[1].text())) {
    return NoStableOwner(migration_.destination, "is loading its data set");
  }
  keys_of_destination_ = true;
  TakeKeys((*results)[2], kDestination);
}

void MigratingSlot::NotImporting() {
  NoStableOwner(migration_.destination,
                absl::StrCat("does not import the slot that ", ToString(migration_.source),
                             " migrates to it; if that lasts, repair it with "
                             "redis-cli --cluster fix"));
}

void MigratingSlot::OnVerifyReply(size_t command, const ReplyView& reply) {
  if (command == 0) {
    if (!reply.is_error()) return Reread("the slot is no longer in migration");
    ServerError error = ParseServerError(reply.text(), migration_.source);
    if (error.kind != ServerErrorKind::kAsk) {
      error_ = ReadError::FromError(error, migration_.source);
    } else if (error.endpoint != migration_.destination) {
      Reread("the slot now migrates to another node");
    }
    return;
  }
  if (command == 2) {  // PFCOUNT
    error_ = PrimaryCheck::ErrorInPfcount(reply, migration_.source);
    if (error_ && error_->kind == ServerErrorKind::kAsk) Reread("another migration has begun");
    return;
  }
  if (reply.is_error()) {
    error_ =
        ReadError::FromError(ParseServerError(reply.text(), migration_.source), migration_.source);
    return;
  }
  std::optional<MigrationFence> now = MigrationFence::FromInfo(reply.text());
  if (!now || !now->IsUnchangedSince(*fence_))
    return Reread("the source may have restarted or executed CLUSTER SETSLOT");
  verified_ = true;
}

void MigratingSlot::TakeKeys(const ReplyView& keys, uint16_t node) {
  auto take = [&](std::string_view key) {
    if (node == kSource && source_check_key_.empty()) source_check_key_ = key;
    if (!filter_->Matches(key)) return;
    uint64_t hash = hash_(key);
    if (after_ && !after_->IsBefore(hash, key)) return;
    keys_.Add(migration_.slot, node, hash, key);
  };
  bool whole = VisitKeys(keys, take, CountLongKeys(*filter_, &keys_));
  if (!whole) Reread("the keys of a slot are larger than the reply limit");
  if (keys_.overflowed()) Reread("more keys than a listing can hold");
}

void MigratingSlot::Reread(std::string_view what) {
  error_ = ReadError::Reread(migration_.source, what);
}

void MigratingSlot::NoStableOwner(const Endpoint& node, std::string_view why) {
  error_ = ReadError::NoStableOwner(node, migration_.slot, why);
}

}  // namespace atestore::inline v0
