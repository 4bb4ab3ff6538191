#include "tests/worlds/world_listing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/page_token.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"

namespace atestore {
namespace {

constexpr size_t kPageSize = 2;  // two or three pages
constexpr size_t kRefreshesMax = 3;
constexpr size_t kUnavailableMax = 2;  // pages in a row, then the operator comes
constexpr size_t kPagesMax = 60;
constexpr int kStepsMax = 2000;
constexpr int64_t kBackOffMs = 600;

}  // namespace

class WorldListing::Sink final : public RecordSink {
 public:
  absl::StatusOr<std::optional<size_t>> Add(std::string_view key, std::string_view value) override {
    keys_.emplace_back(key);
    return value.size();
  }
  size_t size() const override { return keys_.size(); }
  void Remove(std::span<const size_t> indexes) override {
    for (auto index = indexes.rbegin(); index != indexes.rend(); ++index) {
      keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(*index));
    }
  }
  void OnUnreadable(std::string_view, const absl::Status&) override {}
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  std::vector<std::string> keys_;
};

class WorldListing::Feeder final : public ReplyObserver {
 public:
  Feeder(ListWalk& walk, const std::shared_ptr<const Topology>& topology)
      : walk_(walk), topology_(topology) {}
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    walk_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    walk_.OnFailure(request, status);
  }
  std::vector<ShardRequest> More() override { return walk_.More(*topology_); }

 private:
  ListWalk& walk_;
  const std::shared_ptr<const Topology>& topology_;
};

WorldListing::WorldListing(SmallWorld& world, const Planted& planted, StepObserver& steps,
                           TopologyCache& topologies)
    : world_(world),
      planted_(planted),
      steps_(steps),
      topologies_(topologies),
      transport_(world.cluster(), steps_, history_) {
  if (planted.mutation) {
    mutant_ = std::make_unique<MutantTransport>(*planted.mutation, transport_);
  }
}

uint64_t WorldListing::fingerprint() const {
  History hash = history_;
  hash.Add(unavailable_ * 2 + repaired_);
  for (uint8_t times : times_) hash.Add(times);
  return hash.value();
}

ListingEnd WorldListing::Run() {
  Position position{.slot = kWorldFirstSlot};
  for (bool complete = false; !complete;) {
    if (++pages_ > kPagesMax) return {.violation = "the listing does not end"};
    const PageEnd end = ListPage(&position, &complete);
    if (end == PageEnd::kStopped) return Stopped();
    if (failed_for_good_) return {.violation = absl::StrCat("failed: ", why_.ToString())};
    unavailable_ = end == PageEnd::kUnavailable ? unavailable_ + 1 : 0;
    if (unavailable_ < kUnavailableMax) continue;
    if (repaired_) {
      if (!world_.IsHealthy()) return {.broken = true};
      return {.violation = absl::StrCat("unavailable after the repair: ", why_.ToString())};
    }
    world_.Repair();
    repaired_ = true;
    unavailable_ = 0;
  }
  return {.violation = FindViolation()};
}

std::optional<std::string> WorldListing::FindViolation() const {
  for (size_t key = 0; key < kWorldKeys; ++key) {
    const bool absent = (world_.absent() >> key & 1) != 0;
    if (times_[key] == 0 && !absent) return absl::StrCat("missing: ", world_.keys()[key]);
    const bool may_repeat =
        world_.setup().large_slot && world_.setup().flavor != mockcluster::Flavor::kRedis70;
    if (times_[key] > 1 && !may_repeat && !absent) {
      return absl::StrCat("listed ", times_[key], " times: ", world_.keys()[key]);
    }
  }
  return std::nullopt;
}

ListWalk::Options WorldListing::PageOptions(const Position& position) {
  return {.filter = KeyFilter::AllActors(),
          .start = position,
          .page_size = kPageSize,
          .page_bytes = 1 << 20,
          .reading = {.per_slot_tables = world_.has_per_slot_tables(),
                      .whole_slot_keys = world_.setup().large_slot ? size_t{1} : kWholeSlotKeys,
                      .scan_count_max = world_.setup().large_slot ? size_t{2} : kScanCountMax}};
}

// The page as one process reads it, with a topology and hints of its own.
WorldListing::PageEnd WorldListing::ListPage(Position* position, bool* complete) {
  history_ = {};
  history_.Add(EncodePageTokenPayload(*position, 0));
  refreshes_ = 0;
  Sink sink;
  const ListWalk::Options options = PageOptions(*position);
  history_.Add(options.reading.per_slot_tables);
  ListWalk walk(options, &sink);
  std::shared_ptr<const Topology> topology = FindTopology();
  Feeder feeder(walk, topology);
  ShardTransport& transport = mutant_ ? static_cast<ShardTransport&>(*mutant_) : transport_;
  for (int step = 0; !transport_.is_stopped(); ++step) {
    ListWalk::Action action = walk.Next(*topology);
    if (auto* send = std::get_if<ListWalk::Send>(&action)) {
      transport.Execute(send->requests, absl::InfiniteFuture(), feeder);
    } else if (auto* refresh = std::get_if<ListWalk::Refresh>(&action)) {
      why_ = refresh->why;
      const bool gives_up = ++refreshes_ > kRefreshesMax || step > kStepsMax;
      if (gives_up || (refresh->back_off && !BackOff())) {
        walk.Stop();
        break;
      }
      topology = FindTopology();
    } else {
      auto* fail = std::get_if<ListWalk::Fail>(&action);
      if (fail != nullptr) why_ = fail->status;
      failed_for_good_ = fail != nullptr;
      break;
    }
  }
  if (transport_.is_stopped()) return PageEnd::kStopped;
  for (const std::string& key : sink.keys()) {
    const auto found = std::find(world_.keys().begin(), world_.keys().end(), key);
    if (found != world_.keys().end()) ++times_[found - world_.keys().begin()];
    listed_.push_back(key);
  }
  *complete = !walk.position();
  if (walk.position()) *position = *walk.position();
  if (planted_.after_included) {
    if (auto* after = std::get_if<AfterKey>(&position->place)) --after->mark.hash;
  }
  return walk.progressed() ? PageEnd::kProgress : PageEnd::kUnavailable;
}

// As one of the nodes sees it, another one after each refresh.
std::shared_ptr<const Topology> WorldListing::FindTopology() {
  for (size_t index = 0; index < kWorldNodes; ++index) {
    const auto node = static_cast<mockcluster::NodeIndex>((index + 1 + refreshes_) % kWorldNodes);
    ShardRequest request{.endpoint = world_.cluster().Node(node).endpoint};
    request.pipeline.Add({"CLUSTER", "SLOTS"});
    absl::StatusOr<std::vector<Reply>> replies =
        ExecuteAt(transport_, request, absl::InfiniteFuture());
    if (transport_.is_stopped()) break;
    if (!replies.ok() || replies->at(0).view().is_error()) continue;
    History hash;
    hash.Add(replies->at(0).view());
    std::shared_ptr<const Topology>& known = topologies_[hash.value()];
    if (known) return known;
    absl::StatusOr<Topology> view =
        Topology::FromClusterSlots(replies->at(0).view(), request.endpoint);
    if (view.ok()) return known = std::make_shared<const Topology>(*std::move(view));
  }
  return std::make_shared<const Topology>();
}

bool WorldListing::BackOff() {
  if (transport_.is_stopped() || !steps_.OnBoundary({})) {
    transport_.Stop();
    return false;
  }
  world_.Wait(kBackOffMs);
  return true;
}

}  // namespace atestore
