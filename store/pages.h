#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"

// What listings return: pages, readers that return one page after another, and ranges of actors.
namespace atestore::inline v0 {

// The work behind a page or a count.
struct ListingCounters {
  size_t redirects = 0;                  // MOVED and ASK
  size_t slot_restarts = 0;              // large slots restarted for another process
  size_t rereads = 0;                    // reads thrown away because the cluster changed under them
  size_t segments_ahead = 0;             // parts of a page begun while the one before was read
  size_t segments_ahead_dropped = 0;     // of them, thrown away because of the one before
  size_t segments_prefetched = 0;        // whose keys had been looked for ahead
  size_t segments_prefetched_stale = 0;  // of them, refused when their values were asked for
  size_t examined = 0;                   // records that were looked at
  size_t matched = 0;                    // of them, those on the page
};

// Response: the message of a listing.
template <typename Response>
struct RecordPage {
  Response response;
  double progress = 0;  // 0 … 1: the part of the slot space that lies behind the page's end
  int64_t skipped_records = 0;  // unreadable records met by this call
  ListingCounters counters;     // of the work behind it
};
using ActorPage = RecordPage<ateapi::ListActorsResponse>;
using AtespacePage = RecordPage<ateapi::ListAtespacesResponse>;
using WorkerPage = RecordPage<ateapi::ListWorkersResponse>;

// A list of atespaces or workers that is asked for without pages may have this much serialized
// protobuf: about half a million atespaces, 80,000 workers.
inline constexpr size_t kWholeListBytesMax = size_t{16} << 20;

// A part of a count.
struct ActorCounts {
  ateapi::CountActorsResponse response;
  double progress = 0;
  int64_t skipped_records = 0;  // unreadable records, which count nothing
  ListingCounters counters;
};

// A CountActors call looks at no more actors than this.
inline constexpr size_t kCountRecordsMax = 200'000;

// The pages of one listing, in order, read ahead: while the caller works on a page, the next ones
// are in flight. Not thread-safe; belongs to the store that made it, which must outlive it.
template <typename Page>
class PageReader {
 public:
  // Cancels what is in flight, which takes a round trip, or about two seconds when a node hangs.
  virtual ~PageReader() = default;
  // The page that the ListActors() call with the last one's next_page_token would return, and its
  // errors. What a page says was true at some time since it was begun, which is at most four pages
  // before it is asked for. A page without next_page_token is the last one; after it
  // FAILED_PRECONDITION. After an error, always that error: start again with the last token.
  absl::StatusOr<Page> Next() { return NextInto(Page()); }

 private:
  friend struct Recycling;  // store/advanced.h
  virtual absl::StatusOr<Page> NextInto(Page recycled) = 0;
};
using ActorReader = PageReader<ActorPage>;

// The most parts that PartitionActors() makes, and that a WidePageReader reads at a time.
inline constexpr int32_t kPartitionsMax = 1024;
inline constexpr size_t kReaderWidthMax = 64;

struct WideRead {
  // What is left of the listing, as page_tokens() of a former reader or PartitionActors() tells.
  // Empty: request.page_token, or everything.
  std::vector<std::string> page_tokens = {};
  // Parts to read at the same time, at most kReaderWidthMax; 0: as many as there are primaries.
  // Each takes up to four pages of memory and two threads.
  size_t width = 0;
  // Next() returns at most about so many actors or keys a second, over a second or two, and little
  // more is read ahead; 0: no limit.
  int64_t records_per_second_max = 0;
};

// The pages of a listing that is read in several parts at once, in the order of their arrival. Not
// thread-safe; belongs to the store that made it, which must outlive it.
template <typename Page>
class WidePageReader {
 public:
  virtual ~WidePageReader() = default;
  // The next page of any part. Its next_page_token is that of the part; the listing is complete
  // when page_tokens() is empty, and Next() is FAILED_PRECONDITION then. After an error, always
  // that error: start again with page_tokens().
  absl::StatusOr<Page> Next() { return NextInto(Page()); }
  // What is left behind the pages that Next() has returned: everything that they do not hold, each
  // actor in one of the tokens. A listing goes on with any width, in any process.
  virtual std::vector<std::string> page_tokens() const = 0;

 private:
  friend struct Recycling;  // store/advanced.h
  virtual absl::StatusOr<Page> NextInto(Page recycled) = 0;
};
using WideActorReader = WidePageReader<ActorPage>;

// All actors of a listing, for one loop:
//
//   ActorRange actors = store->Actors(request);
//   for (absl::StatusOr<ateapi::Actor>& actor : actors) {
//     if (!actor.ok()) return actor.status();  // the last element
//     Use(*actor);
//   }
//
// An input range over the pages of an ActorReader: it can be walked once, and the element of one
// step is gone with the next. An element that is an error is the last one. Not thread-safe; the
// store must outlive it.
class ActorRange {
 public:
  class Iterator;

  ActorRange(ActorRange&&) noexcept;
  ActorRange& operator=(ActorRange&&) noexcept;
  // Cancels what is in flight, as ~PageReader() does.
  ~ActorRange();

  // Reads the first element. To be called once.
  Iterator begin();
  static std::default_sentinel_t end() { return std::default_sentinel; }

  // Where to go on, in any process: the page_token of a request with the same atespace and filter.
  // After an error, nothing is repeated. In the middle of a page it is the token of that page, so
  // up to a page of actors (page_size) comes again. "" is the beginning, nullopt the end: the
  // listing is complete.
  std::optional<std::string> page_token() const;
  // Unreadable records met so far, which are not among the elements.
  int64_t skipped_records() const;

 private:
  friend class ActorStore;
  struct State;
  // `reader`, or why there is none. `page_token`: where it begins.
  ActorRange(absl::StatusOr<std::unique_ptr<ActorReader>> reader, std::string page_token);

  std::unique_ptr<State> state_;
};

// Belongs to its range, which may be moved meanwhile.
class ActorRange::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = absl::StatusOr<ateapi::Actor>;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  // The element may be moved from.
  value_type& operator*() const;
  value_type* operator->() const { return &**this; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& iterator, std::default_sentinel_t) {
    return iterator.IsAtEnd();
  }

 private:
  friend class ActorRange;
  explicit Iterator(State* state) : state_(state) {}
  bool IsAtEnd() const;

  State* state_ = nullptr;
};

}  // namespace atestore::inline v0
