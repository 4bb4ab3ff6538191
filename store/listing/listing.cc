#include "store/listing/listing.h"

#include <algorithm>
#include <limits>

#include "store/listing/walk_run.h"

namespace atestore::inline v0 {
namespace {

// Records at a time when everything is wanted.
constexpr size_t kListAllPageSize = 10'000;
constexpr size_t kListAllPageBytes = size_t{64} << 20;

// Keys at a time where nothing but keys is read.
constexpr size_t kKeysOnlySegment = 4000;

std::string KindOf(const ListingRequest& request) {
  return request.filter.Pattern() + request.variant;
}

// A reader whose pages each have a budget of their own.
class BudgetedPages final : public PageTaker {
 public:
  BudgetedPages(WalkRun& run, ListingReader& reader) : run_(run), reader_(reader) {}

  RecordSink* BeginPage() override { return reader_.BeginPage(); }
  void EndPage(const std::optional<Position>& next, const ListWalk::Counters& counters) override {
    run_.BeginPage();
    reader_.EndPage(next, counters);
  }
  void DropPage() override { reader_.DropPage(); }

 private:
  WalkRun& run_;
  ListingReader& reader_;
};

}  // namespace

absl::StatusOr<ListingEnd> Listing::ListPage(const ListingRequest& request, RecordSink& sink,
                                             const CallOptions& call) {
  ShardTransport& transport = request.bulk ? bulk_transport_ : client_.transport();
  WalkRun run(client_, transport, call, work_budget_);
  absl::StatusOr<ListWalk::Options> options = FirstPage(request, run);
  if (!options.ok()) return options.status();
  std::shared_ptr<const Topology> topology = run.topology();
  ListWalk walk(*std::move(options), &sink);
  absl::Status status = run.Run(walk, round_trip_);
  if (!status.ok() && (!walk.progressed() || absl::IsCancelled(status))) return status;
  Learn(topology, request, walk);
  return ListingEnd{.next = walk.position(), .counters = walk.counters()};
}

absl::Status Listing::ListPages(const ListingRequest& request, ListingReader& reader,
                                const CallOptions& call) {
  WalkRun run(client_, bulk_transport_, call, work_budget_);
  absl::StatusOr<ListWalk::Options> options = FirstPage(request, run);
  if (!options.ok()) return options.status();
  std::shared_ptr<const Topology> topology = run.topology();
  options->segment_keys = std::max(options->segment_keys, kReaderSegmentKeys);
  options->values_part_keys = kReaderPartKeys;
  BudgetedPages pages(run, reader);
  PageSequence sequence(*std::move(options), &pages);
  while (sequence.position() && reader.WaitForRoom()) {
    run.BeginPage();
    if (absl::Status status = run.Run(sequence, round_trip_); !status.ok()) return status;
    Learn(topology, request, sequence);
  }
  sequence.Stop();
  return absl::OkStatus();
}

absl::StatusOr<ListWalk::Options> Listing::FirstPage(const ListingRequest& request, WalkRun& run) {
  if (absl::Status status = run.FindCluster(); !status.ok()) return status;
  ServerTraits traits = traits_.Get(run.topology(), KindOf(request), run.AttemptDeadline());
  ListWalk::Options options{.filter = request.filter,
                            .start = request.start,
                            .page_size = request.page_size,
                            .page_bytes = request.page_bytes,
                            .reading = {.per_slot_tables = traits.per_slot_tables},
                            .hints = traits.hints,
                            .selective = request.selective,
                            .keys_only = request.keys_only};
  if (request.bulk) {
    options.segment_keys = kReaderSegmentKeys;
    options.values_part_keys = kReaderPartKeys;
  }
  if (request.keys_only) options.segment_keys = kKeysOnlySegment;
  return options;
}

template <typename Walk>
void Listing::Learn(const std::shared_ptr<const Topology>& topology, const ListingRequest& request,
                    const Walk& walk) {
  traits_.Learn(topology, KindOf(request),
                {.per_slot_tables = walk.reading().per_slot_tables, .hints = walk.hints()},
                /*whole_records=*/!request.parts_of_records);
}

absl::Status Listing::ListAll(ListingRequest request, RecordSink& sink,
                              const std::function<bool()>& enough, const CallOptions& call) {
  if (request.page_bytes == 0) request.page_bytes = kListAllPageBytes;
  while (!enough()) {
    request.page_size = sink.size() + kListAllPageSize;
    absl::StatusOr<ListingEnd> page = ListPage(request, sink, call);
    if (!page.ok()) return page.status();
    if (!page->next) break;
    request.start = *page->next;
  }
  return absl::OkStatus();
}

ListingCounters CountersOf(const ListWalk::Counters& counters) {
  return {.redirects = counters.redirects,
          .slot_restarts = counters.slot_restarts,
          .rereads = counters.rereads,
          .segments_ahead = counters.segments_ahead,
          .segments_ahead_dropped = counters.segments_ahead_dropped,
          .segments_prefetched = counters.segments_prefetched,
          .segments_prefetched_stale = counters.segments_prefetched_stale,
          .examined = counters.examined,
          .matched = counters.matched};
}

double ProgressOf(const std::optional<Position>& position) {
  if (!position) return 1;
  double in_slot = 0;
  if (const auto* after = std::get_if<AfterKey>(&position->place)) {
    in_slot = static_cast<double>(after->mark.hash) /
              static_cast<double>(std::numeric_limits<uint64_t>::max());
  }
  return (position->slot + in_slot) / static_cast<double>(kSlotCount);
}

}  // namespace atestore::inline v0
