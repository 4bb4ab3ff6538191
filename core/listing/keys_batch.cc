#include "core/listing/keys_batch.h"

#include "absl/strings/str_cat.h"
#include "core/listing/scan_cursor.h"
#include "core/server_version.h"

namespace atestore::inline v0 {
namespace {

size_t QueuedCommands(const KeysUnit& unit) {
  switch (unit.kind) {
    case KeysUnit::Kind::kScan:
      return 4;
    case KeysUnit::Kind::kSlots:
      return 2 + unit.slots.size();
    case KeysUnit::Kind::kProbedSlots:
      return 2;
  }
  return 0;
}

size_t Transactions(const KeysUnit& unit) {
  return unit.kind == KeysUnit::Kind::kProbedSlots ? unit.slots.size() : 1;
}

}  // namespace

KeysBatch::KeysBatch(Options options, std::vector<KeysUnit> units)
    : options_(options), units_(std::move(units)), keys_(options.keys_bytes_max) {
  for (const KeysUnit& unit : units_) {
    State& state = states_.emplace_back();
    if (options_.without_multi) {
      state.bracket.emplace(unit.slots.size());
      continue;
    }
    state.transactions.assign(Transactions(unit), TransactionReplies(QueuedCommands(unit)));
  }
}

std::vector<ShardRequest> KeysBatch::NextRound() {
  std::vector<ShardRequest> requests;
  if (sent_) return requests;
  sent_ = true;
  for (const KeysUnit& unit : units_) requests.push_back(RequestFor(unit));
  return requests;
}

ShardRequest KeysBatch::RequestFor(const KeysUnit& unit) const {
  ShardRequest request{.endpoint = unit.endpoint};
  Pipeline& pipeline = request.pipeline;
  auto probe_key = [&](Slot slot) {
    return options_.filter->ProbeKey(slot, options_.probe_variant);
  };
  // Asking for one key too many tells an oversize slot from a full one.
  const std::string limit = absl::StrCat(unit.keys_max + 1);
  auto keys_in_slot = [&](Slot slot) {
    pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), limit});
  };
  PrimaryCheck::AddTo(pipeline, probe_key(unit.slots[0]));
  if (options_.without_multi) {
    BracketedSlots::AddTo(pipeline, unit.slots, limit);
    return request;
  }
  if (unit.kind == KeysUnit::Kind::kProbedSlots) {
    for (Slot slot : unit.slots) {
      TransactionReplies::Open(pipeline);
      pipeline.Add({"EXISTS", probe_key(slot)});
      keys_in_slot(slot);
      TransactionReplies::Close(pipeline);
    }
    return request;
  }
  TransactionReplies::Open(pipeline);
  pipeline.Add({"EXISTS", probe_key(unit.slots[0])});
  pipeline.Add({"CLUSTER", "NODES"});
  if (unit.kind == KeysUnit::Kind::kScan) {
    pipeline.Add({"INFO", "server"});
    pipeline.Add({"SCAN", absl::StrCat(unit.slots[0]), "MATCH", options_.filter->Pattern(), "COUNT",
                  absl::StrCat(unit.keys_max)});
  } else {
    for (Slot slot : unit.slots) keys_in_slot(slot);
  }
  TransactionReplies::Close(pipeline);
  return request;
}

void KeysBatch::OnReply(size_t request, size_t command, const ReplyView& reply) {
  State& state = states_[request];
  const KeysUnit& unit = units_[request];
  if (command < PrimaryCheck::kCommands) {
    if (auto error = PrimaryCheck::ErrorIn(command, reply, unit.endpoint)) {
      NoteError(request, *error);
    }
    state.checked = !state.error;
    return;
  }
  if (!state.checked) return;
  command -= PrimaryCheck::kCommands;
  if (state.bracket) return TakeBracketReply(request, command, reply);
  const size_t commands = QueuedCommands(unit) + 2;
  const size_t transaction = command / commands;
  TransactionReplies& replies = state.transactions[transaction];
  std::optional<ReplyView> results = replies.OnReply(command % commands, reply, unit.endpoint);
  if (results) TakeTransaction(request, transaction, *results);
  CheckRoom(request);
  if (replies.error()) NoteError(request, ReadError::FromError(*replies.error(), unit.endpoint));
}

void KeysBatch::OnFailure(size_t request, const absl::Status& status) {
  NoteError(request, ReadError::FromFailure(status, units_[request].endpoint));
}

void KeysBatch::TakeBracketReply(size_t unit, size_t command, const ReplyView& reply) {
  BracketedSlots& bracket = *states_[unit].bracket;
  if (!bracket.OnReply(command, reply, units_[unit].endpoint)) return;
  if (bracket.error()) return NoteError(unit, *bracket.error());
  const SlotSet migrating = bracket.MigratingSlots();
  for (size_t index = 0; index < units_[unit].slots.size(); ++index) {
    const Slot slot = units_[unit].slots[index];
    if (bracket.StableSlots()[slot]) TakeSlot(unit, slot, bracket.keys(index));
    if (migrating[slot]) {
      NoteError(unit, ReadError::NoStableOwner(
                          units_[unit].endpoint, slot,
                          "migrates it and has reached maxmemory; raise maxmemory, free memory or "
                          "end the migration"));
    }
  }
  CheckRoom(unit);
}

// The list dropped keys, so no slot counts as covered.
void KeysBatch::CheckRoom(size_t unit) {
  if (!keys_.overflowed()) return;
  covered_.reset();
  NoteError(unit, "more keys than a listing can hold");
}

void KeysBatch::TakeTransaction(size_t unit, size_t transaction, const ReplyView& results) {
  auto result = results.begin();
  if ((*result).integer() != 0) {
    probe_taken_ = true;
    return;
  }
  ++result;
  if (units_[unit].kind == KeysUnit::Kind::kProbedSlots) {
    return TakeSlot(unit, units_[unit].slots[transaction], *result);
  }
  absl::StatusOr<NodeView> view = NodeView::FromClusterNodes((*result).text());
  if (!view.ok())
    return NoteError(unit, ReadError::FromFailure(view.status(), units_[unit].endpoint));
  if (units_[unit].kind == KeysUnit::Kind::kSlots) return TakeSlots(unit, *view, results);
  // The cursor format depends on the version, so INFO is part of the same transaction.
  if (!HasPerSlotTables((*++result).text())) {
    layout_violated_ = true;
    return;
  }
  TakeScan(unit, *view, *++result);
}

void KeysBatch::TakeSlots(size_t unit, const NodeView& view, const ReplyView& results) {
  auto result = results.begin();
  ++result;  // the probe
  ++result;  // CLUSTER NODES
  for (Slot slot : units_[unit].slots) {
    ReplyView keys = *result;
    ++result;
    if (view.IsStableOwner(slot)) TakeSlot(unit, slot, keys);
  }
}

void KeysBatch::TakeSlot(size_t unit, Slot slot, const ReplyView& keys) {
  if (!keys.is_array()) return NoteError(unit, "GETKEYSINSLOT: unexpected reply");
  if (keys.size() > units_[unit].keys_max) {
    oversize_.set(slot);
    return;
  }
  if (covered_[slot]) return;
  bool whole = VisitKeys(keys, [](std::string_view) {});
  if (!whole) return NoteError(unit, "the keys of a slot are larger than the reply limit");
  covered_.set(slot);
  density_.keys += static_cast<double>(keys.size());
  density_.slots += 1;
  VisitKeys(
      keys, [&](std::string_view key) { TakeKey(slot, unit, key); },
      CountLongKeys(*options_.filter, &keys_));
}

void KeysBatch::TakeScan(size_t unit, const NodeView& view, const ReplyView& reply) {
  if (!reply.is_array() || reply.size() != 2) return NoteError(unit, "SCAN: unexpected reply");
  std::optional<uint64_t> cursor = ParseScanCursor(reply[0].text());
  if (!cursor) return NoteError(unit, "SCAN: unreadable cursor");
  const Slot first = units_[unit].slots[0];
  const size_t end = *cursor == 0 ? kSlotCount : SlotOfCursor(*cursor);
  if (end < first) {
    layout_violated_ = true;
    return;
  }
  // The cursor's slot marks the end of what was scanned only if keys come in slot order.
  Slot last = first;
  bool ordered = true;
  bool whole = VisitKeys(reply[1], [&](std::string_view key) {
    Slot slot = KeySlot(key);
    if (slot < last || slot > end) ordered = false;
    last = slot;
  });
  if (!ordered) {
    layout_violated_ = true;
    return;
  }
  if (!whole) return NoteError(unit, "the keys of a SCAN are larger than the reply limit");
  TakeScanned(unit, view, static_cast<size_t>(end), *cursor == 0, reply[1]);
}

void KeysBatch::TakeScanned(size_t unit, const NodeView& view, size_t end, bool at_end,
                            const ReplyView& keys) {
  const Slot first = units_[unit].slots[0];
  const SlotSet owned = view.StableSlots() & SlotRange(first, end - first);
  const SlotSet fresh = owned & ~covered_;
  covered_ |= fresh;
  double wanted_before = density_.wanted;
  VisitKeys(
      keys,
      [&](std::string_view key) {
        Slot slot = KeySlot(key);
        if (fresh[slot]) TakeKey(slot, unit, key);
      },
      CountLongKeys(*options_.filter, &keys_));
  // A call that stopped early has looked at about COUNT keys. The last call on a node does not tell
  // how many it looked at.
  if (at_end) {
    density_.wanted = wanted_before;
    return;
  }
  density_.keys += static_cast<double>(units_[unit].keys_max);
  density_.slots += static_cast<double>(owned.count()) + 0.5;
}

void KeysBatch::TakeKey(Slot slot, size_t unit, std::string_view text) {
  if (!options_.filter->Matches(text)) return;
  density_.wanted += 1;
  uint64_t hash = options_.hash(text);
  if (slot == options_.first_slot && options_.after && !options_.after->IsBefore(hash, text)) {
    return;
  }
  keys_.Add(slot, static_cast<uint16_t>(unit), hash, text);
}

void KeysBatch::NoteError(size_t unit, ReadError error) {
  if (!states_[unit].error) states_[unit].error = std::move(error);
}

void KeysBatch::NoteError(size_t unit, std::string_view what) {
  NoteError(unit, ReadError::Reread(units_[unit].endpoint, what));
}

}  // namespace atestore::inline v0
