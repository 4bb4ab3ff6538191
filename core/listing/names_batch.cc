#include "core/listing/names_batch.h"

#include "absl/strings/str_cat.h"
#include "core/listing/scan_cursor.h"

namespace atestore {
namespace {

size_t QueuedCommands(const NamesUnit& unit) {
  switch (unit.kind) {
    case NamesUnit::Kind::kScan:
      return 3;
    case NamesUnit::Kind::kSlots:
      return 2 + unit.slots.size();
    case NamesUnit::Kind::kOneSlot:
      return 2;
  }
  return 0;
}

}  // namespace

NamesBatch::NamesBatch(Options options, std::vector<NamesUnit> units)
    : options_(options), units_(std::move(units)), names_(options.names_bytes_max) {
  for (const NamesUnit& unit : units_) {
    states_.push_back({.replies = TransactionReplies(QueuedCommands(unit))});
  }
}

std::vector<ShardRequest> NamesBatch::NextRound() {
  std::vector<ShardRequest> requests;
  if (sent_) return requests;
  sent_ = true;
  std::string pattern = options_.filter->Pattern();
  for (const NamesUnit& unit : units_) {
    ShardRequest& request = requests.emplace_back(ShardRequest{.endpoint = unit.endpoint});
    Pipeline& pipeline = request.pipeline;
    std::string keys_max = absl::StrCat(unit.keys_max);
    TransactionReplies::Open(pipeline);
    pipeline.Add({"EXISTS", options_.filter->ProbeKey(unit.slots[0], options_.probe_variant)});
    if (unit.kind != NamesUnit::Kind::kOneSlot) pipeline.Add({"CLUSTER", "NODES"});
    if (unit.kind == NamesUnit::Kind::kScan) {
      pipeline.Add({"SCAN", absl::StrCat(unit.slots[0]), "MATCH", pattern, "COUNT", keys_max});
    } else {
      // One more than allowed tells an oversize slot from a full one.
      std::string limit = absl::StrCat(unit.keys_max + 1);
      for (Slot slot : unit.slots) {
        pipeline.Add({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), limit});
      }
    }
    TransactionReplies::Close(pipeline);
  }
  return requests;
}

void NamesBatch::OnReply(size_t request, size_t command, const ReplyView& reply) {
  State& state = states_[request];
  const Endpoint& endpoint = units_[request].endpoint;
  std::optional<ReplyView> results = state.replies.OnReply(command, reply, endpoint);
  if (results) TakeUnit(request, *results);
  if (names_.overflowed()) {
    covered_.reset();
    Obstruct(request, "more names than a listing can hold");
  }
  if (state.replies.error()) {
    state.obstacle = Obstacle::FromError(*state.replies.error(), endpoint);
  }
}

void NamesBatch::OnFailure(size_t request, const absl::Status& status) {
  states_[request].obstacle = Obstacle::FromFailure(status, units_[request].endpoint);
}

void NamesBatch::TakeUnit(size_t unit, const ReplyView& results) {
  auto result = results.begin();
  if ((*result).integer() != 0) {
    probe_taken_ = true;
    return;
  }
  if (units_[unit].kind == NamesUnit::Kind::kOneSlot) {
    TakeSlots(unit, nullptr, results);
    return;
  }
  absl::StatusOr<NodeView> view = NodeView::FromClusterNodes((*++result).text());
  if (!view.ok()) {
    states_[unit].obstacle = Obstacle::FromFailure(view.status(), units_[unit].endpoint);
    return;
  }
  if (units_[unit].kind == NamesUnit::Kind::kScan) {
    TakeScan(unit, *view, *++result);
  } else {
    TakeSlots(unit, &*view, results);
  }
}

void NamesBatch::TakeSlots(size_t unit, const NodeView* view, const ReplyView& results) {
  auto result = results.begin();
  ++result;
  if (view != nullptr) ++result;
  for (Slot slot : units_[unit].slots) {
    ReplyView keys = *result;
    ++result;
    if (view != nullptr && !view->IsStableOwner(slot)) continue;
    if (keys.size() > units_[unit].keys_max) {
      oversize_.set(slot);
      continue;
    }
    if (covered_[slot]) continue;
    bool whole = VisitNames(keys, [](std::string_view) {});
    if (!whole) return Obstruct(unit, "the names of a slot are larger than the reply limit");
    covered_.set(slot);
    density_.keys += static_cast<double>(keys.size());
    density_.slots += 1;
    VisitNames(keys, [&](std::string_view name) { TakeName(slot, unit, name); });
  }
}

void NamesBatch::TakeScan(size_t unit, const NodeView& view, const ReplyView& reply) {
  if (!reply.is_array() || reply.size() != 2) return Obstruct(unit, "SCAN: unexpected reply");
  std::optional<uint64_t> cursor = ParseScanCursor(reply[0].text());
  if (!cursor) return Obstruct(unit, "SCAN: unreadable cursor");
  const Slot first = units_[unit].slots[0];
  const size_t end = *cursor == 0 ? kSlotCount : SlotOfCursor(*cursor);
  if (end < first) {
    layout_violated_ = true;
    return;
  }
  // Only the order that per-slot tables give makes the cursor's slot mean what it is taken for.
  Slot last = first;
  bool ordered = true;
  bool whole = VisitNames(reply[1], [&](std::string_view name) {
    Slot slot = KeySlot(name);
    if (slot < last || slot > end) ordered = false;
    last = slot;
  });
  if (!ordered) {
    layout_violated_ = true;
    return;
  }
  if (!whole) return Obstruct(unit, "the names of a SCAN are larger than the reply limit");
  TakeScanned(unit, view, static_cast<size_t>(end), *cursor == 0, reply[1]);
}

void NamesBatch::TakeScanned(size_t unit, const NodeView& view, size_t end, bool at_end,
                             const ReplyView& keys) {
  const Slot first = units_[unit].slots[0];
  const SlotSet owned = view.StableSlots() & SlotRange(first, end - first);
  const SlotSet fresh = owned & ~covered_;
  covered_ |= fresh;
  double wanted_before = density_.wanted;
  VisitNames(keys, [&](std::string_view name) {
    Slot slot = KeySlot(name);
    if (fresh[slot]) TakeName(slot, unit, name);
  });
  // A call that stopped early has looked at about COUNT keys; how many the last one of a node
  // looked at is not told.
  if (at_end) {
    density_.wanted = wanted_before;
    return;
  }
  density_.keys += static_cast<double>(units_[unit].keys_max);
  density_.slots += static_cast<double>(owned.count()) + 0.5;
}

void NamesBatch::TakeName(Slot slot, size_t unit, std::string_view text) {
  if (!options_.filter->Matches(text)) return;
  density_.wanted += 1;
  uint64_t hash = options_.hash(text);
  if (slot == options_.first_slot && options_.after && !options_.after->IsPassedBy(hash, text)) {
    return;
  }
  names_.Add(slot, static_cast<uint16_t>(unit), hash, text);
}

void NamesBatch::Obstruct(size_t unit, std::string_view what) {
  states_[unit].obstacle = Obstacle::Retake(units_[unit].endpoint, what);
}

}  // namespace atestore
