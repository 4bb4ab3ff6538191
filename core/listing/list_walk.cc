#include "core/listing/list_walk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/status.h"

namespace atestore {
namespace {

// Attempts without progress before the next one waits.
constexpr size_t kAttemptsAtOnceMax = 8;

// Sample sizes at which a new estimate gets half the weight.
constexpr double kSlotsOfSmallSample = 2;
constexpr double kKeysOfSmallSample = 50;

// Request this many times the values that are likely to fit the page, in case they are smaller.
constexpr double kFitReserve = 1.2;

// Factor for portion_ after a request for values lost the connection, and its growth afterwards.
constexpr double kPortionAfterLoss = 0.25;
constexpr double kPortionGrowth = 2;
constexpr double kPortionMin = 1.0 / 256;

double Blend(double known, double seen, double weight) { return known + (seen - known) * weight; }

}  // namespace

ListWalk::ListWalk(Options options, RecordSink* sink)
    : options_(std::move(options)),
      sink_(sink),
      records_max_(options_.page_size - std::min(options_.page_size, sink->size())),
      position_(options_.start),
      reading_(options_.reading),
      hints_(options_.hints.Clamped()) {}

ListingStep& ListWalk::Segment::step() const {
  if (values) return *values;
  if (batch) return *batch;
  if (migrating) return *migrating;
  return *large;
}

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
  if (target.owner != nullptr) target.owner->step().OnReply(target.request, command, reply);
}

void ListWalk::OnFailure(size_t request, const absl::Status& status) {
  auto target = routes_.OnFailure(request);
  if (target.owner != nullptr) target.owner->step().OnFailure(target.request, status);
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
  std::vector<ShardRequest> more = segment.step().More();
  if (more.empty() && segment.in_flight == 0) {
    more = segment.step().NextRound();
    segment.sent = 0;
  }
  routes_.Add(&segment, std::move(more), requests);
  return segment.in_flight > 0;
}

// Begins a segment at the position. False: an action is pending, or prefetched keys are in flight.
bool ListWalk::Begin(const Topology& topology) {
  if (!position_ || page_full_ || room() == 0 || (ending_ && progressed_)) {
    pending_ = Done{};
  } else if (in_batch() && AwaitsKeys(position_->slot, keys_room())) {
    return false;
  } else {
    pending_ = Plan(topology);
  }
  return !pending_;
}

size_t ListWalk::keys_end() const {
  if (const Segment* last = ahead_ ? ahead_.get() : current_.get()) {
    return last->keys_taken ? last->end : last->asked_end;
  }
  return position_ ? position_->slot : end();
}

bool ListWalk::AwaitsKeys(size_t first, size_t keys) const {
  return options_.key_prefetch != nullptr &&
         options_.key_prefetch->Awaits(first, std::min(keys, options_.values_part_keys));
}

// Makes a segment of prefetched keys. False: there are none.
bool ListWalk::TakePrefetched(Segment& segment, const std::optional<KeyMark>& after, size_t keys) {
  if (options_.key_prefetch == nullptr) return false;
  segment.found =
      options_.key_prefetch->Take(segment.first, after, std::min(keys, options_.segment_keys));
  if (!segment.found) return false;
  segment.keys_taken = true;
  segment.end = segment.found->end;
  ++counters_.segments_found;
  LearnDensity(segment.found->density);
  ReadValues(segment, &segment.found->keys, keys);
  return true;
}

// Only if the current segment is likely to be committed whole and to leave room on the page.
bool ListWalk::MayStartNextSegment() const {
  if (!in_batch() || ending_ || !current_->values || current_->values->error()) {
    return false;
  }
  if (current_->fetch < current_->keys->size() || current_->fetch >= keys_room()) return false;
  if (current_->batch) {
    for (size_t unit = 0; unit < current_->batch->units().size(); ++unit) {
      if (current_->batch->error(unit)) return false;
    }
  }
  double bytes = static_cast<double>(current_->fetch + options_.segment_keys) * hints_.record_bytes;
  return current_->end < end() && bytes < static_cast<double>(bytes_left());
}

void ListWalk::StartNextSegment(const Topology& topology) {
  const size_t first = current_->end;
  const size_t keys = keys_room() - current_->fetch;
  if (AwaitsKeys(first, keys)) return;
  auto ahead = std::make_unique<Segment>();
  ahead->first = first;
  if (!PlanBatch(topology, *ahead, std::nullopt, keys)) return;
  ahead_ = std::move(ahead);
  ++counters_.segments_ahead;
}

// Begins to read the values of the next segment. False: it has begun already, or has no keys.
bool ListWalk::ReadNextValues() {
  if (ahead_->keys_taken) return false;
  TakeBatch(*ahead_);
  if (ahead_->end == ahead_->first) return false;  // diagnosed when it becomes current
  ReadValues(*ahead_, &ahead_->batch->keys(), keys_room() - current_->fetch);
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
  RemoveFromSink(std::move(removed));
}

void ListWalk::RemoveFromSink(std::vector<size_t> indexes) {
  if (indexes.empty()) return;
  std::sort(indexes.begin(), indexes.end());
  sink_->Remove(indexes);
}

void ListWalk::ConcludeKeys() {
  if (current_->batch) {
    ConcludeBatch();
  } else if (current_->migrating) {
    ConcludeMigrating();
  } else {
    ConcludeLarge();
  }
  if (!current_->values) current_.reset();
}

void ListWalk::ConcludeBatch() {
  if (!current_->keys_taken) TakeBatch(*current_);
  if (current_->end == current_->first) return DiagnoseFirstSlot();
  ReadValues(*current_, &current_->batch->keys(), keys_room());
}

// Takes the result of a batch: the slots that it covered, and what it says about the cluster.
void ListWalk::TakeBatch(Segment& segment) {
  segment.keys_taken = true;
  const KeysBatch& batch = *segment.batch;
  LearnDensity(batch.density());
  for (size_t unit = 0; unit < batch.units().size(); ++unit) {
    const std::optional<ReadError>& error = batch.error(unit);
    if (!error || error->kind != ServerErrorKind::kMoved) continue;
    moved_[error->slot] = error->redirect;
  }
  segment.end = segment.first;
  while (segment.end < end() && batch.covered()[segment.end]) ++segment.end;
}

// Nothing was covered: find out why, and choose another way to read the first slot.
void ListWalk::DiagnoseFirstSlot() {
  const Slot slot = position_->slot;
  const KeysBatch& batch = *current_->batch;
  const absl::Status why = UnavailableError(absl::StrCat("slot ", slot, " could not be read"));
  if (batch.oversize()[slot]) {
    const size_t keys_max = batch.units()[0].keys_max;
    Recover(TooManyKeys{.for_any_whole_read = keys_max >= reading_.whole_slot_keys}, why);
  } else if (batch.error(0)) {
    Recover(*batch.error(0));
  } else if (batch.probe_taken()) {
    Recover(ProbeExists{}, why);
  } else if (batch.layout_violated()) {
    Recover(NoPerSlotTables{}, why);
  } else {
    Recover(NotCovered{}, why);
  }
}

void ListWalk::ConcludeMigrating() {
  MigratingSlot& migrating = *current_->migrating;
  if (migrating.error()) {
    // The migration may have ended, another one may have begun, or the probe's key exists.
    ++probe_variant_;
    strategy_ = ReadSlot();
    return Recover(*migrating.error());
  }
  current_->end = position_->slot + size_t{1};
  ReadValues(*current_, &migrating.keys(), keys_room());
}

void ListWalk::LearnDensity(const KeysBatch::Density& density) {
  // A large sample replaces the old estimate, a small one changes it little.
  if (density.slots > 0) {
    hints_.keys_per_slot = Blend(hints_.keys_per_slot, density.keys / density.slots,
                                 density.slots / (density.slots + kSlotsOfSmallSample));
  }
  if (density.keys > 0) {
    hints_.wanted_ratio = Blend(hints_.wanted_ratio, density.wanted / density.keys,
                                density.keys / (density.keys + kKeysOfSmallSample));
  }
  hints_ = hints_.Clamped();
}

// Reads the values of `keys` in slots before the segment's end, as many as fit the page.
void ListWalk::ReadValues(Segment& segment, KeyList* keys, size_t records_max) {
  keys->Sort();
  counters_.long_keys += keys->long_keys();
  size_t count = keys->size();
  while (count > 0 && (*keys)[count - 1].slot >= segment.end) --count;
  keys->Truncate(count);
  segment.keys = keys;
  double fit = static_cast<double>(bytes_left()) / hints_.record_bytes;
  segment.fetch = std::min({count, records_max, static_cast<size_t>(fit * kFitReserve) + 1});
  if (segment.migrating) {
    segment.values = std::make_unique<ValuesRead>(
        keys, segment.fetch, segment.migrating->migration(), ValuesBounds(), sink_);
    return;
  }
  std::vector<Endpoint> nodes;
  if (segment.found) {
    nodes = segment.found->nodes;
  } else {
    for (const KeysUnit& unit : segment.batch->units()) nodes.push_back(unit.endpoint);
  }
  segment.values =
      std::make_unique<ValuesRead>(keys, segment.fetch, std::move(nodes), ValuesBounds(), sink_);
}

// How many keys are likely to yield `records` records, judging by the page so far.
size_t ListWalk::KeysFor(size_t records) const {
  if (!options_.selective) return records;
  const double share =
      static_cast<double>(counters_.matched + 1) / static_cast<double>(counters_.examined + 1);
  return static_cast<size_t>(std::ceil(static_cast<double>(records) / share));
}

ValuesRead::Bounds ListWalk::ValuesBounds() const {
  auto portion_of = [this](double keys) {
    return std::max<size_t>(static_cast<size_t>(keys * portion_), 1);
  };
  const double part_keys = std::min(static_cast<double>(options_.values_part_keys),
                                    static_cast<double>(kValuesPartBytes) / hints_.value_bytes);
  return {.bytes_left = bytes_left(),
          .mget_keys = portion_of(static_cast<double>(MgetKeysFor(hints_.value_bytes))),
          .part_keys = portion_of(part_keys),
          .keys_only = options_.keys_only};
}

// A server that closes a connection because of too many bytes would do so again for the same
// request.
void ListWalk::LearnPortion(const ValuesRead& values, bool whole) {
  if (values.error() && values.error()->lost) {
    portion_ = std::max(portion_ * kPortionAfterLoss, kPortionMin);
  } else if (whole) {
    portion_ = std::min(portion_ * kPortionGrowth, 1.0);
  }
}

void ListWalk::CommitValues() {
  ValuesRead& values = *current_->values;
  const PageRoom page{.records = room(), .bytes = bytes_left(), .is_empty = page_records_ == 0};
  const auto* large = std::get_if<ReadLargeSlot>(&strategy_);
  const Commit commit =
      atestore::CommitValues(values.results(), page, current_->large && large && large->count > 1);
  values.TellUnreadable(commit.passed, commit.too_large);
  page_bytes_ += commit.bytes;
  page_records_ += commit.records;
  counters_.examined += commit.examined;
  counters_.matched += commit.records;
  LearnSizes(values, commit);
  std::vector<size_t> removed = values.RecordsFrom(commit.passed);
  for (const size_t key : commit.too_large) removed.push_back(values.results()[key].staged);
  const bool whole = commit.passed == current_->keys->size() && removed.empty() && !values.error();
  LearnPortion(values, whole);
  // Removing records changes the indexes of the others, so no segment may be adding to the sink.
  if (!whole && ahead_) {
    ++counters_.segments_ahead_dropped;
    Drop(ahead_, &removed);
  }
  RemoveFromSink(std::move(removed));
  if (current_->large) {
    CommitLarge(commit);
  } else {
    if (commit.page_full) page_full_ = true;
    MoveTo(PositionBehind(*position_, *current_->keys, commit.passed, current_->end));
  }
  if (values.error()) AfterFailedValues(*values.error());
  current_ = std::move(ahead_);
}

void ListWalk::AfterFailedValues(const ReadError& error) {
  if (current_->found && position_) {
    ++counters_.segments_found_stale;
    options_.key_prefetch->Forget(position_->slot);
  }
  if (page_full_) return;
  if (error.kind != ServerErrorKind::kAsk || error.slot == position_->slot) Recover(error);
}

void ListWalk::LearnSizes(const ValuesRead& values, const Commit& commit) {
  if (values.values() > 0) {
    hints_.value_bytes =
        static_cast<double>(values.value_bytes()) / static_cast<double>(values.values());
  }
  if (commit.records > 0 && !options_.keys_only) {
    hints_.record_bytes = static_cast<double>(commit.bytes) / static_cast<double>(commit.records);
  }
  hints_ = hints_.Clamped();
}

std::optional<Position> ListWalk::ExpectedEnd() const {
  if (!in_batch() || ending_ || !current_ || !current_->values) return std::nullopt;
  // The end cannot be predicted if the sink decides what goes onto the page.
  if (options_.selective) return std::nullopt;
  const Segment& last = ahead_ ? *ahead_ : *current_;
  const size_t fetch = current_->fetch + (ahead_ ? ahead_->fetch : 0);
  if (!last.values || fetch < room() || current_->values->error() || last.values->error()) {
    return std::nullopt;
  }
  if (static_cast<double>(fetch) * hints_.record_bytes > static_cast<double>(bytes_left())) {
    return std::nullopt;
  }
  const Position start =
      last.first == position_->slot ? *position_ : InSlot(last.first, SlotStart{});
  return PositionBehind(start, *last.keys, last.fetch, last.end);
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

void ListWalk::Recover(const Impediment& met, const absl::Status& why) {
  using Then = Transition::Then;
  Learn(met);
  const Transition next = atestore::Next(
      strategy_, met,
      {.per_slot_tables = reading_.per_slot_tables, .without_multi = reading_.without_multi},
      probe_variant_);
  strategy_ = next.strategy;
  const ReadError* error = std::get_if<ReadError>(&met);
  const bool redirected = error != nullptr && error->kind == ServerErrorKind::kAsk;
  const bool out_of_memory = error != nullptr && error->kind == ServerErrorKind::kOutOfMemory;
  if (out_of_memory) reading_.without_multi = true;
  bool back_off = next.then == Then::kWait;
  if (next.then == Then::kReread || next.then == Then::kRefresh) {
    back_off = ++attempts_ > kAttemptsAtOnceMax;
  }
  if ((next.then == Then::kReread || next.then == Then::kWait) && !redirected && !out_of_memory) {
    ++counters_.retakes;
  }
  if (next.then == Then::kFail) {
    pending_ = Fail{why};
  } else if (back_off || next.then == Then::kRefresh) {
    pending_ = Refresh{.back_off = back_off, .why = why};
  }
}

// Remembers what `met` says about the cluster, whatever is read next.
void ListWalk::Learn(const Impediment& met) {
  if (std::holds_alternative<ProbeExists>(met)) ++probe_variant_;
  if (std::holds_alternative<NoPerSlotTables>(met)) reading_.per_slot_tables = false;
  const ReadError* error = std::get_if<ReadError>(&met);
  if (error == nullptr) return;
  switch (error->kind) {
    case ServerErrorKind::kMoved:
      ++counters_.redirects;
      moved_[error->slot] = error->redirect;
      break;
    case ServerErrorKind::kAsk:
      ++counters_.redirects;
      break;
    case ServerErrorKind::kOutOfMemory:
      break;
    default:
      moved_.clear();
  }
}

std::optional<Endpoint> ListWalk::OwnerOf(Slot slot, const Topology& topology) const {
  auto moved = moved_.find(slot);
  if (moved != moved_.end() && !topology.IsStranger(moved->second)) return moved->second;
  const ClusterNode* owner = topology.Owner(slot);
  if (owner == nullptr) return std::nullopt;
  return owner->endpoint;
}

}  // namespace atestore
