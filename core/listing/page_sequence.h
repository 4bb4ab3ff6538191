#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/listing/depth.h"
#include "core/listing/key_prefetch.h"
#include "core/listing/list_walk.h"
#include "core/listing/request_routes.h"

namespace atestore::inline v0 {

// Sizes for a PageSequence (docs/performance.md). A page of 1,000 is one segment with four parts of
// values: the work on the next page provides the overlap.
inline constexpr size_t kReaderSegmentKeys = 1040;
inline constexpr size_t kReaderPartKeys = 256;

// About the most requests that one round of a PageSequence sends.
inline constexpr size_t kRoundRequestsMax = 256;

// Receives the pages of a PageSequence. It owns the sinks.
class PageTaker {
 public:
  virtual ~PageTaker() = default;
  // Returns an empty sink for one more page, or null to accept no page now.
  virtual RecordSink* BeginPage() = 0;
  // The oldest begun page is complete. `next`: where the next page begins. nullopt: this was the
  // last page.
  virtual void EndPage(const std::optional<Position>& next, const ListWalk::Counters& counters) = 0;
  // The page begun last is cancelled.
  virtual void DropPage() = 0;
};

// The pages of a listing, one after the other, as a state machine without I/O, clock or chance.
// Every page is one ListWalk, which starts where the previous page ended. It starts as soon as that
// end can be predicted, so that nodes search for its keys while the previous page's values are in
// flight: one page ahead, more where the nodes are far (Depth). A wrong prediction only wastes what
// was read for it. If few of the keys are wanted or the nodes are far, keys are read ahead of the
// pages (KeyPrefetch). Not thread-safe.
class PageSequence {
 public:
  // `options` are those of the first page; later pages differ in `start`, `hints` and `reading`.
  // `taker` must outlive the sequence.
  PageSequence(ListWalk::Options options, PageTaker* taker);
  PageSequence(const PageSequence&) = delete;
  PageSequence& operator=(const PageSequence&) = delete;

  // As in ListWalk.
  void SetDepth(const Depth& depth);

  // As in ListWalk. Done: the listing is complete, or the taker accepts no further page now.
  ListWalk::Action Next(const Topology& topology);
  std::vector<ShardRequest> More(const Topology& topology);
  void OnReply(size_t request, size_t command, const ReplyView& reply);
  void OnFailure(size_t request, const absl::Status& status);

  // Ends the oldest page as soon as its position has moved.
  void EndPage();
  // Ends the oldest page at its position if that has moved, and cancels the others. Call it only
  // when nothing is in flight, as the last call.
  void Stop();
  // True when the position of the oldest page has moved, so that the page can end there.
  bool progressed() const { return !pages_.empty() && pages_.front()->walk.progressed(); }
  // How far the listing has progressed. nullopt: it is complete.
  const std::optional<Position>& position() const {
    return pages_.empty() ? position_ : pages_.front()->walk.position();
  }
  // What the pages have learned.
  const WalkHints& hints() const { return options_.hints; }
  const KeysReading& reading() const { return options_.reading; }

 private:
  // A source of requests, to which their replies go.
  struct Asker {
    virtual ~Asker() = default;
    virtual void OnReply(size_t request, size_t command, const ReplyView& reply) = 0;
    virtual void OnFailure(size_t request, const absl::Status& status) = 0;

    size_t sent = 0;
    size_t in_flight = 0;
  };
  struct Page final : Asker {
    Page(const ListWalk::Options& options, RecordSink* sink)
        : start(options.start), walk(options, sink) {}
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      walk.OnReply(request, command, reply);
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      walk.OnFailure(request, status);
    }

    const Position start;
    ListWalk walk;
    std::optional<ListWalk::Action> outcome;  // the action that the walk needs before it can go on
  };
  struct Keys final : Asker {
    Keys(const KeyFilter* filter, KeyHash hash, size_t end) : ahead(filter, hash, end) {}
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      ahead.OnReply(request, command, reply);
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      ahead.OnFailure(request, status);
    }

    KeyPrefetch ahead;
  };

  std::vector<ShardRequest> Advance(const Topology& topology);
  bool Ask(Page& page, const Topology& topology, std::vector<ShardRequest>* requests);
  bool Begin(const Position& start);
  bool StartNextPage();
  void DropLastPage();
  void Prefetch(const Topology& topology, std::vector<ShardRequest>* requests);
  void Learn();
  void Conclude();

  ListWalk::Options options_;
  PageTaker* const taker_;
  std::optional<Position> position_;  // the end of the last complete page
  // The first begins at `position_`, each other one at the predicted end of the one before it.
  std::deque<std::unique_ptr<Page>> pages_;
  Depth depth_;
  Keys keys_;                    // prefetched for later pages
  RequestRoutes<Asker> routes_;  // for the requests since Next()
};

}  // namespace atestore::inline v0
