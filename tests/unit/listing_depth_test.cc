// How many round trips a listing takes, counted instead of timed: everything
// that is in flight at one moment is answered at the next one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/listing/page_sequence.h"
#include "store/cluster/cluster_client.h"
#include "store/embedded/embedded_transport.h"
#include "store/listing/listing.h"
#include "store/transport/request_queue.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/keys_sink.h"

namespace atestore {
namespace {

using mockcluster::Flavor;

constexpr size_t kActors = 30'000;
constexpr size_t kPageSize = 1000;
constexpr RoundTrip kNear{100};
constexpr RoundTrip kFar{2000};

// A page has no order.
std::vector<std::string> Sorted(const KeysSink& sink) {
  std::vector<std::string> keys = sink.keys;
  std::sort(keys.begin(), keys.end());
  return keys;
}

// Takes as many pages ahead as a reader does.
class Taker final : public PageTaker {
 public:
  RecordSink* BeginPage() override {
    return open_.size() == kPagesMax ? nullptr : &open_.emplace_back();
  }
  void EndPage(const std::optional<Position>&, const ListWalk::Counters&) override {
    pages.push_back(Sorted(open_.front()));
    open_.pop_front();
  }
  void DropPage() override { open_.pop_back(); }

  std::vector<std::vector<std::string>> pages;

 private:
  static constexpr size_t kPagesMax = 4;
  std::deque<KeysSink> open_;
};

// Passes the replies of one request to a walk under the walk's number of it.
template <typename Walk>
struct Numbered final : ReplyObserver {
  Numbered(Walk& to, size_t as) : walk(to), number(as) {}
  void OnReply(size_t, size_t command, const ReplyView& reply) override {
    walk.OnReply(number, command, reply);
  }
  void OnFailure(size_t, const absl::Status& status) override { walk.OnFailure(number, status); }
  Walk& walk;
  const size_t number;
};

class ListingDepthTest : public testing::TestWithParam<Flavor> {
 protected:
  ListingDepthTest() {
    cluster_->With([](mockcluster::Cluster& cluster) {
      for (size_t actor = 0; actor < kActors; ++actor) {
        ASSERT_TRUE(cluster.Put(absl::StrCat("actor:a:id-", actor), "{}").ok());
      }
    });
    topology_ = client_.Refresh(nullptr, absl::InfiniteFuture()).value();
    // Learns what the data is like, as any page but the first one of a store
    // knows it.
    KeysSink sink;
    ListWalk walk(Options(), &sink);
    CountRoundTrips(walk);
    hints_ = walk.hints();
  }

  ListWalk::Options Options() const {
    return {.filter = KeyFilter::AllActors(),
            .start = {},
            .page_size = kPageSize,
            .page_bytes = size_t{3} << 20,
            .reading = {.per_slot_tables = GetParam() != Flavor::kRedis70},
            .hints = hints_};
  }

  template <typename Walk>
  size_t CountRoundTrips(Walk& walk) {
    size_t round_trips = 0;
    for (;;) {
      ListWalk::Action action = walk.Next(*topology_);
      auto* send = std::get_if<ListWalk::Send>(&action);
      if (send == nullptr) {
        EXPECT_TRUE(std::holds_alternative<ListWalk::Done>(action));
        return round_trips;
      }
      size_t number = 0;
      for (std::vector<ShardRequest> sent = std::move(send->requests); !sent.empty();
           sent = walk.More(*topology_)) {
        ++round_trips;
        std::map<Endpoint, size_t> in_flight;
        for (const ShardRequest& request : sent) {
          most_in_flight_ = std::max(most_in_flight_, ++in_flight[request.endpoint]);
          Numbered<Walk> observer(walk, number++);
          transport_.Execute({&request, 1}, absl::InfiniteFuture(), observer);
        }
      }
    }
  }

  std::vector<std::vector<std::string>> Stream(RoundTrip round_trip, size_t* round_trips) {
    ListWalk::Options options = Options();
    options.segment_keys = kReaderSegmentKeys;
    options.values_part_keys = kReaderPartKeys;
    Taker taker;
    PageSequence sequence(options, &taker);
    sequence.SetDepth(Depth::For(round_trip));
    *round_trips = CountRoundTrips(sequence);
    return taker.pages;
  }

  std::shared_ptr<EmbeddedCluster> cluster_ = std::make_shared<EmbeddedCluster>(
      mockcluster::ClusterOptions{.primaries = 3, .flavor = GetParam()});
  EmbeddedTransport transport_{cluster_};
  ManualClock clock_;
  ClusterClient client_{transport_, clock_, cluster_->Endpoints(), {}};
  std::shared_ptr<const Topology> topology_;
  WalkHints hints_;
  size_t most_in_flight_ = 0;  // requests, at one node
};

// A segment is committed as a whole: a node that hangs stops all of it.
TEST_P(ListingDepthTest, ALongSegmentGoesOnToNoFurtherNode) {
  constexpr size_t kNodeEnd = 5461;  // of the first of three primaries
  ListWalk::Options options = Options();
  options.start.slot = kNodeEnd - 400;
  KeysSink sink;
  ListWalk walk(options, &sink);
  walk.SetDepth(Depth::For(kFar));
  const ListWalk::Action action = walk.Next(*topology_);
  ASSERT_TRUE(std::holds_alternative<ListWalk::Send>(action));
  EXPECT_EQ(walk.keys_end(), kNodeEnd);
}

TEST_P(ListingDepthTest, APageOfFarNodesTakesARoundTripForKeysAndOneForValues) {
  KeysSink near_sink;
  ListWalk near_walk(Options(), &near_sink);
  near_walk.SetDepth(Depth::For(kNear));
  EXPECT_GE(CountRoundTrips(near_walk), 4U);
  KeysSink sink;
  ListWalk walk(Options(), &sink);
  walk.SetDepth(Depth::For(kFar));
  EXPECT_EQ(CountRoundTrips(walk), 2U);
  EXPECT_EQ(sink.keys.size(), kPageSize);
  EXPECT_EQ(Sorted(sink), Sorted(near_sink));
}

TEST_P(ListingDepthTest, AStreamOfFarNodesHasSeveralPagesInFlight) {
  size_t near_trips = 0;
  const std::vector<std::vector<std::string>> near_pages = Stream(kNear, &near_trips);
  EXPECT_GE(near_trips, kActors / kPageSize);
  most_in_flight_ = 0;
  size_t trips = 0;
  EXPECT_TRUE(Stream(kFar, &trips) == near_pages);
  EXPECT_LE(trips, kActors / kPageSize / 2);
  // Four pages of five parts, and the keys of later pages. BoundedTransport lets 16 through.
  EXPECT_LE(most_in_flight_, 4U * 5 + 10);
}

INSTANTIATE_TEST_SUITE_P(Servers, ListingDepthTest,
                         testing::Values(Flavor::kRedis70, Flavor::kValkey80));

// What a node is asked for at once if one part of values has `part_keys` of
// `value_bytes`.
size_t PartsAtOnce(RoundTrip round_trip, size_t part_keys, double value_bytes) {
  Estimates estimates({.hints = {.value_bytes = value_bytes}, .values_part_keys = part_keys});
  estimates.SetDepth(Depth::For(round_trip));
  return estimates.ValuesBounds(size_t{3} << 20).parts_at_once;
}

TEST(ListingDepth, ValuesInFlightAreBoundedInNumberAndBytes) {
  EXPECT_EQ(PartsAtOnce(kNear, 128, 300), kValuesPartsAtOnce);
  EXPECT_EQ(PartsAtOnce(kFar, 128, 300), 9U);
  EXPECT_EQ(PartsAtOnce(kFar, 256, 300), 5U);
  // 2 MiB in all.
  EXPECT_EQ(PartsAtOnce(kFar, 256, 4096), 2U);
  EXPECT_EQ(PartsAtOnce(kFar, 64, 8192), 4U);
  EXPECT_EQ(PartsAtOnce(kFar, 256, 1 << 20), kValuesPartsAtOnce);
}

TEST(ListingDepth, MorePagesAreInFlightTheFartherTheNodesAre) {
  EXPECT_EQ(Depth::For(RoundTrip{0}).pages_ahead, 1U);
  EXPECT_EQ(Depth::For(RoundTrip{kFarRoundTrip.microseconds - 1}).pages_ahead, 1U);
  EXPECT_EQ(Depth::For(kFarRoundTrip).pages_ahead, 2U);
  EXPECT_EQ(Depth::For(kFar).pages_ahead, 3U);
  EXPECT_EQ(Depth::For(RoundTrip{3'600'000'000}).pages_ahead, 3U);
}

class RoundTripEstimateTest : public testing::Test {
 protected:
  void Add(size_t samples, absl::Duration round_trip) {
    for (size_t sample = 0; sample < samples; ++sample) estimate_.Add(now_, now_ + round_trip);
  }
  RoundTripEstimate estimate_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
};

TEST_F(RoundTripEstimateTest, IsTheShortestOfSome) {
  Add(RoundTripEstimate::kSamplesMin - 1, absl::Milliseconds(2));
  EXPECT_EQ(estimate_.Get(), RoundTrip{0});
  Add(1, absl::Milliseconds(9));
  EXPECT_EQ(estimate_.Get(), RoundTrip{2000});
  Add(1, absl::Milliseconds(1));
  EXPECT_EQ(estimate_.Get(), RoundTrip{1000});
}

TEST_F(RoundTripEstimateTest, ForgetsWhatIsOld) {
  Add(RoundTripEstimate::kSamplesMin, absl::Milliseconds(1));
  now_ += RoundTripEstimate::kWindow;
  Add(RoundTripEstimate::kSamplesMin, absl::Milliseconds(5));
  EXPECT_EQ(estimate_.Get(), RoundTrip{1000});
  now_ += RoundTripEstimate::kWindow;
  Add(1, absl::Milliseconds(6));
  EXPECT_EQ(estimate_.Get(), RoundTrip{5000});
  now_ += 3 * RoundTripEstimate::kWindow;
  Add(RoundTripEstimate::kSamplesMin, absl::Milliseconds(7));
  EXPECT_EQ(estimate_.Get(), RoundTrip{7000});
}

// A network: the first reply to a request comes some time after the one before.
class SlowTransport final : public ShardTransport {
 public:
  SlowTransport(std::shared_ptr<EmbeddedCluster> cluster, ManualClock& clock)
      : inner_(std::move(cluster)), clock_(clock) {}

  void Execute(std::span<const ShardRequest> requests, absl::Time deadline,
               ReplyObserver& observer) override {
    RequestQueue queue(requests);
    for (size_t index = 0; index < queue.size(); ++index) {
      most_in_flight = std::max(most_in_flight, queue.size() - index);
      clock_.Advance(delay);
      Numbered<ReplyObserver> numbered(observer, index);
      inner_.Execute({&queue[index], 1}, deadline, numbered);
      queue.Append(observer.More());
    }
  }
  std::unique_ptr<ShardTransport> Exclusive() override { return inner_.Exclusive(); }

  absl::Duration delay;
  size_t most_in_flight = 0;

 private:
  EmbeddedTransport inner_;
  ManualClock& clock_;
};

TEST(ListingDepth, AListingFindsOutHowFarTheNodesAre) {
  auto cluster = std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.primaries = 3});
  cluster->With([](mockcluster::Cluster& emulated) {
    for (size_t actor = 0; actor < kActors; ++actor) {
      ASSERT_TRUE(emulated.Put(absl::StrCat("actor:a:id-", actor), "{}").ok());
    }
  });
  ManualClock clock;
  SlowTransport transport(cluster, clock);
  ClusterClient client(transport, clock, cluster->Endpoints(), {});
  Listing listing(client, absl::InfiniteDuration());
  auto most_of_a_page = [&](absl::Duration delay) {
    transport.delay = delay;
    transport.most_in_flight = 0;
    KeysSink sink;
    auto end = listing.ListPage(
        {.filter = KeyFilter::AllActors(), .page_size = kPageSize, .page_bytes = size_t{3} << 20},
        sink, {});
    EXPECT_TRUE(end.ok()) << end.status();
    EXPECT_EQ(sink.keys.size(), kPageSize);
    return transport.most_in_flight;
  };
  for (int page = 0; page < 3; ++page) EXPECT_LE(most_of_a_page(absl::Microseconds(50)), 5U);
  clock.Advance(3 * RoundTripEstimate::kWindow);
  for (int page = 0; page < 10; ++page) most_of_a_page(absl::Milliseconds(2));
  EXPECT_GE(most_of_a_page(absl::Milliseconds(2)), 8U);
  EXPECT_LE(most_of_a_page(absl::Microseconds(50)), 8U);
  EXPECT_LE(most_of_a_page(absl::Microseconds(50)), 5U);
}

}  // namespace
}  // namespace atestore
