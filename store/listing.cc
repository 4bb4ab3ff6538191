#include "store/listing.h"

#include <algorithm>
#include <limits>

namespace atestore {
namespace {

// What is kept of a deadline for sending the page back.
constexpr double kDeadlineMargin = 0.2;
constexpr absl::Duration kDeadlineMarginMax = absl::Milliseconds(100);

// Records at a time when everything is wanted.
constexpr size_t kListAllPageSize = 10'000;
constexpr size_t kListAllPageBytes = size_t{64} << 20;

// The page of one walk, run to its end.
class PageRun {
 public:
  PageRun(ClusterClient& client, const CallOptions& call, absl::Time end_of_work)
      : client_(client),
        pacer_(client.clock(), call, client.NextRetryOptions()),
        end_of_work_(end_of_work) {}

  // Gets a first view of the cluster.
  absl::Status FindCluster() {
    topology_ = client_.topology();
    while (topology_ == nullptr) {
      if (absl::Status status = RefreshTopology(); !status.ok()) {
        if (!absl::IsUnavailable(status)) return status;
        if (absl::Status wait = pacer_.WaitAfter(status); !wait.ok()) return wait;
      }
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<const Topology>& topology() const { return topology_; }
  absl::Time AttemptDeadline() const { return pacer_.AttemptDeadline(); }

  // OK when the page is complete; else why it could not go on.
  absl::Status Run(ListWalk& walk) {
    Observer observer(*this, walk);
    std::optional<Position> position = walk.position();
    for (;;) {
      if (absl::Status status = pacer_.CheckCall(); !status.ok()) return status;
      if (client_.clock().Now() >= end_of_work_) walk.EndPage();
      ListWalk::Action action = walk.Next(*topology_);
      if (walk.position() != position) {
        position = walk.position();
        pacer_.OnProgress();
      }
      if (auto* send = std::get_if<ListWalk::Send>(&action)) {
        client_.transport().Execute(send->requests, pacer_.AttemptDeadline(), observer);
      } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&action)) {
        if (absl::Status status = Refresh(*refresh); !status.ok()) return status;
      } else if (auto* fail = std::get_if<ListWalk::Fail>(&action)) {
        return WithStoreReason(fail->status);
      } else {
        return absl::OkStatus();
      }
    }
  }

 private:
  // Feeds the walk, and lets it go on without waking the caller as long as there is time.
  class Observer final : public ReplyObserver {
   public:
    Observer(const PageRun& run, ListWalk& walk) : run_(run), walk_(walk) {}
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      walk_.OnReply(request, command, reply);
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      walk_.OnFailure(request, status);
    }
    std::vector<ShardRequest> More() override {
      if (!run_.MayGoOn()) return {};
      return walk_.More(*run_.topology_);
    }

   private:
    const PageRun& run_;
    ListWalk& walk_;
  };

  bool MayGoOn() const { return client_.clock().Now() < end_of_work_ && pacer_.CheckCall().ok(); }

  absl::Status Refresh(const ListWalk::Refresh& refresh) {
    if (refresh.back_off) {
      if (absl::Status status = pacer_.WaitAfter(refresh.why); !status.ok()) return status;
    }
    absl::Status status = RefreshTopology();
    // An old view is better than none; the walk finds out.
    return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? absl::OkStatus()
                                                                           : status;
  }

  absl::Status RefreshTopology() {
    absl::StatusOr<std::shared_ptr<const Topology>> fresh =
        client_.Refresh(topology_.get(), pacer_.AttemptDeadline());
    if (!fresh.ok()) return fresh.status();
    topology_ = *std::move(fresh);
    return absl::OkStatus();
  }

  ClusterClient& client_;
  RetryPacer pacer_;
  const absl::Time end_of_work_;
  std::shared_ptr<const Topology> topology_;
};

}  // namespace

absl::StatusOr<ListingEnd> Listing::ListPage(const ListingRequest& request, RecordSink& sink,
                                             const CallOptions& call) {
  PageRun run(client_, call, EndOfWork(call));
  if (absl::Status status = run.FindCluster(); !status.ok()) return status;
  const std::string pattern = request.filter.Pattern();
  ServerTraits traits = traits_.Get(run.topology(), pattern, run.AttemptDeadline());
  ListWalk walk({.filter = request.filter,
                 .start = request.start,
                 .page_size = request.page_size,
                 .page_bytes = request.page_bytes,
                 .per_slot_tables = traits.per_slot_tables,
                 .hints = traits.hints},
                &sink);
  std::shared_ptr<const Topology> topology = run.topology();
  absl::Status status = run.Run(walk);
  if (!status.ok() && (!walk.progressed() || absl::IsCancelled(status))) return status;
  traits_.Learn(topology, pattern,
                {.per_slot_tables = walk.per_slot_tables(), .hints = walk.hints()});
  return ListingEnd{.next = walk.position(), .counters = walk.counters()};
}

absl::Status Listing::ListAll(const KeyFilter& filter, RecordSink& sink,
                              const std::function<bool()>& enough, const CallOptions& call) {
  ListingRequest request{.filter = filter, .page_bytes = kListAllPageBytes};
  while (!enough()) {
    request.page_size = sink.size() + kListAllPageSize;
    absl::StatusOr<ListingEnd> page = ListPage(request, sink, call);
    if (!page.ok()) return page.status();
    if (!page->next) break;
    request.start = *page->next;
  }
  return absl::OkStatus();
}

absl::Time Listing::EndOfWork(const CallOptions& call) const {
  absl::Time now = client_.clock().Now();
  if (call.deadline == absl::InfiniteFuture()) return now + work_budget_;
  absl::Duration margin = std::min((call.deadline - now) * kDeadlineMargin, kDeadlineMarginMax);
  return std::min(now + work_budget_, call.deadline - margin);
}

double ProgressOf(const std::optional<Position>& position) {
  if (!position) return 1;
  double in_slot = 0;
  if (const auto* after = std::get_if<AfterName>(&position->place)) {
    in_slot = static_cast<double>(after->mark.hash) /
              static_cast<double>(std::numeric_limits<uint64_t>::max());
  }
  return (position->slot + in_slot) / static_cast<double>(kSlotCount);
}

}  // namespace atestore
