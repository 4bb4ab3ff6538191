// The pages of a listing from a cluster that lies, to a taker that does not take every page.
// Oracles: those of a single page (list_walk_fuzz.cc) for each; every page that is begun is ended
// or dropped, in order; no page is begun more than one ahead; a cluster that is down is soon
// left alone; and stopping moves nothing.
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/listing/page_sequence.h"
#include "fuzz/byte_source.h"
#include "fuzz/listing_driver.h"
#include "fuzz/lying_server.h"
#include "fuzz/require.h"

namespace {

using atestore::KeyFilter;
using atestore::ListWalk;
using atestore::PageSequence;
using atestore::Position;
using atestore::ShardRequest;
using atestore::Topology;
using atestore::fuzz::Answered;
using atestore::fuzz::AnswerOrder;
using atestore::fuzz::ByteSource;
using atestore::fuzz::CheckPosition;
using atestore::fuzz::kActionsMax;
using atestore::fuzz::kActionsToEndMax;
using atestore::fuzz::LyingServer;
using atestore::fuzz::PageSink;
using atestore::fuzz::Require;

constexpr uint64_t kStartsNearTheEnd = 3;
// A sequence is one page ahead.
constexpr size_t kPagesOpenMax = 2;
// The driver gives up at one in so many actions, and is in a hurry at one in so many.
constexpr uint64_t kActionsToGivingUp = 48;
constexpr uint64_t kActionsToHurry = 8;
// One in so many pages is refused.
constexpr uint64_t kPagesToRefusal = 6;
// A round of a cluster that is down sends no more than this after its first requests: what is left
// of values and of names to look for ahead.
constexpr size_t kRequestsWhileDownMax = 64;
constexpr uint64_t kSegmentNamesMost = 4096;
constexpr uint64_t kScanCountFew = 16;

class Taker final : public atestore::PageTaker {
 public:
  Taker(ByteSource& source, const ListWalk::Options& options)
      : source_(source), options_(options), next_(options.start) {}

  atestore::RecordSink* BeginPage() override {
    Require(next_.has_value(), "there is no page behind the last one");
    if (over_ || source_.Number(kPagesToRefusal - 1) == 1) {
      refused_ = true;
      return nullptr;
    }
    Require(open_.size() < kPagesOpenMax, "one page at most is begun ahead");
    return &open_.emplace_back(options_.filter);
  }
  void EndPage(const std::optional<Position>& next, const ListWalk::Counters& counters) override {
    Require(!open_.empty(), "a page that ends was begun");
    const PageSink& page = open_.front();
    Require(page.size() <= options_.page_size, "a page holds no more than asked for");
    Require(page.bytes() <= options_.page_bytes, "a page is no larger than allowed");
    CheckPosition(next_, next);
    // But a cursor may be said to come behind itself, and is given up in another process.
    const bool may_stay = counters.slot_restarts > 0 ||
                          (next && std::holds_alternative<atestore::InSlotCursor>(next->place));
    Require(next != next_ || may_stay, "a page that is complete got somewhere");
    next_ = next;
    open_.pop_front();
  }
  void DropPage() override {
    Require(!open_.empty(), "a page that is dropped was begun");
    open_.pop_back();
  }

  // Takes no more pages.
  void Close() { over_ = true; }
  // Whether a page was refused since the last time.
  bool TakeRefused() { return std::exchange(refused_, false); }
  size_t pages_open() const { return open_.size(); }
  // Where the page behind the last complete one begins.
  const std::optional<Position>& next() const { return next_; }

 private:
  ByteSource& source_;
  const ListWalk::Options& options_;
  std::deque<PageSink> open_;
  std::optional<Position> next_;
  bool over_ = false;
  bool refused_ = false;
};

// Mostly so that pages can be foretold; and often so that names are looked for ahead.
ListWalk::Options ReadPageOptions(ByteSource& source, const KeyFilter& filter,
                                  const Position& start) {
  ListWalk::Options options = atestore::fuzz::ReadOptions(source, filter, start);
  options.hints.record_bytes = static_cast<double>(1 + source.Byte() % 64) / 8;
  if (source.Flag()) options.segment_keys = 1 + source.Number(kSegmentNamesMost);
  if (source.Flag()) options.reading.whole_slot_keys = atestore::kWholeSlotKeys;
  if (source.Flag()) options.reading.scan_count_max = 1 + source.Number(kScanCountFew);
  return options;
}

// Whether a page came from `start` to `end` without progress: the cursor of another server process
// is given up for the start of its slot.
bool GivesUpCursor(const std::optional<Position>& start, const std::optional<Position>& end) {
  return start && end && start->slot == end->slot &&
         std::holds_alternative<atestore::InSlotCursor>(start->place);
}

void CheckStop(PageSequence& sequence, const Taker& taker) {
  const std::optional<Position> before = sequence.position();
  sequence.Stop();
  Require(taker.pages_open() == 0, "no page is left open");
  Require(sequence.position() == taker.next(), "a listing goes on behind its last page");
  Require(taker.next() == before || GivesUpCursor(taker.next(), before), "stopping moves nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  const KeyFilter filter = source.Flag() ? KeyFilter::ActorsOf("a") : KeyFilter::AllActors();
  const Position start = atestore::fuzz::ReadStart(source, kStartsNearTheEnd);
  const ListWalk::Options options = ReadPageOptions(source, filter, start);
  Taker taker(source, options);
  PageSequence sequence(options, &taker);
  Answered answered(sequence);
  LyingServer::Options manners{.near_the_end = source.Flag()};
  const uint64_t drawn = source.Number(7);
  manners.mostly_honest = drawn % 4 > 0;
  const AnswerOrder order{.per_node = true, .newest_first = drawn >= 4};
  LyingServer server(source, manners);
  Topology topology = server.MakeTopology();
  for (int action = 0;; ++action) {
    Require(action < kActionsMax + kActionsToEndMax, "a listing ends");
    const bool over = action >= kActionsMax || source.empty();
    if (over) taker.Close();
    if (!over && source.Number(kActionsToGivingUp - 1) == 1) break;
    if (over || source.Number(kActionsToHurry - 1) == 1) sequence.EndPage();
    taker.TakeRefused();
    const std::optional<Position> before = sequence.position();
    ListWalk::Action next = sequence.Next(topology);
    CheckPosition(before, sequence.position());
    CheckPosition(taker.next(), sequence.position());
    if (auto* send = std::get_if<ListWalk::Send>(&next)) {
      Require(!send->requests.empty(), "a round asks for something");
      const bool is_down = source.empty() && server.is_down_in_the_end();
      const size_t at_first = send->requests.size();
      const std::vector<ShardRequest> sent = atestore::fuzz::AnswerAll(
          std::move(send->requests), topology, source, server, answered, order);
      Require(!is_down || sent.size() <= at_first + kRequestsWhileDownMax,
              "a cluster that is down is soon left alone");
    } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&next)) {
      Require(!refresh->why.ok(), "a refresh says why");
      if (over && refresh->back_off) break;
      // An old view is better than none.
      if (source.Number(7) != 1) topology = server.MakeTopology();
    } else if (auto* fail = std::get_if<ListWalk::Fail>(&next)) {
      Require(!fail->status.ok(), "a failure is one");
      break;
    } else {
      Require(taker.pages_open() == 0, "no page is open when the sequence is done");
      if (!sequence.position()) break;
      Require(taker.TakeRefused(), "a listing goes on as long as its pages are taken");
      if (over) break;
    }
  }
  CheckStop(sequence, taker);
  return 0;
}
