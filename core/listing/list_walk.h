#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "core/key_filter.h"
#include "core/listing/commit.h"
#include "core/listing/key_prefetch.h"
#include "core/listing/keys_plan.h"
#include "core/listing/request_routes.h"
#include "core/listing/segment.h"
#include "core/listing/segment_planner.h"
#include "core/listing/strategy.h"
#include "core/listing/values_read.h"
#include "core/listing/walk_knowledge.h"
#include "core/position.h"
#include "core/topology.h"

namespace atestore::inline v0 {

// About how many records one segment of a page fetches: few enough for servers and client to work
// at the same time, and for other clients to be served in between (docs/performance.md).
inline constexpr size_t kSegmentKeys = 520;

// One page of a listing as a state machine without I/O, clock or chance. Walks slot by slot from a
// position (docs/consistency.md has the argument):
//   plan → read keys, each slot at one atomic instant on its stable owner → read their values →
//   commit: move the position past what is on the page → plan …
// While one segment of the page waits for its values, the next one reads its keys and then its
// values. Segments are committed in order; if one cannot be committed whole, the next one is
// dropped. A failure leaves the position unchanged, so nothing is skipped. Not thread-safe.
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
    // The sink rejects some records, so the walk reads more keys than the page has room for.
    bool selective = false;
    // List keys without reading values: a key whose value would be unreadable is listed too.
    bool keys_only = false;
    KeyHash hash = HashKey;
    // Source of prefetched keys. Null: none. Must outlive the walk.
    KeyPrefetch* key_prefetch = nullptr;
  };

  // Send these requests, numbered from 0, pass every reply to OnReply() or OnFailure(), then call
  // Next() again. Empty: prefetched keys are still in flight. Call More() when they arrive.
  struct Send {
    std::vector<ShardRequest> requests;
  };
  // Refresh the topology, after a pause if `back_off`, then call Next() again.
  struct Refresh {
    bool back_off;
    absl::Status why;  // fail with this when no time is left
  };
  // The page is complete.
  struct Done {};
  // Retrying would not help.
  struct Fail {
    absl::Status status;
  };
  using Action = std::variant<Send, Refresh, Done, Fail>;

  // `sink` must outlive the walk.
  ListWalk(Options options, RecordSink* sink);
  ListWalk(const ListWalk&) = delete;
  ListWalk& operator=(const ListWalk&) = delete;

  // For what is requested from now on. Unless it is called, the nodes are near.
  void SetDepth(const Depth& depth) { known_.estimates.SetDepth(depth); }

  // The next action. Call it only when nothing is in flight.
  Action Next(const Topology& topology);
  // Further requests to send while others may still be in flight; their numbers continue. Calling
  // it is optional, after a request has all its replies.
  std::vector<ShardRequest> More(const Topology& topology);
  void OnReply(size_t request, size_t command, const ReplyView& reply);
  void OnFailure(size_t request, const absl::Status& status);

  // The first slot whose keys have not been read or requested.
  size_t keys_end() const;

  // Ends the page as soon as the position has moved and nothing is in flight.
  void EndPage() { ending_ = true; }
  // Predicted end of the page, known once the keys that fill the page are. nullopt: unknown, or the
  // page reaches the end of the listing.
  std::optional<Position> ExpectedEnd() const;
  // Ends the page at the current position: removes from the sink what lies beyond it. Call it only
  // when nothing is in flight, as the last call.
  void Stop();
  // True when the position has moved past the start of the page.
  bool progressed() const { return progressed_; }
  // Where the next page begins. nullopt: the listing is complete. Valid at any time: everything
  // before it is on the pages, and nothing after it is.
  const std::optional<Position>& position() const { return position_; }

  // What the walk has learned, for the next one.
  const WalkHints& hints() const { return known_.estimates.hints(); }
  const KeysReading& reading() const { return known_.reading; }

  struct Counters {
    size_t redirects = 0;                  // MOVED and ASK
    size_t slot_restarts = 0;              // large slots restarted for another process
    size_t rereads = 0;                    // reads repeated because a slot could not be read
    size_t segments_ahead = 0;             // begun while the previous one was being read
    size_t segments_ahead_dropped = 0;     // begun ahead, but dropped with the previous one
    size_t segments_prefetched = 0;        // made of prefetched keys
    size_t segments_prefetched_stale = 0;  // made of prefetched keys, but their values failed
    size_t examined = 0;                   // keys passed, except deleted ones
    size_t matched = 0;                    // records on the page
    size_t bytes = 0;                      // of these records, as its sink counts them
    size_t long_keys = 0;  // keys over kListedKeyBytesMax, not listed; repeats count again
  };
  const Counters& counters() const { return counters_; }

 private:
  std::vector<ShardRequest> Advance(const Topology& topology);
  bool Ask(Segment& segment, std::vector<ShardRequest>* requests);
  bool Begin(const Topology& topology);
  bool MayStartNextSegment() const;
  void StartNextSegment(const Topology& topology);
  bool ReadNextValues();
  void Drop(std::unique_ptr<Segment>& segment, std::vector<size_t>* removed);

  void ConcludeKeys();
  void ConcludeLarge();
  void ReadValues(Segment& segment, size_t keys_max);
  void CommitValues();
  void CommitLarge(const Commit& commit);
  void MoveTo(std::optional<Position> position);
  void Recover(const ReadObstacle& met);

  // The listing ends before this slot.
  size_t end() const { return options_.start.end; }
  size_t keys_room() const { return known_.estimates.KeysFor(room_.records); }

  const Options options_;
  RecordSink* const sink_;
  WalkKnowledge known_;
  const SegmentPlanner planner_;
  std::optional<Position> position_;
  bool progressed_ = false;
  bool ending_ = false;
  bool page_full_ = false;
  PageRoom room_;  // what is left of the page

  Strategy strategy_ = ReadBatch();  // for the position's slot
  std::optional<Action> pending_;    // Next() returns it before anything else is planned
  size_t attempts_ = 0;              // consecutive attempts without progress
  Counters counters_;

  std::unique_ptr<Segment> current_;  // begins at the position
  std::unique_ptr<Segment> ahead_;    // begins where `current_` ends
  RequestRoutes<Segment> routes_;     // for the requests since Next()
};

}  // namespace atestore::inline v0
