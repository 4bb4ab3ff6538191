#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/listing/key_prefetch.h"
#include "core/listing/list_walk.h"
#include "core/listing/request_routes.h"

namespace atestore {

// What suits a PageSequence (docs/performance.md): a page of 1,000 is one segment, whose values are
// four parts, as the next page takes care of the overlap.
inline constexpr size_t kReaderSegmentKeys = 1040;
inline constexpr size_t kReaderPartKeys = 256;

// A round of a PageSequence sends no more than about so many requests.
inline constexpr size_t kRoundRequestsMax = 256;

// Where the pages of a PageSequence go. Sinks belong to the taker.
class PageTaker {
 public:
  virtual ~PageTaker() = default;
  // An empty sink for one more page; null: not now.
  virtual RecordSink* BeginPage() = 0;
  // The oldest page that was begun is complete. `next`: where the one behind it begins; nothing:
  // it was the last.
  virtual void EndPage(const std::optional<Position>& next, const ListWalk::Counters& counters) = 0;
  // The youngest page that was begun is not to be.
  virtual void DropPage() = 0;
};

// The pages of a listing, one after the other, as a state machine without I/O, clock or chance.
// Every page is one ListWalk, from where the one before it ended. The next page begins as soon as
// that place can be predicted, so that nodes look for its keys while the values of the one before
// are in flight. A wrong prediction costs what was read for it, nothing else. Where few of the keys
// are wanted, all nodes look for keys ahead of the pages. Not thread-safe.
class PageSequence {
 public:
  // `options`: of the first page; the others differ in `start` and in what was learnt. `taker` must
  // outlive the sequence.
  PageSequence(ListWalk::Options options, PageTaker* taker);
  PageSequence(const PageSequence&) = delete;
  PageSequence& operator=(const PageSequence&) = delete;

  // As in ListWalk. Done: the listing is complete, or the taker does not take another page now.
  ListWalk::Action Next(const Topology& topology);
  std::vector<ShardRequest> More(const Topology& topology);
  void OnReply(size_t request, size_t command, const ReplyView& reply);
  void OnFailure(size_t request, const absl::Status& status);

  // Ends the oldest page as soon as its position has moved.
  void EndPage();
  // Ends it where it is, if it got anywhere. To be called when nothing is in flight, and last.
  void Stop();
  // True when the oldest page got anywhere, so that it can end where it is.
  bool progressed() const { return current_ && current_->walk.progressed(); }
  // How far the listing has got; nothing: it is complete.
  const std::optional<Position>& position() const {
    return current_ ? current_->walk.position() : position_;
  }
  // What was learnt.
  const WalkHints& hints() const { return options_.hints; }
  const KeysReading& reading() const { return options_.reading; }

 private:
  // What requests are for.
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
    std::optional<ListWalk::Action> outcome;  // what it cannot go on without
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
  std::unique_ptr<Page> Begin(const Position& start);
  void StartNextPage();
  void Prefetch(const Topology& topology, std::vector<ShardRequest>* requests);
  void Learn();
  void Conclude();

  ListWalk::Options options_;
  PageTaker* const taker_;
  std::optional<Position> position_;  // behind the last complete page
  std::unique_ptr<Page> current_;     // begins there
  std::unique_ptr<Page> ahead_;       // begins where `current_` is expected to end
  Keys keys_;                         // of slots that pages will come to
  RequestRoutes<Asker> routes_;       // of the requests since Next()
};

}  // namespace atestore
