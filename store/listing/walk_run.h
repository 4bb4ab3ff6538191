#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/listing/list_walk.h"
#include "store/cluster/cluster_client.h"
#include "store/cluster/retry_pacer.h"
#include "store/listing/round_trip_estimate.h"
#include "store/options.h"
#include "store/shard_transport.h"

namespace atestore::inline v0 {

// What is kept of a deadline for sending the page back.
inline constexpr double kDeadlineMargin = 0.2;
inline constexpr absl::Duration kDeadlineMarginMax = absl::Milliseconds(100);
// The part of a page's time after which it begins no more work. The rest is for what is in flight,
// of which a hung node may never answer.
inline constexpr double kNewWorkShare = 0.8;

// Runs a ListWalk or PageSequence over a cluster: sends what it asks for, refreshes the topology,
// waits, and watches the clock. Not thread-safe; all that it is made of must outlive it.
class WalkRun {
 public:
  // `transport`: where the walk's requests go, the client's own or one over it.
  WalkRun(ClusterClient& client, ShardTransport& transport, const CallOptions& call,
          absl::Duration work_budget)
      : client_(client),
        transport_(transport),
        call_(call),
        pacer_(client.clock(), call, client.NextRetryOptions()),
        work_budget_(work_budget) {
    BeginPage();
  }

  // A page that got anywhere ends after the budget, or shortly before the call's deadline, whatever
  // is in flight for it then. Its retries have a budget of their own too.
  void BeginPage() {
    pacer_.OnProgress();
    const absl::Time now = client_.clock().Now();
    end_of_page_ = now + work_budget_;
    if (call_.deadline != absl::InfiniteFuture()) {
      absl::Duration margin =
          std::min((call_.deadline - now) * kDeadlineMargin, kDeadlineMarginMax);
      end_of_page_ = std::min(end_of_page_, call_.deadline - margin);
    }
    end_of_work_ = now + (end_of_page_ - now) * kNewWorkShare;
  }

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

  // OK when it is done; else why it could not go on. Tells the walk how far the nodes are, and adds
  // to what is known about that.
  template <typename Walk>
  absl::Status Run(Walk& walk, RoundTripEstimate& round_trip) {
    absl::Status status = RunOn(walk, round_trip);
    if (!status.ok()) walk.Stop();
    return status;
  }

 private:
  template <typename Walk>
  absl::Status RunOn(Walk& walk, RoundTripEstimate& round_trip) {
    Observer<Walk> observer(*this, walk, round_trip);
    std::optional<Position> position = walk.position();
    for (;;) {
      if (absl::Status status = pacer_.CheckCall(); !status.ok()) return status;
      if (client_.clock().Now() >= end_of_work_) walk.EndPage();
      walk.SetDepth(Depth::For(round_trip.Get()));
      ListWalk::Action action = walk.Next(*topology_);
      if (walk.position() != position) {
        position = walk.position();
        pacer_.OnProgress();
      }
      if (auto* send = std::get_if<ListWalk::Send>(&action)) {
        end_of_round_ = client_.clock().Now() + work_budget_;
        observer.BeginRound(send->requests.size());
        transport_.Execute(send->requests, pacer_.AttemptDeadline(), observer);
      } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&action)) {
        if (absl::Status status = Refresh(*refresh); !status.ok()) return status;
      } else if (auto* fail = std::get_if<ListWalk::Fail>(&action)) {
        return WithStoreReason(fail->status);
      } else {
        return absl::OkStatus();
      }
    }
  }

  // Feeds the walk, and lets it go on without waking the caller as long as there is time.
  template <typename Walk>
  class Observer final : public ReplyObserver {
   public:
    Observer(const WalkRun& run, Walk& walk, RoundTripEstimate& round_trip)
        : run_(run), walk_(walk), round_trip_(round_trip) {}
    void BeginRound(size_t requests) { sent_at_.assign(requests, run_.client_.clock().Now()); }
    void OnReply(size_t request, size_t command, const ReplyView& reply) override {
      if (command == 0) round_trip_.Add(sent_at_[request], run_.client_.clock().Now());
      walk_.OnReply(request, command, reply);
    }
    void OnFailure(size_t request, const absl::Status& status) override {
      walk_.OnFailure(request, status);
    }
    std::vector<ShardRequest> More() override {
      if (!run_.MayGoOn()) return {};
      walk_.SetDepth(Depth::For(round_trip_.Get()));
      std::vector<ShardRequest> requests = walk_.More(*run_.topology_);
      sent_at_.resize(sent_at_.size() + requests.size(), run_.client_.clock().Now());
      return requests;
    }
    // Also when the caller has gone, who would else wait for a hung node.
    bool Abandon() override {
      if (walk_.progressed() && run_.client_.clock().Now() >= run_.end_of_page_) return true;
      return !run_.pacer_.CheckCall().ok();
    }

   private:
    const WalkRun& run_;
    Walk& walk_;
    RoundTripEstimate& round_trip_;
    std::vector<absl::Time> sent_at_;  // the requests of the round
  };

  // A round's requests share one deadline, so it has to end even when no page does.
  bool MayGoOn() const {
    return client_.clock().Now() < std::min(end_of_work_, end_of_round_) && pacer_.CheckCall().ok();
  }

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
  ShardTransport& transport_;
  const CallOptions& call_;
  RetryPacer pacer_;
  const absl::Duration work_budget_;
  absl::Time end_of_work_;   // of the page: no more is begun
  absl::Time end_of_page_;   // what is in flight is abandoned
  absl::Time end_of_round_;  // of the transport's work
  std::shared_ptr<const Topology> topology_;
};

}  // namespace atestore::inline v0
