#include "core/listing/list_walk.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

// Attempts at one place before the next one waits.
constexpr size_t kAttemptsAtOnceMax = 8;

// Of which half is believed.
constexpr double kSlotsOfSmallSample = 2;
constexpr double kKeysOfSmallSample = 50;

double Blend(double known, double seen, double weight) { return known + (seen - known) * weight; }

// What is divided by later: whatever was learnt or handed in, only speed may depend on it.
WalkHints Sane(const WalkHints& hints) {
  constexpr double kMost = 1e12;
  return {.keys_per_slot = std::clamp(hints.keys_per_slot, 1.0 / kSlotCount, kMost),
          .wanted_ratio = std::clamp(hints.wanted_ratio, 1e-6, 1.0),
          .record_bytes = std::clamp(hints.record_bytes, 1.0, kMost)};
}

}  // namespace

ListWalk::ListWalk(Options options, RecordSink* sink)
    : options_(std::move(options)),
      sink_(sink),
      position_(options_.start),
      per_slot_tables_(options_.per_slot_tables),
      hints_(Sane(options_.hints)) {}

ListWalk::Action ListWalk::Next(const Topology& topology) {
  for (;;) {
    switch (stage_) {
      case Stage::kPlan: {
        bool full = page_full_ || room() == 0;
        if (!position_ || full || (ending_ && progressed_)) return Done{};
        if (std::optional<Action> action = Plan(topology)) return *std::move(action);
        stage_ = Stage::kNames;
        break;
      }
      case Stage::kNames: {
        ListingStep* step = batch_       ? static_cast<ListingStep*>(batch_.get())
                            : migrating_ ? static_cast<ListingStep*>(migrating_.get())
                                         : static_cast<ListingStep*>(huge_.get());
        std::vector<ShardRequest> requests = step->NextRound();
        if (!requests.empty()) return Send{std::move(requests)};
        ConcludeNames();
        break;
      }
      case Stage::kValues: {
        std::vector<ShardRequest> requests = values_->NextRound();
        if (!requests.empty()) return Send{std::move(requests)};
        CommitValues();
        stage_ = Stage::kPlan;
        break;
      }
    }
  }
}

void ListWalk::OnReply(size_t request, size_t command, const ReplyView& reply) {
  if (stage_ == Stage::kValues) {
    values_->OnReply(request, command, reply);
  } else if (batch_) {
    batch_->OnReply(request, command, reply);
  } else if (migrating_) {
    migrating_->OnReply(request, command, reply);
  } else if (huge_) {
    huge_->OnReply(request, command, reply);
  }
}

void ListWalk::OnFailure(size_t request, const absl::Status& status) {
  if (stage_ == Stage::kValues) {
    values_->OnFailure(request, status);
  } else if (batch_) {
    batch_->OnFailure(request, status);
  } else if (migrating_) {
    migrating_->OnFailure(request, status);
  } else if (huge_) {
    huge_->OnFailure(request, status);
  }
}

void ListWalk::ConcludeNames() {
  values_.reset();
  stage_ = Stage::kPlan;
  if (batch_) {
    ConcludeBatch();
  } else if (migrating_) {
    ConcludeMigrating();
  } else {
    ConcludeHuge();
  }
  if (values_) stage_ = Stage::kValues;
}

void ListWalk::ConcludeBatch() {
  if (batch_->layout_violated()) per_slot_tables_ = false;
  if (batch_->probe_taken()) ++probe_variant_;
  LearnDensity(batch_->density());
  for (size_t unit = 0; unit < batch_->units().size(); ++unit) {
    const std::optional<Obstacle>& obstacle = batch_->obstacle(unit);
    if (!obstacle || obstacle->kind != ServerErrorKind::kMoved) continue;
    moved_[obstacle->slot] = obstacle->redirect;
  }
  size_t end = position_->slot;
  while (end < kSlotCount && batch_->covered()[end]) ++end;
  if (end == position_->slot) return DiagnoseFirstSlot();
  std::vector<Endpoint> nodes;
  for (const NamesUnit& unit : batch_->units()) nodes.push_back(unit.endpoint);
  ReadValues(&batch_->names(), end, std::move(nodes));
}

// Nothing was covered: what does that say about the way to read the first slot?
void ListWalk::DiagnoseFirstSlot() {
  const Slot slot = position_->slot;
  const NamesUnit& unit = batch_->units()[0];
  if (batch_->oversize()[slot]) {
    bool huge = unit.keys_max >= options_.whole_slot_keys;
    mode_ = !huge ? Mode::kOneSlot : per_slot_tables_ ? Mode::kHuge : Mode::kWholeSlot;
    return;
  }
  if (batch_->obstacle(0)) return Meet(*batch_->obstacle(0));
  if (batch_->probe_taken()) return Retake(UnavailableError("a key has the name of the probe"));
  if (batch_->layout_violated()) return;
  // The node's own view excludes the slot, or SCAN stopped inside it: look at it alone.
  if (mode_ == Mode::kBatch) {
    mode_ = Mode::kOneSlot;
  } else {
    Retake(UnavailableError(absl::StrCat("slot ", slot, " could not be read")));
  }
}

void ListWalk::ConcludeMigrating() {
  if (migrating_->obstacle()) {
    ++probe_variant_;
    mode_ = Mode::kOneSlot;
    return Meet(*migrating_->obstacle());
  }
  ReadValues(&migrating_->names(), position_->slot + size_t{1}, {});
}

void ListWalk::LearnDensity(const NamesBatch::Density& density) {
  // A large sample replaces what was known, a small one does little.
  if (density.slots > 0) {
    hints_.keys_per_slot = Blend(hints_.keys_per_slot, density.keys / density.slots,
                                 density.slots / (density.slots + kSlotsOfSmallSample));
  }
  if (density.keys > 0) {
    double ratio = std::clamp(density.wanted / density.keys, 1e-6, 1.0);
    hints_.wanted_ratio =
        Blend(hints_.wanted_ratio, ratio, density.keys / (density.keys + kKeysOfSmallSample));
  }
  counters_.names += static_cast<size_t>(density.wanted);
}

size_t ListWalk::ValuesToFetch(size_t names) const {
  double fit = static_cast<double>(options_.page_bytes - page_bytes_) / hints_.record_bytes;
  return std::min({names, room(), static_cast<size_t>(fit * 1.2) + 1});
}

void ListWalk::ReadValues(NameList* names, size_t end_slot, std::vector<Endpoint> nodes) {
  names->Sort();
  size_t count = names->size();
  while (count > 0 && (*names)[count - 1].slot >= end_slot) --count;
  names->Truncate(count);
  names_ = names;
  names_end_ = end_slot;
  if (count == 0) return MoveToSlot(end_slot);
  size_t fetch = ValuesToFetch(count);
  size_t bytes_left = options_.page_bytes - page_bytes_;
  if (migrating_) {
    values_ = std::make_unique<ValuesRead>(names, fetch, migrating_->migration(),
                                           migrating_->fence(), bytes_left, sink_);
  } else {
    values_ = std::make_unique<ValuesRead>(names, fetch, std::move(nodes),
                                           MgetKeysFor(hints_.record_bytes), bytes_left, sink_);
  }
}

void ListWalk::CommitValues() {
  bool page_empty = page_records_ == 0;
  bool all_or_nothing = huge_ && huge_count_ > 1;
  ValuesRead::Outcome outcome = values_->Finish(page_empty, all_or_nothing);
  page_bytes_ += outcome.bytes;
  page_records_ += outcome.added;
  if (outcome.added > 0) {
    hints_.record_bytes = static_cast<double>(outcome.bytes) / static_cast<double>(outcome.added);
    hints_ = Sane(hints_);
  }
  if (huge_) {
    CommitHuge(outcome);
  } else {
    if (outcome.page_full) page_full_ = true;
    MoveBehind(outcome.passed);
  }
  if (const auto& obstacle = values_->obstacle(); obstacle && !page_full_) {
    if (obstacle->kind != ServerErrorKind::kAsk || obstacle->slot == position_->slot) {
      Meet(*obstacle);
    }
  }
}

// The mark behind the name at `index`. It carries a tie when the next name has the same hash.
NameMark ListWalk::MarkAt(size_t index) const {
  NameList::Name name = (*names_)[index];
  NameMark mark{.hash = name.hash};
  if (index + 1 < names_->size()) {
    NameList::Name next = (*names_)[index + 1];
    if (next.slot == name.slot && next.hash == name.hash) mark.tie = BreakTie(name.text);
  }
  return mark;
}

void ListWalk::MoveBehind(size_t passed) {
  if (passed == names_->size()) return MoveToSlot(names_end_);
  Slot slot = (*names_)[passed].slot;
  if (passed > 0 && (*names_)[passed - 1].slot == slot) {
    MoveTo({.slot = slot, .place = AfterName{MarkAt(passed - 1)}});
  } else if (slot != position_->slot) {
    MoveToSlot(slot);
  }
}

void ListWalk::MoveToSlot(size_t slot) {
  mode_ = Mode::kBatch;
  migration_.reset();
  huge_count_ = 0;
  if (slot < kSlotCount) return MoveTo({.slot = static_cast<Slot>(slot)});
  position_.reset();
  progressed_ = true;
}

void ListWalk::MoveTo(Position position) {
  position_ = position;
  progressed_ = true;
  attempts_ = 0;
}

void ListWalk::Meet(const Obstacle& obstacle) {
  if (!obstacle.transient) {
    pending_ = Fail{obstacle.status};
    return;
  }
  bool back_off = !obstacle.at_once || ++attempts_ > kAttemptsAtOnceMax;
  switch (obstacle.kind) {
    case ServerErrorKind::kMoved:
      ++counters_.redirects;
      moved_[obstacle.slot] = obstacle.redirect;
      mode_ = Mode::kBatch;
      break;
    case ServerErrorKind::kAsk:
      ++counters_.redirects;
      mode_ = Mode::kMigrating;
      migration_ = Migration{.slot = obstacle.slot,
                             .source = obstacle.asked,
                             .destination = obstacle.redirect,
                             .probe_variant = probe_variant_};
      // Where to go is known; the topology does not tell more.
      if (!back_off) return;
      break;
    default:
      ++counters_.retakes;
      moved_.clear();
      if (!back_off) return;
  }
  pending_ = Refresh{.back_off = back_off, .why = obstacle.status};
}

void ListWalk::Retake(const absl::Status& why) {
  ++counters_.retakes;
  if (++attempts_ > kAttemptsAtOnceMax) pending_ = Refresh{.back_off = true, .why = why};
}

std::optional<Endpoint> ListWalk::OwnerOf(Slot slot, const Topology& topology) const {
  if (auto moved = moved_.find(slot); moved != moved_.end()) return moved->second;
  const ClusterNode* owner = topology.Owner(slot);
  if (owner == nullptr) return std::nullopt;
  return owner->endpoint;
}

}  // namespace atestore
