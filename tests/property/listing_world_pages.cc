// How a ListingWorld lists pages: one at a time, or read ahead.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

#include "core/listing/page_sequence.h"
#include "core/status.h"
#include "tests/property/listing_world.h"

namespace atestore {
namespace {

// More rounds than any honest page takes.
constexpr int kStepsMax = 5000;
// Pages that a reader has begun and not handed out.
constexpr size_t kReaderPagesMax = 3;

// Records as pairs of key and value; a value that begins with '!' cannot be read.
class PairSink final : public RecordSink {
 public:
  explicit PairSink(const ListingCase& c) : case_(c) {}

  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override {
    EXPECT_TRUE(!case_.keys_only || value.empty()) << "a value was read for " << key;
    if (value.starts_with('!')) return DataLossError("poison");
    if (!IsWanted(case_, key)) return std::nullopt;
    records.emplace_back(key, value);
    return value.size();
  }
  size_t size() const override { return records.size(); }
  void Remove(std::span<const size_t> indexes) override {
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
      records.erase(records.begin() + static_cast<std::ptrdiff_t>(*index));
    }
  }
  void OnUnreadable(std::string_view key, const absl::Status&) override {
    unreadable.emplace_back(key);
  }

  std::vector<std::pair<std::string, std::string>> records;
  std::vector<std::string> unreadable;

 private:
  const ListingCase& case_;
};

// Feeds a walk, and sends what else it wants while requests are on their way; when `patient` says
// so, only when none is, as a caller whose time is over does.
template <typename Walk>
class WalkObserver final : public ReplyObserver {
 public:
  WalkObserver(Walk& walk, const std::shared_ptr<const Topology>& topology,
               std::function<bool()> patient)
      : walk_(walk), topology_(topology), patient_(std::move(patient)) {}
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    walk_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    walk_.OnFailure(request, status);
  }
  std::vector<ShardRequest> More() override {
    if (patient_()) return {};
    return walk_.More(*topology_);
  }

 private:
  Walk& walk_;
  const std::shared_ptr<const Topology>& topology_;
  const std::function<bool()> patient_;
};

}  // namespace

// Takes the pages of a PageSequence, as a caller who is sometimes slow.
class ListingWorld::Reader final : public PageTaker {
 public:
  Reader(ListingWorld& world, const Position& start)
      : world_(world), next_(start), sequence_(world.FirstPage(start), this) {}

  // Where the page that Take() gives next begins; nothing: there is none.
  const std::optional<Position>& next() const { return next_; }
  bool is_ready() const { return !ready_.empty(); }
  PageSequence& sequence() { return sequence_; }

  WorldPage Take() {
    WorldPage page = std::move(ready_.front());
    ready_.pop_front();
    next_ = page.next;
    return page;
  }

 private:
  struct OpenPage {
    explicit OpenPage(const ListingCase& c) : sink(c) {}
    PairSink sink;
    std::shared_ptr<TruthWindow> window;
  };

  RecordSink* BeginPage() override {
    if (open_.size() + ready_.size() == kReaderPagesMax || world_.random_.Below(16) == 0) {
      return nullptr;
    }
    if (!open_.empty()) ++world_.pages_ahead_;
    open_.push_back(std::make_unique<OpenPage>(world_.options_));
    open_.back()->window = world_.OpenWindow();
    return &open_.back()->sink;
  }
  void EndPage(const std::optional<Position>& next, const ListWalk::Counters& counters) override {
    OpenPage& page = *open_.front();
    world_.CloseWindow(page.window);
    ready_.push_back({.records = std::move(page.sink.records),
                      .next = next,
                      .unreadable = std::move(page.sink.unreadable),
                      .counters = counters,
                      .window = page.window});
    open_.pop_front();
  }
  void DropPage() override {
    if (open_.size() > 1) ++world_.pages_ahead_dropped_;
    world_.CloseWindow(open_.back()->window);
    open_.pop_back();
  }

  ListingWorld& world_;
  std::optional<Position> next_;
  std::deque<std::unique_ptr<OpenPage>> open_;
  std::deque<WorldPage> ready_;
  PageSequence sequence_;
};

ListWalk::Options ListingWorld::FirstPage(const Position& start) {
  return {.filter = filter_,
          .start = start,
          .page_size = options_.page_size,
          .page_bytes = options_.page_bytes,
          .reading = {.per_slot_tables = options_.flavor != mockcluster::Flavor::kRedis70,
                      .whole_slot_keys = options_.whole_slot_keys,
                      .scan_count_max = options_.scan_count_max},
          .hints = {.keys_per_slot = static_cast<double>(random_.Below(40)) / 4,
                    .wanted_ratio = 1.0 / static_cast<double>(1 << random_.Below(12))},
          .segment_keys = options_.segment_keys,
          .values_part_keys = options_.values_part_keys,
          .selective = options_.wanted_per_8 < 8,
          .keys_only = options_.keys_only,
          .hash = HashOfBits(options_.hash_bits)};
}

template <typename Walk>
absl::Status ListingWorld::Run(Walk& walk, const std::function<bool()>& enough) {
  std::shared_ptr<const Topology> topology = FindTopology();
  WalkObserver<Walk> observer(walk, topology, [this] { return random_.Below(8) == 0; });
  int refreshes = 0;
  absl::Status why;
  walk.SetDepth(Depth::For({.microseconds = options_.round_trip_us}));
  for (int step = 0; !enough(); ++step) {
    EXPECT_LT(step, kStepsMax) << "endless page: " << options_;
    if (step >= kStepsMax) break;
    if (random_.Below(200) == 0) walk.EndPage();
    ListWalk::Action action = walk.Next(*topology);
    if (auto* send = std::get_if<ListWalk::Send>(&action)) {
      transport_->Execute(send->requests, absl::InfiniteFuture(), observer);
    } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&action)) {
      why = refresh->why;
      if (++refreshes > options_.refreshes_max) {
        walk.Stop();
        return why;
      }
      if (refresh->back_off && random_.Below(2) == 0) Rest();
      topology = FindTopology();
    } else if (auto* fail = std::get_if<ListWalk::Fail>(&action)) {
      ADD_FAILURE() << fail->status << " in " << options_;
      break;
    } else {
      break;
    }
    if (options_.churn_per_page > 0 && random_.Below(4) == 0) Churn();
  }
  return why;
}

WorldPage ListingWorld::ListPage(const Position& start) {
  return options_.read_ahead ? ReadOn(start) : ListAlone(start);
}

WorldPage ListingWorld::ListAlone(const Position& start) {
  std::shared_ptr<TruthWindow> window = OpenWindow();
  PairSink sink(options_);
  ListWalk walk(FirstPage(start), &sink);
  absl::Status why = Run(walk, [] { return false; });
  CloseWindow(window);
  return {.records = std::move(sink.records),
          .next = walk.position(),
          .unavailable = !walk.progressed(),
          .why = why,
          .unreadable = std::move(sink.unreadable),
          .counters = walk.counters(),
          .window = window};
}

WorldPage ListingWorld::ReadOn(const Position& start) {
  if (!reader_ || reader_->next() != start) reader_ = std::make_shared<Reader>(*this, start);
  absl::Status why;
  for (int tries = 0; !reader_->is_ready() && why.ok() && tries < kStepsMax; ++tries) {
    why = Run(reader_->sequence(), [this] { return reader_->is_ready(); });
  }
  if (reader_->is_ready()) return reader_->Take();
  reader_.reset();
  return {.unavailable = true, .why = why};
}

}  // namespace atestore
