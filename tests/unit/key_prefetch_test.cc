// Keys that are looked for ahead of a listing's pages.
#include "core/listing/key_prefetch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/listing/page_sequence.h"
#include "store/cluster/cluster_client.h"
#include "store/cluster/execute_at.h"
#include "store/embedded/embedded_transport.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/keys_sink.h"

namespace atestore {
namespace {

using mockcluster::Flavor;

constexpr size_t kWanted = 300;
constexpr size_t kOthers = 20'000;

class KeyPrefetchTest : public ::testing::TestWithParam<Flavor>, public ReplyObserver {
 protected:
  KeyPrefetchTest() {
    for (size_t actor = 0; actor < kWanted; ++actor) {
      std::string key = absl::StrCat("actor:few:id-", actor);
      Put(key);
      wanted_.insert(key);
    }
    for (size_t actor = 0; actor < kOthers; ++actor) Put(absl::StrCat("actor:many:id-", actor));
  }

  void Put(const std::string& key) {
    cluster_->With([&](auto& cluster) { ASSERT_TRUE(cluster.Put(key, "{}").ok()); });
  }
  template <typename Change>
  void ChangeCluster(Change change) {
    cluster_->With([&](mockcluster::Cluster& cluster) {
      const absl::Status status = change(cluster);
      ASSERT_TRUE(status.ok()) << status;
    });
  }

  const Topology& FreshTopology() {
    absl::StatusOr<std::shared_ptr<const Topology>> topology =
        client_.Refresh(topology_.get(), absl::InfiniteFuture());
    EXPECT_TRUE(topology.ok()) << topology.status();
    topology_ = *std::move(topology);
    return *topology_;
  }

  std::vector<ShardRequest> MoreFrom(size_t from) {
    return keys_.More(*topology_, from, hints_,
                      {.per_slot_tables = GetParam() != Flavor::kRedis70});
  }
  // Looks for keys until there are none to look for.
  void LookForAll() {
    for (int round = 0; round < kRoundsMax; ++round) {
      keys_.BeginRound();
      std::vector<ShardRequest> requests = More();
      if (requests.empty()) return;
      transport_.Execute(requests, absl::InfiniteFuture(), *this);
    }
    FAIL() << "it never ends";
  }
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    keys_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    keys_.OnFailure(request, status);
  }
  std::vector<ShardRequest> More() override { return MoreFrom(0); }

  // All that is kept from `slot` on, `most` keys or a little more at a time. Stops where nothing
  // is kept.
  std::vector<std::string> TakeAll(size_t* slot, size_t most) {
    std::vector<std::string> taken;
    while (auto found = keys_.Take(*slot, std::nullopt, most)) {
      EXPECT_GT(found->end, *slot);
      for (size_t index = 0; index < found->keys.size(); ++index) {
        const KeyList::Key key = found->keys[index];
        EXPECT_GE(key.slot, *slot);
        EXPECT_LT(key.slot, found->end);
        EXPECT_EQ(key.slot, KeySlot(key.text));
        EXPECT_EQ(found->nodes[key.node], topology_->Owner(key.slot)->endpoint);
        taken.emplace_back(key.text);
      }
      *slot = found->end;
    }
    return taken;
  }

  static constexpr int kRoundsMax = 1000;

  const std::shared_ptr<EmbeddedCluster> cluster_ =
      std::make_shared<EmbeddedCluster>(mockcluster::ClusterOptions{.flavor = GetParam()});
  EmbeddedTransport transport_{cluster_};
  ManualClock clock_;
  ClusterClient client_{transport_, clock_, cluster_->Endpoints(), {}};
  std::shared_ptr<const Topology> topology_;
  WalkHints hints_{.keys_per_slot = static_cast<double>(kOthers) / kSlotCount,
                   .wanted_ratio = static_cast<double>(kWanted) / kOthers};
  const KeyFilter filter_ = KeyFilter::ActorsOf("few");
  std::set<std::string> wanted_;
  KeyPrefetch keys_{&filter_, HashKey};
};

INSTANTIATE_TEST_SUITE_P(Flavors, KeyPrefetchTest,
                         ::testing::Values(Flavor::kRedis70, Flavor::kValkey80));

TEST_P(KeyPrefetchTest, AsksAllNodesAtOnceAndNoneForMuch) {
  FreshTopology();
  std::map<Endpoint, size_t> requests;
  for (const ShardRequest& request : More()) ++requests[request.endpoint];
  EXPECT_EQ(requests.size(), 3u);
  for (const auto& [endpoint, count] : requests) EXPECT_LE(count, kPrefetchUnits);
  EXPECT_TRUE(More().empty()) << "all nodes are busy";
}

TEST_P(KeyPrefetchTest, GivesEveryNameOnce) {
  FreshTopology();
  LookForAll();
  for (size_t most : {1, 50, 1000}) {
    size_t end = 0;
    std::vector<std::string> taken = TakeAll(&end, most);
    EXPECT_EQ(end, kSlotCount);
    EXPECT_EQ(taken.size(), kWanted);
    EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()), wanted_);
  }
}

TEST_P(KeyPrefetchTest, GivesNamesBehindAMark) {
  FreshTopology();
  LookForAll();
  for (const std::string& key : wanted_) {
    const size_t slot = KeySlot(key);
    auto found = keys_.Take(slot, KeyMark{.hash = HashKey(key)}, 1);
    ASSERT_NE(found, nullptr);
    for (size_t index = 0; index < found->keys.size(); ++index) {
      const KeyList::Key next = found->keys[index];
      EXPECT_TRUE(next.slot > slot || next.hash > HashKey(key)) << next.text;
    }
  }
}

// A density that is far off makes calls stop early: what they left out is asked for again.
TEST_P(KeyPrefetchTest, LeavesNothingOutWhenThereIsMoreThanEstimated) {
  FreshTopology();
  hints_.keys_per_slot = 0.05;
  LookForAll();
  size_t end = 0;
  EXPECT_EQ(TakeAll(&end, kWanted).size(), kWanted);
  EXPECT_EQ(end, kSlotCount);
}

TEST_P(KeyPrefetchTest, LooksNoFurtherThanNamesAreWorth) {
  FreshTopology();
  hints_.wanted_ratio = 1;
  hints_.keys_per_slot = 0.5;
  LookForAll();
  const size_t horizon = 2 * kPrefetchKeys + 1;
  EXPECT_TRUE(keys_.Has(0));
  EXPECT_FALSE(keys_.Has(2 * horizon));
  size_t end = 0;
  TakeAll(&end, kWanted);
  EXPECT_GE(end, horizon);
}

// What is near is the walk's, which has the node of those slots look for keys itself.
TEST_P(KeyPrefetchTest, LooksForNothingThatOneNodeHas) {
  FreshTopology();
  hints_.wanted_ratio = 1;
  hints_.keys_per_slot = 1;
  EXPECT_TRUE(MoreFrom(0).empty());
  EXPECT_FALSE(keys_.Awaits(0, 1, 1));
}

TEST_P(KeyPrefetchTest, StopsWhenItHasTooManyNames) {
  for (size_t actor = 0; actor < 2 * kPrefetchKeysMax; ++actor) {
    Put(absl::StrCat("actor:few:more-", actor));
  }
  FreshTopology();
  LookForAll();
  size_t end = 0;
  EXPECT_GT(TakeAll(&end, kWanted).size(), kPrefetchKeys / 8);
  EXPECT_LT(end, kSlotCount);
  EXPECT_TRUE(MoreFrom(end).empty());
  // Once they were used there is room again.
  keys_.ForgetBefore(kSlotCount - 1);
  keys_.BeginRound();
  EXPECT_FALSE(keys_.Has(0));
  EXPECT_FALSE(MoreFrom(end).empty());
}

TEST_P(KeyPrefetchTest, LeavesASlotThatIsTooLargeToItsReader) {
  constexpr size_t kSlot = 3000;
  for (size_t actor = 0; actor < kWholeSlotKeys + 1; ++actor) {
    Put(absl::StrCat("actor:{" + std::string(SlotTag(kSlot)) + "}:id-", actor));
  }
  FreshTopology();
  LookForAll();
  size_t end = 0;
  TakeAll(&end, kWanted);
  EXPECT_EQ(end, kSlot);
  EXPECT_TRUE(keys_.Has(kSlotCount - 1)) << "other nodes go on";
}

TEST_P(KeyPrefetchTest, ForgetsWhatMovedWhenItHearsOfIt) {
  FreshTopology();
  LookForAll();
  const Slot moved = KeySlot(*wanted_.begin());
  ChangeCluster([&](mockcluster::Cluster& cluster) {
    const mockcluster::NodeIndex owner = *cluster.OwnerOf(moved);
    for (auto primary : cluster.Primaries()) {
      if (primary != owner) return cluster.MoveSlot(moved, primary);
    }
    return absl::NotFoundError("another primary");
  });
  cluster_->With([](auto& cluster) { cluster.Settle(); });
  FreshTopology();
  keys_.OnRefresh();
  keys_.BeginRound();
  std::vector<ShardRequest> requests = More();
  ASSERT_EQ(requests.size(), 1u) << "of the other slots nothing is asked anew";
  EXPECT_EQ(requests[0].endpoint, topology_->Owner(moved)->endpoint);
  transport_.Execute(requests, absl::InfiniteFuture(), *this);
  size_t end = 0;
  EXPECT_EQ(TakeAll(&end, kWanted).size(), kWanted);
}

TEST_P(KeyPrefetchTest, AsksANodeThatFailedAgainAfterARefresh) {
  FreshTopology();
  const ClusterNode& first = *topology_->Owner(0);
  ChangeCluster(
      [&](mockcluster::Cluster& cluster) { return cluster.SetLoading(*cluster.OwnerOf(0), 1000); });
  LookForAll();
  EXPECT_FALSE(keys_.Has(0));
  EXPECT_TRUE(keys_.Has(kSlotCount - 1)) << "other nodes go on";
  EXPECT_TRUE(More().empty());
  keys_.OnRefresh();
  keys_.BeginRound();
  std::vector<ShardRequest> requests = More();
  ASSERT_FALSE(requests.empty());
  for (const ShardRequest& request : requests) EXPECT_EQ(request.endpoint, first.endpoint);
}

TEST_P(KeyPrefetchTest, IsWorthWaitingForWhileMoreIsOnItsWay) {
  FreshTopology();
  EXPECT_FALSE(keys_.Awaits(0, 1, 1)) << "nothing was asked for";
  std::vector<ShardRequest> requests = More();
  EXPECT_TRUE(keys_.Awaits(0, 1, 1));
  EXPECT_TRUE(keys_.Has(0));
  EXPECT_EQ(keys_.Take(0, std::nullopt, 1), nullptr);
  transport_.Execute(requests, absl::InfiniteFuture(), *this);
  EXPECT_FALSE(keys_.Awaits(0, 1, 1));
  EXPECT_FALSE(keys_.Awaits(0, kWanted + 1, kWanted + 1)) << "no more will come";
}

// The first node answers, the others hang.
TEST_P(KeyPrefetchTest, KeysOfHealthyNodesWaitForAnotherNodeOnlyWhileTheyAreFew) {
  const Topology& topology = FreshTopology();
  keys_.BeginRound();
  std::vector<ShardRequest> requests = More();
  std::vector<size_t> unanswered;
  for (size_t index = 0; index < requests.size(); ++index) {
    if (requests[index].endpoint != topology.Owner(0)->endpoint) continue;
    absl::StatusOr<std::vector<Reply>> replies =
        ExecuteAt(transport_, requests[index], absl::InfiniteFuture());
    ASSERT_TRUE(replies.ok()) << replies.status();
    for (size_t command = 0; command < replies->size(); ++command) {
      keys_.OnReply(index, command, (*replies)[command].view());
    }
    // What the node has not been asked for yet, after these.
    std::vector<ShardRequest> more = More();
    std::move(more.begin(), more.end(), std::back_inserter(requests));
  }
  // Short of the other nodes' slots, so that it is worth waiting.
  constexpr size_t kFirst = kSlotCount / 3 - 1000;
  size_t end = kFirst;
  const size_t found = TakeAll(&end, kWanted).size();
  ASSERT_GT(found, 5U);
  EXPECT_TRUE(keys_.Awaits(kFirst, found + 1, found + 1));
  EXPECT_TRUE(keys_.Awaits(kFirst, found + 1, kWanted));
  EXPECT_FALSE(keys_.Awaits(kFirst, found, kWanted)) << "only of another node";
}

// Lists by a PageSequence, and never refreshes the topology.
class OldViewListing final : public PageTaker, public ReplyObserver {
 public:
  OldViewListing(const Topology& topology, ListWalk::Options options,
                 std::function<void()> on_first_page)
      : topology_(topology),
        on_first_page_(std::move(on_first_page)),
        sequence_(std::move(options), this) {}

  // False: there is no end.
  bool Run(ShardTransport& transport) {
    constexpr int kRoundsMax = 2000;
    for (int round = 0; round < kRoundsMax; ++round) {
      ListWalk::Action action = sequence_.Next(topology_);
      if (std::holds_alternative<ListWalk::Done>(action)) return true;
      auto* send = std::get_if<ListWalk::Send>(&action);
      if (send != nullptr) transport.Execute(send->requests, absl::InfiniteFuture(), *this);
    }
    return false;
  }

  RecordSink* BeginPage() override { return &open_.emplace_back(); }
  void EndPage(const std::optional<Position>&, const ListWalk::Counters& counters) override {
    keys.insert(open_.front().keys.begin(), open_.front().keys.end());
    open_.pop_front();
    stale += counters.segments_prefetched_stale;
  }
  void DropPage() override { open_.pop_back(); }
  void OnReply(size_t request, size_t command, const ReplyView& reply) override {
    sequence_.OnReply(request, command, reply);
  }
  void OnFailure(size_t request, const absl::Status& status) override {
    sequence_.OnFailure(request, status);
  }
  std::vector<ShardRequest> More() override {
    if (!keys.empty()) std::exchange(on_first_page_, [] {})();
    return sequence_.More(topology_);
  }

  std::multiset<std::string> keys;
  size_t stale = 0;

 private:
  const Topology& topology_;
  std::function<void()> on_first_page_;
  std::deque<KeysSink> open_;
  PageSequence sequence_;
};

// A refusal says where a slot has gone to: that must do, even when no node's view is up to date.
TEST_P(KeyPrefetchTest, AListingGoesWhereARefusalSaysThoughItsTopologyIsOld) {
  constexpr size_t kPageSize = 20;
  bool moved = false;
  auto move_last_slots = [&] {
    moved = true;
    cluster_->With([&](mockcluster::Cluster& cluster) {
      const std::vector<mockcluster::NodeIndex> primaries = cluster.Primaries();
      const mockcluster::NodeIndex from = *cluster.OwnerOf(kSlotCount - 1);
      const auto to = std::find_if(primaries.begin(), primaries.end(),
                                   [&](mockcluster::NodeIndex node) { return node != from; });
      for (const std::string& key : wanted_) {
        if (cluster.OwnerOf(KeySlot(key)) != from) continue;
        EXPECT_TRUE(cluster.MoveSlot(KeySlot(key), *to).ok());
      }
    });
  };
  OldViewListing listing(FreshTopology(),
                         {.filter = filter_,
                          .page_size = kPageSize,
                          .page_bytes = 1 << 20,
                          .reading = {.per_slot_tables = GetParam() != Flavor::kRedis70},
                          .hints = hints_},
                         move_last_slots);
  EXPECT_TRUE(listing.Run(transport_));
  EXPECT_TRUE(moved);
  EXPECT_GT(listing.stale, 0u);
  EXPECT_EQ(listing.keys, std::multiset<std::string>(wanted_.begin(), wanted_.end()));
}

}  // namespace
}  // namespace atestore
