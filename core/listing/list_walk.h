#pragma once

#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "core/key_filter.h"
#include "core/listing/commit.h"
#include "core/listing/key_prefetch.h"
#include "core/listing/keys_batch.h"
#include "core/listing/keys_plan.h"
#include "core/listing/large_slot.h"
#include "core/listing/migrating_slot.h"
#include "core/listing/request_routes.h"
#include "core/listing/strategy.h"
#include "core/listing/values_read.h"
#include "core/position.h"
#include "core/topology.h"

namespace atestore {

// About how many records one round of a page fetches: few enough for servers and client to work at
// the same time, and for other clients to get their turn in between (docs/performance.md).
inline constexpr size_t kSegmentKeys = 520;

// One page of a listing as a state machine without I/O, clock or chance. Walks slot by slot from a
// position (docs/consistency.md has the argument):
//   plan → read keys, each slot at one atomic instant on its stable owner → read their values →
//   commit: move the position behind what is on the page → plan …
// While the values of one segment of the page are read, the keys of the next one are, and then its
// values; but segments are committed in order, and one that cannot be committed whole takes those
// behind it with it. Whatever fails leaves the position where it was, so nothing is skipped. Not
// thread-safe.
class ListWalk {
 public:
  struct Options {
    KeyFilter filter;
    Position start;
    size_t page_size = 0;   // at least 1
    size_t page_bytes = 0;  // at least 1
    KeysReading reading;
    WalkHints hints;
    size_t segment_keys = kSegmentKeys;
    size_t values_part_keys = kValuesPartKeys;
    // The sink does not want everything that it is given, so that more keys than records are read.
    bool selective = false;
    // Records are keys alone, no value is asked for: a key that cannot be read is one too.
    bool keys_only = false;
    KeyHash hash = HashKey;
    // Keys that were prefetched; null: none. Must outlive the walk.
    KeyPrefetch* key_prefetch = nullptr;
  };

  // Send these, numbered from 0, feed every reply to OnReply() or OnFailure(), then call Next()
  // again. None: keys ahead are in flight, ask for More() when they have come.
  struct Send {
    std::vector<ShardRequest> requests;
  };
  // Ask the cluster for its topology, after a pause when `back_off`, then call Next() again.
  struct Refresh {
    bool back_off;
    absl::Status why;  // what to fail with when there is no time left
  };
  // The page is complete.
  struct Done {};
  // Trying again would not help.
  struct Fail {
    absl::Status status;
  };
  using Action = std::variant<Send, Refresh, Done, Fail>;

  // `sink` must outlive the walk.
  ListWalk(Options options, RecordSink* sink);

  // What to do when nothing is in flight.
  Action Next(const Topology& topology);
  // What else to send, numbered on from the last request, while other requests may still be on
  // their way: optional, after a request has all its replies.
  std::vector<ShardRequest> More(const Topology& topology);
  void OnReply(size_t request, size_t command, const ReplyView& reply);
  void OnFailure(size_t request, const absl::Status& status);

  // The slot behind those whose keys it has or has asked for.
  size_t keys_end() const;

  // Ends the page as soon as the position has moved, though not before what is in flight for it.
  void EndPage() { ending_ = true; }
  // Predicted end of the page: known as soon as the keys that fill it are. nullopt: not known yet,
  // or the page will end with the listing.
  std::optional<Position> ExpectedEnd() const;
  // Ends the page where it is: takes back what the sink got beyond. To be called when nothing is
  // in flight, and last.
  void Stop();
  // True when the page ends behind where it began, so that going on from there is progress.
  bool progressed() const { return progressed_; }
  // Where the next page begins; nothing: the listing is complete. Always valid: nothing before it
  // is missing from the pages, nothing behind it is on one.
  const std::optional<Position>& position() const { return position_; }

  // What was learnt.
  const WalkHints& hints() const { return hints_; }
  const KeysReading& reading() const { return reading_; }

  struct Counters {
    size_t redirects = 0;               // MOVED and ASK
    size_t slot_restarts = 0;           // large slots restarted for another process
    size_t retakes = 0;                 // reads thrown away because the cluster changed under them
    size_t segments_ahead = 0;          // begun while the one before was read
    size_t segments_ahead_dropped = 0;  // of them, thrown away because of the one before
    size_t segments_found = 0;          // whose keys had been looked for ahead
    size_t segments_found_stale = 0;    // of them, refused when their values were asked for
    size_t examined = 0;                // records that the sink was asked about
    size_t matched = 0;                 // of them, those on the page
    size_t long_keys = 0;  // over kListedKeyBytesMax and not listed, each time they are met
  };
  const Counters& counters() const { return counters_; }

 private:
  // A part of the page: the keys of some slots, then their values.
  struct Segment {
    size_t first = 0;      // slot
    size_t asked_end = 0;  // slots below are asked for, as far as there is an owner
    // One of these reads the keys …
    std::unique_ptr<KeysBatch> batch;
    std::unique_ptr<MigratingSlot> migrating;
    std::unique_ptr<LargeSlotScan> large;
    std::unique_ptr<KeyPrefetch::Found> found;  // … or they are here
    bool keys_taken = false;
    KeyList* keys = nullptr;  // inside of it
    size_t end = 0;           // all slots below are in keys or have nothing to list
    // … and this one the values of the first `fetch`.
    std::unique_ptr<ValuesRead> values;
    size_t fetch = 0;
    size_t sent = 0;       // requests of the step's round
    size_t in_flight = 0;  // of those, without an end

    ListingStep& step() const;
  };
  std::vector<ShardRequest> Advance(const Topology& topology);
  bool Ask(Segment& segment, std::vector<ShardRequest>* requests);
  bool Begin(const Topology& topology);
  void StartNextSegment(const Topology& topology);
  bool MayStartNextSegment() const;
  bool ReadNextValues();
  void Drop(std::unique_ptr<Segment>& segment, std::vector<size_t>* removed);
  void RemoveFromSink(std::vector<size_t> indexes);

  std::optional<Action> Plan(const Topology& topology);
  bool PlanBatch(const Topology& topology, Segment& segment, const std::optional<KeyMark>& after,
                 size_t keys);
  std::vector<KeysUnit> BatchUnits(const Topology& topology, size_t first, const KeysWanted& wanted,
                                   size_t* asked_end) const;
  bool AwaitsKeys(size_t first, size_t keys) const;
  bool TakePrefetched(Segment& segment, const std::optional<KeyMark>& after, size_t keys);
  void PlanOneSlot(const Endpoint& owner, size_t keys_max);
  void PlanMigrating(const Migration& migration);
  void PlanLarge(const Endpoint& owner, ReadLargeSlot& strategy);
  KeysBatch::Options BatchOptions(size_t first, std::optional<KeyMark> after) const;

  void ConcludeKeys();
  void ConcludeBatch();
  void DiagnoseFirstSlot();
  void ConcludeMigrating();
  void ConcludeLarge();
  void ShrinkLargeCount(double ratio);
  void TakeBatch(Segment& segment);
  void LearnDensity(const KeysBatch::Density& density);

  void ReadValues(Segment& segment, KeyList* keys, size_t records_max);
  void CommitValues();
  void CommitLarge(const Commit& commit);
  void AfterFailedValues(const ReadError& error);
  void LearnSizes(const ValuesRead& values, const Commit& commit);
  void LearnPortion(const ValuesRead& values, bool whole);
  void MoveTo(std::optional<Position> position);
  // Decides how to go on after what kept the position's slot from being read.
  void Recover(const Impediment& met, const absl::Status& why);
  void Recover(const ReadError& error) { Recover(error, error.status); }
  void Learn(const Impediment& met);
  std::optional<Endpoint> OwnerOf(Slot slot, const Topology& topology) const;
  // Of the listing.
  size_t end() const { return options_.start.end; }
  Position InSlot(size_t slot, decltype(Position::place) place) const {
    return {.slot = static_cast<Slot>(slot), .place = std::move(place), .end = end()};
  }
  size_t room() const { return records_max_ - page_records_; }
  bool in_batch() const { return std::holds_alternative<ReadBatch>(strategy_); }
  size_t KeysFor(size_t records) const;
  size_t keys_room() const { return KeysFor(room()); }
  ValuesRead::Bounds ValuesBounds() const;
  size_t bytes_left() const { return options_.page_bytes - page_bytes_; }

  const Options options_;
  RecordSink* const sink_;
  const size_t records_max_;  // that this walk may add
  std::optional<Position> position_;
  bool progressed_ = false;
  bool ending_ = false;
  bool page_full_ = false;
  size_t page_records_ = 0;  // committed
  size_t page_bytes_ = 0;    // of those

  Strategy strategy_ = ReadBatch();  // for the position's slot
  std::optional<Action> pending_;    // for Next(), before anything else is planned
  size_t attempts_ = 0;              // in a row without progress
  int probe_variant_ = 0;
  KeysReading reading_;
  WalkHints hints_;
  Counters counters_;
  std::map<Slot, Endpoint> moved_;  // learnt from MOVED; goes before the topology
  // Of the values that would be asked for at once: less after a connection was lost over them.
  double portion_ = 1;

  std::unique_ptr<Segment> current_;  // begins at the position
  std::unique_ptr<Segment> ahead_;    // begins where `current_` ends
  RequestRoutes<Segment> routes_;     // of the requests since Next()
};

}  // namespace atestore
