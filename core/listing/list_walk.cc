#include "core/listing/list_walk.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"

namespace atestore::inline v0 {
namespace {

// Attempts without progress before the next one waits.
constexpr size_t kAttemptsAtOnceMax = 8;

bool IsBatch(const Strategy& strategy) { return std::holds_alternative<ReadBatch>(strategy); }

// Keeps what was listed of the slot, and forgets how far a SCAN got in it.
void ForgetCursor(Position& position) {
  const std::optional<KeyMark> floor = FloorOf(position);
  position.place = SlotStart{};
  if (floor) position.place = AfterKey{*floor};
}

}  // namespace

ListWalk::ListWalk(Options options, RecordSink* sink)
    : options_(std::move(options)),
      sink_(sink),
      known_{.reading = options_.reading,
             .estimates = Estimates({.hints = options_.hints,
                                     .selective = options_.selective,
                                     .keys_only = options_.keys_only,
                                     .values_part_keys = options_.values_part_keys})},
      planner_({.filter = &options_.filter,
                .hash = options_.hash,
                .prefetch = options_.key_prefetch,
                .segment_keys = options_.segment_keys,
                .values_part_keys = options_.values_part_keys,
                .end = options_.start.end},
               known_),
      position_(options_.start),
      room_{.records = options_.page_size - std::min(options_.page_size, sink->size()),
            .bytes = options_.page_bytes} {}

ListWalk::Action ListWalk::Next(const Topology& topology) {
  routes_.Clear();
  if (ending_ && progressed_ && !current_) return Done{};
  std::vector<ShardRequest> requests = Advance(topology);
  if (requests.empty() && pending_) return *std::exchange(pending_, std::nullopt);
  if (ending_ && progressed_) {
    Stop();
    return Done{};
  }
  return Send{std::move(requests)};
}

std::vector<ShardRequest> ListWalk::More(const Topology& topology) { return Advance(topology); }

void ListWalk::OnReply(size_t request, size_t command, const ReplyView& reply) {
  auto target = routes_.OnReply(request);
  if (target.owner != nullptr) target.owner->step()->OnReply(target.request, command, reply);
}

void ListWalk::OnFailure(size_t request, const absl::Status& status) {
  auto target = routes_.OnFailure(request);
  if (target.owner != nullptr) target.owner->step()->OnFailure(target.request, status);
}

// Advances as far as possible without further replies: until requests are in flight or an action is
// pending.
std::vector<ShardRequest> ListWalk::Advance(const Topology& topology) {
  std::vector<ShardRequest> requests;
  while (!pending_) {
    if (!current_ && !Begin(topology)) break;
    // The next segment first, so that nodes search for keys while values are on the wire.
    if (!ahead_ && MayStartNextSegment()) StartNextSegment(topology);
    while (ahead_ && !Ask(*ahead_, &requests)) {
      if (!ReadNextValues()) break;
    }
    if (Ask(*current_, &requests)) break;
    current_->values ? CommitValues() : ConcludeKeys();
  }
  for (ShardRequest& request : requests) DemandMember(topology, request);
  return requests;
}

// Adds the requests that the segment's step has to send now. False: the step is done.
bool ListWalk::Ask(Segment& segment, std::vector<ShardRequest>* requests) {
  ListingStep* step = segment.step();
  if (step == nullptr) return false;
  std::vector<ShardRequest> more = step->More();
  if (more.empty() && segment.in_flight == 0) {
    more = step->NextRound();
    segment.sent = 0;
  }
  routes_.Add(&segment, std::move(more), requests);
  return segment.in_flight > 0;
}

// Begins a segment at the position. False: an action is pending, or prefetched keys are in flight.
bool ListWalk::Begin(const Topology& topology) {
  if (!position_ || page_full_ || room_.records == 0 || (ending_ && progressed_)) {
    pending_ = Done{};
    return false;
  }
  const Slot slot = position_->slot;
  if (IsBatch(strategy_) && planner_.AwaitsPrefetched(slot, keys_room())) return false;
  const bool inside = std::holds_alternative<InSlotCursor>(position_->place);
  if (inside && (IsBatch(strategy_) || std::holds_alternative<ReadSlotUpToLimit>(strategy_))) {
    // Where the slot went on, whatever the servers were thought to be: read whole, it would begin
    // again. The reply tells whether its server has cursors inside a slot.
    strategy_ = ReadLargeSlot();
  }
  const std::optional<Endpoint> owner = known_.owners.Find(slot, topology);
  if (!owner) {
    pending_ = Refresh{.back_off = true,
                       .why = UnavailableError(absl::StrCat("slot ", slot, " has no owner"))};
    return false;
  }
  if (const auto* migrating = std::get_if<ReadMigratingSlot>(&strategy_)) {
    const Migration migration = migrating->migration;
    CHECK_COMPLETENESS(migration.slot == slot);
    if (topology.IsStranger(migration.destination)) {
      // It may have joined just now, or be of another cluster, at an address that was ours.
      Recover(UnknownNode{migration.destination});
      return false;
    }
    current_ = planner_.Migrating(*position_, migration);
  } else if (auto* large = std::get_if<ReadLargeSlot>(&strategy_)) {
    large->count = planner_.CountFor(*position_, large->count, keys_room());
    current_ = planner_.Large(*position_, *owner, *large->count);
  } else if (IsBatch(strategy_)) {
    current_ = planner_.Batch(topology, slot, FloorOf(*position_), keys_room());
  } else {
    const bool whole = std::holds_alternative<ReadSlotUnlimited>(strategy_);
    current_ = planner_.OneSlot(
        *position_, *owner,
        whole ? std::numeric_limits<int32_t>::max() - 1 : known_.reading.whole_slot_keys);
  }
  return true;
}

size_t ListWalk::keys_end() const {
  if (const Segment* last = ahead_ ? ahead_.get() : current_.get()) {
    return last->keys_complete ? last->end : last->requested_end;
  }
  return position_ ? position_->slot : end();
}

// Only where it is likely that the current segment will be committed whole and leave room.
bool ListWalk::MayStartNextSegment() const {
  if (!IsBatch(strategy_) || ending_ || !current_->values || current_->values->error()) {
    return false;
  }
  if (current_->values_count < current_->keys().size() || current_->values_count >= keys_room())
    return false;
  if (current_->batch) {
    for (size_t unit = 0; unit < current_->batch->units().size(); ++unit) {
      if (current_->batch->error(unit)) return false;
    }
  }
  const double records = static_cast<double>(current_->values_count + planner_.segment_keys());
  return current_->end < end() && records * hints().record_bytes < static_cast<double>(room_.bytes);
}

void ListWalk::StartNextSegment(const Topology& topology) {
  const size_t keys = keys_room() - current_->values_count;
  if (planner_.AwaitsPrefetched(current_->end, keys)) return;
  ahead_ = planner_.Batch(topology, current_->end, std::nullopt, keys);
  if (ahead_) ++counters_.segments_ahead;
}

// Begins to read the values of the next segment's keys. False: that is not possible, or done.
bool ListWalk::ReadNextValues() {
  if (ahead_->keys_complete) return false;
  ahead_->TakeKeys(known_, end());
  if (ahead_->end == ahead_->first) return false;  // why will be seen when it is its turn
  ReadValues(*ahead_, keys_room() - current_->values_count);
  return true;
}

// Drops a segment and adds the indexes of its records in the sink to `removed`.
void ListWalk::Drop(std::unique_ptr<Segment>& segment, std::vector<size_t>* removed) {
  if (!segment) return;
  routes_.Forget(segment.get());
  if (segment->values) {
    std::vector<size_t> records = segment->values->RecordsFrom(0);
    removed->insert(removed->end(), records.begin(), records.end());
  }
  segment.reset();
}

void ListWalk::Stop() {
  std::vector<size_t> removed;
  Drop(current_, &removed);
  Drop(ahead_, &removed);
  RemoveFrom(sink_, std::move(removed));
}

// The keys of the current segment have come, or something kept them from coming.
void ListWalk::ConcludeKeys() {
  Segment& segment = *current_;
  segment.TakeKeys(known_, end());
  if (std::optional<ReadObstacle> met = segment.FindObstacle(known_.reading.whole_slot_keys)) {
    if (segment.migrating) {
      // It may have ended, or another one may have begun; or the probe's key exists.
      ++known_.probe_variant;
      strategy_ = ReadSlotUpToLimit();
    }
    if (std::holds_alternative<OtherProcess>(*met)) {
      // A cursor means nothing to another process: this slot starts again, and no other.
      ++counters_.slot_restarts;
      ForgetCursor(*position_);
    }
    Recover(*met);
  } else if (segment.large) {
    ConcludeLarge();
  } else {
    ReadValues(segment, keys_room());
  }
  if (!current_->values) current_.reset();
}

void ListWalk::ReadValues(Segment& segment, size_t keys_max) {
  if (segment.prefetched) ++counters_.segments_prefetched;
  segment.ReadValues(std::min(keys_max, known_.estimates.KeysThatFit(room_.bytes)),
                     known_.estimates.ValuesBounds(room_.bytes), sink_);
  counters_.long_keys += segment.keys().long_keys();
}

void ListWalk::CommitValues() {
  Segment& segment = *current_;
  const ValuesRead& values = *segment.values;
  const auto* large = std::get_if<ReadLargeSlot>(&strategy_);
  const Commit commit =
      CountCommittable(values.results(), room_, segment.large && large && large->count > 1);
  values.TellUnreadable(commit.passed, commit.too_large);
  room_.Take(commit);
  counters_.examined += commit.examined;
  counters_.matched += commit.records;
  counters_.bytes += commit.bytes;
  std::vector<size_t> removed = values.RecordsFrom(commit.passed);
  for (const size_t key : commit.too_large) removed.push_back(values.results()[key].staged);
  const bool whole = commit.passed == segment.keys().size() && removed.empty() && !values.error();
  known_.estimates.OnValues(values, commit, whole);
  // Indexes of what stays in the sink change only when nothing is in flight into it.
  if (!whole && ahead_) {
    ++counters_.segments_ahead_dropped;
    Drop(ahead_, &removed);
  }
  RemoveFrom(sink_, std::move(removed));
  if (segment.large) {
    CommitLarge(commit);
  } else {
    if (commit.page_full) page_full_ = true;
    MoveTo(PositionAfter(*position_, segment.keys(), commit.passed, segment.end));
  }
  if (const std::optional<ReadError>& error = values.error()) {
    if (segment.prefetched && position_) {
      ++counters_.segments_prefetched_stale;
      options_.key_prefetch->Forget(position_->slot);
    }
    const bool behind =  // the position: nothing has to be done about it yet
        error->kind == ServerErrorKind::kAsk && !(position_ && error->slot == position_->slot);
    if (!page_full_ && !behind) Recover(*error);
  }
  current_ = std::move(ahead_);
}

std::optional<Position> ListWalk::ExpectedEnd() const {
  if (!IsBatch(strategy_) || ending_ || !current_ || !current_->values) return std::nullopt;
  // Nor can it be where the sink decides what is on the page.
  if (options_.selective) return std::nullopt;
  const Segment& last = ahead_ ? *ahead_ : *current_;
  const size_t values = current_->values_count + (ahead_ ? ahead_->values_count : 0);
  if (!last.values || values < room_.records || current_->values->error() || last.values->error()) {
    return std::nullopt;
  }
  if (static_cast<double>(values) * hints().record_bytes > static_cast<double>(room_.bytes)) {
    return std::nullopt;
  }
  Position start = *position_;
  if (last.first != start.slot) start = {.slot = static_cast<Slot>(last.first), .end = end()};
  return PositionAfter(start, last.keys(), last.values_count, last.end);
}

// Moves the position past what has been committed. nullopt: the listing is complete. A new slot is
// read in a batch again, until that fails.
void ListWalk::MoveTo(std::optional<Position> position) {
  if (position == position_) return;
  CHECK_COMPLETENESS(position_ && (!position || position->slot >= position_->slot));
  if (!position || position->slot != position_->slot) strategy_ = ReadBatch();
  position_ = std::move(position);
  progressed_ = true;
  attempts_ = 0;
}

// Decides how to go on after what kept the position's slot from being read.
void ListWalk::Recover(const ReadObstacle& met) {
  using Then = Transition::Then;
  known_.OnObstacle(met);
  KeysReading& reading = known_.reading;
  const Transition next = NextStrategy(
      strategy_, met,
      {.per_slot_tables = reading.per_slot_tables, .without_multi = reading.without_multi},
      known_.probe_variant);
  strategy_ = next.strategy;
  const ReadError* error = std::get_if<ReadError>(&met);
  const ServerErrorKind kind = error != nullptr ? error->kind : ServerErrorKind::kOther;
  const bool redirected = kind == ServerErrorKind::kAsk;
  const bool out_of_memory = kind == ServerErrorKind::kOutOfMemory;
  if (redirected || kind == ServerErrorKind::kMoved) ++counters_.redirects;
  if (out_of_memory) reading.without_multi = true;
  bool back_off = next.then == Then::kWait;
  if (next.then == Then::kReread || next.then == Then::kRefresh) {
    back_off = ++attempts_ > kAttemptsAtOnceMax;
  }
  if ((next.then == Then::kReread || next.then == Then::kWait) && !redirected && !out_of_memory) {
    ++counters_.rereads;
  }
  absl::Status why = StatusOf(met, position_ ? position_->slot : Slot{0});
  if (next.then == Then::kFail) {
    pending_ = Fail{std::move(why)};
  } else if (back_off || next.then == Then::kRefresh) {
    pending_ = Refresh{.back_off = back_off, .why = std::move(why)};
  }
}

}  // namespace atestore::inline v0
