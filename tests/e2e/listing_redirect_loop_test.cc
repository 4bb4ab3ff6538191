// A slot is half migrated and its destination hands over to a replica. Until the source hears of
// that, it answers ASK <old destination>, which answers MOVED <source>: clients turn in circles,
// and the keys that have moved are out of reach, not gone.
#include <atomic>
#include <cstdlib>
#include <thread>

#include "tests/e2e/real_listing.h"
#include "tests/support/slot_move.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

constexpr Slot kSlot = 100;
constexpr size_t kActors = 1000;
constexpr size_t kSource = 0;
constexpr size_t kDestination = 1;
constexpr size_t kReplica = 4;  // of the destination
constexpr size_t kFailoversMin = 15;
constexpr size_t kManySlots = 25;
constexpr int kListers = 3;

class RedirectLoop : public RealListing {
 protected:
  // Half of each slot's keys are at the destination.
  void StartHalfMigrated(const RealClusterOptions& options, const std::vector<Slot>& slots) {
    RealRecords records;
    const size_t of_slot = kActors / slots.size();
    for (const Slot slot : slots) {
      for (auto& record : ActorRecordsInSlot(slot, of_slot)) records.push_back(std::move(record));
    }
    Start(options, std::move(records));
    if (!cluster_) return;
    for (const Slot slot : slots) {
      const SlotMove move{.slot = slot, .from = kSource, .to = kDestination};
      ASSERT_TRUE(BeginMove(*cluster_, move).ok());
      absl::StatusOr<size_t> moved = MoveKeys(*cluster_, move, of_slot / 2);
      ASSERT_TRUE(moved.ok()) << moved.status();
      ASSERT_EQ(*moved, of_slot / 2);
    }
    ASSERT_EQ(cluster_->Run(kDestination, {"WAIT", "1", "10000"})->integer, 1);
  }

  absl::Status FailOverNow(size_t replica) {
    absl::Status status = cluster_->Run(replica, {"CLUSTER", "FAILOVER"}).status();
    if (!status.ok()) return status;
    const bool done = Poll(absl::Seconds(10), [&] {
      absl::StatusOr<HiredisReply> role = cluster_->Run(replica, {"ROLE"});
      return role.ok() && role->elements[0].text == "master";
    });
    return done ? absl::OkStatus() : absl::DeadlineExceededError("no failover");
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, RedirectLoop, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(RedirectLoop, IsNotTheEndOfASlot) {
  ASSERT_NO_FATAL_FAILURE(StartHalfMigrated(
      {.primaries = 3, .replicas = 1, .node_timeout = absl::Seconds(30), .bus_relay = true},
      {kSlot}));
  if (!cluster_) return;
  std::unique_ptr<ActorStore> store = NewStore(cluster_->endpoints());
  // The source goes deaf, so that the moment of some 20 ms lasts.
  for (size_t other = 1; other < cluster_->size(); ++other) cluster_->relay().Cut(other, kSource);
  absl::Status failed_over = FailOverNow(kReplica);
  ASSERT_TRUE(failed_over.ok()) << failed_over;
  const std::string moved =
      cluster_->Run(kReplica, {"CLUSTER", "GETKEYSINSLOT", std::to_string(kSlot), "1"})
          ->elements.at(0)
          .text;
  ASSERT_TRUE(Poll(absl::Seconds(10), [&] {
    return cluster_->Run(kDestination, {"ROLE"})->elements[0].text == "slave";
  }));
  ASSERT_THAT(std::string(cluster_->Run(kSource, {"GET", moved}).status().message()),
              HasSubstr("ASK 100 " + ToString(cluster_->endpoint(kDestination))));
  ASSERT_THAT(
      std::string(cluster_->RunAll(kDestination, {{"ASKING"}, {"GET", moved}}).status().message()),
      HasSubstr("MOVED 100 " + ToString(cluster_->endpoint(kSource))));

  ExpectNeverIncomplete(*store, absl::Seconds(2)).IgnoreError();
  ExpectNeverIncomplete(*store, absl::Seconds(2), /*read_ahead=*/true).IgnoreError();
  ExpectNeverIncomplete(*NewStore(cluster_->endpoints()), absl::Seconds(2)).IgnoreError();

  cluster_->relay().MendAll();
  absl::Status settled = cluster_->WaitUntilSettled(absl::Seconds(60));
  ASSERT_TRUE(settled.ok()) << settled;
  if (GetParam() == ServerKind::kRedis) {
    // The new primary has lost the mark, and clients turn in circles until somebody repairs it.
    ExpectNeverIncomplete(*store, absl::Seconds(2)).IgnoreError();
    ASSERT_TRUE(BeginMove(*cluster_, {.slot = kSlot, .from = kSource, .to = kReplica}).ok());
  }
  ExpectComplete(*store);
}

// The same without any help: failovers of the destination all the time. ATESTORE_LISTINGS: how many
// listings (the soak makes 500 of them).
class NaturalRedirectLoop : public RedirectLoop {};

// Redis 7.0 loses the mark in the first failover, after which nothing can be listed.
INSTANTIATE_TEST_SUITE_P(Servers, NaturalRedirectLoop,
                         ::testing::Values(ServerKind::kValkey, ServerKind::kValkey91),
                         NameOfServerTest);

std::vector<Slot> ManySlots() {
  std::vector<Slot> slots;
  for (size_t i = 0; i < kManySlots; ++i) slots.push_back(static_cast<Slot>(100 + i * 200));
  return slots;
}

TEST_P(NaturalRedirectLoop, IsNotTheEndOfASlot) {
  ASSERT_NO_FATAL_FAILURE(StartHalfMigrated(
      {.primaries = 3, .replicas = 1, .node_timeout = absl::Seconds(1)}, ManySlots()));
  if (!cluster_) return;
  const char* wanted = std::getenv("ATESTORE_LISTINGS");
  const int listings = wanted == nullptr ? 60 : std::atoi(wanted);
  std::unique_ptr<ActorStore> store = NewStore(cluster_->endpoints());
  std::atomic<bool> stop = false;
  std::atomic<size_t> failovers = 0;
  std::thread events([&] {
    for (size_t replica = kReplica; !stop; replica = kReplica + kDestination - replica) {
      // Refused until the last one has settled.
      const bool done = Poll(absl::Seconds(20), [&] { return stop || FailOverNow(replica).ok(); });
      failovers += done && !stop;
      Poll(absl::Milliseconds(1000), [&] { return stop.load(); });
    }
  });
  std::atomic<int> made = 0;
  std::atomic<size_t> complete = 0;
  std::vector<std::thread> listers;
  for (int lister = 0; lister < kListers; ++lister) {
    listers.emplace_back([&] {
      while ((made < listings || failovers < kFailoversMin) && !HasFailure()) {
        complete += ExpectNeverIncomplete(*store, absl::Seconds(20), ++made % 3 == 0).ok();
      }
    });
  }
  for (std::thread& lister : listers) lister.join();
  stop = true;
  events.join();
  std::printf("%d listings, %zu complete, %zu failovers\n", made.load(), complete.load(),
              failovers.load());
  EXPECT_GT(complete, 0);
  EXPECT_GT(failovers, 0);
}

}  // namespace
}  // namespace atestore
