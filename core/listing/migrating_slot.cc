#include "core/listing/migrating_slot.h"

#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/listing/names_batch.h"
#include "core/node_view.h"

namespace atestore {
namespace {

// GETKEYSINSLOT without a limit. The server reads an int and allocates no more than it finds.
std::string NoLimit() { return absl::StrCat(std::numeric_limits<int32_t>::max()); }

}  // namespace

MigratingSlot::MigratingSlot(Migration migration, const KeyFilter* filter, NameHash hash,
                             std::optional<NameMark> after)
    : migration_(std::move(migration)), filter_(filter), hash_(hash), after_(after) {}

std::vector<ShardRequest> MigratingSlot::NextRound() {
  if (obstacle_) round_ = Round::kVerify;  // nothing more to ask
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
      if (!obstacle_ && !verified_) Retake("the migration of the slot was not confirmed");
      return {};
  }
  return {};
}

ShardRequest MigratingSlot::AskSource() const {
  ShardRequest request{.endpoint = migration_.source};
  TransactionReplies::Open(request.pipeline);
  request.pipeline.Add({"CLUSTER", "NODES"});
  request.pipeline.Add({"INFO", "server", "commandstats"});
  request.pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(migration_.slot), NoLimit()});
  TransactionReplies::Close(request.pipeline);
  return request;
}

ShardRequest MigratingSlot::AskDestination() const {
  // ASKING before MULTI holds until EXEC (resetClient() of Redis keeps the flag inside MULTI), so
  // the probe passes if, and only if, the node imports or owns the slot in an ok cluster.
  ShardRequest request{.endpoint = migration_.destination};
  request.pipeline.Add({"ASKING"});
  TransactionReplies::Open(request.pipeline);
  request.pipeline.Add({"EXISTS", filter_->ProbeKey(migration_.slot, migration_.probe_variant)});
  request.pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(migration_.slot), NoLimit()});
  TransactionReplies::Close(request.pipeline);
  return request;
}

ShardRequest MigratingSlot::Verify() const {
  ShardRequest request{.endpoint = migration_.source};
  request.pipeline.Add({"EXISTS", filter_->ProbeKey(migration_.slot, migration_.probe_variant)});
  request.pipeline.Add({"INFO", "server", "commandstats"});
  return request;
}

void MigratingSlot::OnReply(size_t, size_t command, const ReplyView& reply) {
  if (obstacle_) return;
  if (round_ == Round::kSource) OnSourceReply(command, reply);
  if (round_ == Round::kDestination) OnDestinationReply(command, reply);
  if (round_ == Round::kVerify) OnVerifyReply(command, reply);
}

void MigratingSlot::OnFailure(size_t, const absl::Status& status) {
  bool source = round_ != Round::kDestination;
  obstacle_ = Obstacle::FromFailure(status, source ? migration_.source : migration_.destination);
}

void MigratingSlot::OnSourceReply(size_t command, const ReplyView& reply) {
  std::optional<ReplyView> results = source_replies_.OnReply(command, reply, migration_.source);
  if (source_replies_.error()) {
    obstacle_ = Obstacle::FromError(*source_replies_.error(), migration_.source);
  }
  if (!results) return;
  auto result = results->begin();
  absl::StatusOr<NodeView> view = NodeView::FromClusterNodes((*result).text());
  if (!view.ok()) {
    obstacle_ = Obstacle::FromFailure(view.status(), migration_.source);
    return;
  }
  Slot slot = migration_.slot;
  if (!view->primary || !view->owned[slot] || !view->migrating[slot]) {
    return Retake("the slot is not in migration any more");
  }
  fence_ = MigrationFence::FromInfo((*++result).text());
  if (!fence_) return Retake("INFO has no run_id");
  TakeNames(*++result, kSource);
}

void MigratingSlot::OnDestinationReply(size_t command, const ReplyView& reply) {
  if (command == 0) {  // ASKING
    if (reply.is_error()) {
      obstacle_ = Obstacle::FromError(ParseServerError(reply.text(), migration_.destination),
                                      migration_.destination);
    }
    return;
  }
  std::optional<ReplyView> results =
      destination_replies_.OnReply(command - 1, reply, migration_.destination);
  if (const auto& error = destination_replies_.error()) {
    // A destination that does not import the slot sends clients back: what it may hold of the slot
    // cannot be reached. The names on the source are all, if the source is found unchanged.
    if (error->kind != ServerErrorKind::kMoved) {
      obstacle_ = Obstacle::FromError(*error, migration_.destination);
    }
    return;
  }
  if (!results) return;
  if ((*results)[0].integer() != 0) return Retake("a key has the name of the probe");
  TakeNames((*results)[1], kDestination);
}

void MigratingSlot::OnVerifyReply(size_t command, const ReplyView& reply) {
  if (command == 0) {
    if (!reply.is_error()) return Retake("the slot is not in migration any more");
    ServerError error = ParseServerError(reply.text(), migration_.source);
    if (error.kind != ServerErrorKind::kAsk) {
      obstacle_ = Obstacle::FromError(error, migration_.source);
    } else if (error.endpoint != migration_.destination) {
      Retake("the slot migrates elsewhere now");
    }
    return;
  }
  if (reply.is_error()) {
    obstacle_ =
        Obstacle::FromError(ParseServerError(reply.text(), migration_.source), migration_.source);
    return;
  }
  if (MigrationFence::FromInfo(reply.text()) != fence_) {
    return Retake("the migration was set anew");
  }
  verified_ = true;
}

void MigratingSlot::TakeNames(const ReplyView& keys, uint16_t node) {
  bool whole = VisitNames(keys, [&](std::string_view name) {
    if (!filter_->Matches(name)) return;
    uint64_t hash = hash_(name);
    if (after_ && !after_->IsPassedBy(hash, name)) return;
    names_.Add(migration_.slot, node, hash, name);
  });
  if (!whole) Retake("the names of a slot are larger than the reply limit");
  if (names_.overflowed()) Retake("more names than a listing can hold");
}

void MigratingSlot::Retake(std::string_view what) {
  obstacle_ = Obstacle::Retake(migration_.source, what);
}

}  // namespace atestore
