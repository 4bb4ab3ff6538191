// The promise on real servers: actors that live throughout are listed exactly once, whatever
// happens to the cluster between the pages and during them, while other keys come and go.
#include <atomic>
#include <cstdio>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/actor_store.h"
#include "store/redis/redis_transport.h"
#include "tests/support/cluster_faults.h"
#include "tests/support/listing_audit.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

constexpr size_t kActors = 30'000;
constexpr size_t kAtespaces = 30;
constexpr int32_t kPageSize = 100;
// Longer than any outage; a call gives up much earlier, so that UNAVAILABLE is seen.
constexpr absl::Duration kPatience = absl::Seconds(40);
constexpr absl::Duration kRetryBudget = absl::Milliseconds(300);
constexpr size_t kListingsMin = 3;                         // while faults are applied …
constexpr absl::Duration kRepeatLimit = absl::Seconds(5);  // … but then not once more

using ::testing::IsEmpty;

using Records = std::vector<std::pair<std::string, std::string>>;

std::unique_ptr<ActorStore> NewStore(const std::vector<Endpoint>& seeds) {
  RedisOptions redis;
  redis.request_timeout = absl::Seconds(2);
  absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(redis);
  EXPECT_TRUE(transport.ok()) << transport.status();
  StoreOptions options{.seeds = seeds, .retry_budget = kRetryBudget};
  return std::make_unique<ActorStore>(std::move(*transport), options);
}

// Creates and deletes actors in a thread of its own, until its end.
class Churn {
 public:
  explicit Churn(const std::vector<Endpoint>& seeds)
      : store_(NewStore(seeds)), thread_([this] { Run(); }) {}
  ~Churn() {
    stop_ = true;
    thread_.join();
  }
  size_t changes() const { return changes_; }

 private:
  void Run() {
    for (size_t i = 0; !stop_; ++i) {
      ateapi::ActorRef ref;
      ref.set_atespace("space-1");
      ref.set_name(absl::StrCat("churn-", i % 1000));
      ateapi::CreateActorRequest create;
      *create.mutable_actor_ref() = ref;
      // Outages make them fail, which is not what this test is about.
      changes_ += store_->CreateActor(create).ok();
      ref.set_name(absl::StrCat("churn-", (i + 500) % 1000));
      changes_ += store_->DeleteActor(ref).ok();
    }
  }

  std::unique_ptr<ActorStore> store_;
  std::atomic<bool> stop_ = false;
  std::atomic<size_t> changes_ = 0;
  std::thread thread_;
};

struct Tally {
  size_t listings = 0;
  std::vector<std::string> missing_keys;
  size_t duplicates = 0;
  size_t violations = 0;
  size_t unavailable = 0;
};

struct Case {
  ServerKind kind;
  ClusterFault fault;
};

std::string NameOf(const Case& entry) {
  return entry.fault.name + (entry.kind == ServerKind::kRedis ? "_Redis" : "_Valkey");
}
void PrintTo(const Case& entry, std::ostream* out) { *out << NameOf(entry); }

class ListingFaultsTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    ATESTORE_REQUIRE_SERVER(GetParam().kind);
    RealClusterOptions options = GetParam().fault.options;
    options.kind = GetParam().kind;
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster = RealCluster::Start(options);
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = std::move(*cluster);
    records_ = ActorRecords(kActors, kAtespaces);
    ASSERT_TRUE(cluster_->SetAll(records_).ok());
    ASSERT_TRUE(cluster_->SetAll({{"atespace:space-1", R"({"name":"space-1"})"}}).ok());
    // Replication is asynchronous: what is not on the replica may be lost by a failover.
    for (size_t primary = 0; primary < options.primaries && options.replicas > 0; ++primary) {
      absl::StatusOr<HiredisReply> synced = cluster_->Run(primary, {"WAIT", "1", "10000"});
      ASSERT_TRUE(synced.ok() && synced->integer == 1) << "replica out of sync";
    }
    seeds_ = cluster_->endpoints();
    store_ = NewStore(seeds_);
    churn_ = std::make_unique<Churn>(seeds_);
  }

  void TearDown() override {
    if (churn_) {
      EXPECT_GT(churn_->changes(), 0);
    }
    churn_.reset();
  }

  static void TearDownTestSuite() { std::fputs((table_ + kLegend).c_str(), stdout); }

  absl::Status ApplyFault() { return GetParam().fault.apply(*cluster_, log_); }

  // One listing; `between_pages` may do anything.
  void ListOnce(Tally& tally, const std::function<void(size_t)>& between_pages = {}) {
    ListingAudit audit(records_, "");
    ListingResult result = List({.page_size = kPageSize,
                                 .patience = kPatience,
                                 .store = [this]() -> ActorStore& { return *store_; },
                                 .between_pages = between_pages},
                                audit);
    EXPECT_TRUE(result.status.ok()) << result.status;
    ++tally.listings;
    for (std::string& key : audit.missing_keys()) tally.missing_keys.push_back(std::move(key));
    tally.duplicates += audit.duplicates();
    tally.violations += audit.violations();
    tally.unavailable += result.unavailable;
  }

  void Conclude(std::string_view when, const Tally& tally, absl::Time begin) {
    std::vector<std::string> missing;
    for (const std::string& key : tally.missing_keys) {
      if (!log_.hidden_keys.contains(key)) missing.push_back(key);
    }
    size_t hidden = tally.missing_keys.size() - missing.size();
    absl::StrAppendFormat(
        &table_, kRow, GetParam().fault.name, std::string(ToString(GetParam().kind)),
        std::string(when), std::to_string(tally.listings), std::to_string(missing.size()),
        std::to_string(tally.duplicates), std::to_string(hidden), std::to_string(tally.unavailable),
        absl::StrFormat("%.1f", absl::ToDoubleSeconds(absl::Now() - begin)));
    EXPECT_THAT(missing, IsEmpty());
    EXPECT_EQ(tally.duplicates, 0);
    EXPECT_EQ(tally.violations, 0);
  }

  static constexpr char kLegend[] =
      "*  not listed while no client could reach them\n** calls repeated with the same token\n";
  static constexpr char kRow[] = "%-26s %-14s %-8s %8s %8s %10s %8s %12s %8s\n";
  static inline std::string table_ =
      absl::StrFormat(kRow, "fault", "server", "when", "listings", "missing", "duplicates",
                      "hidden*", "unavailable**", "seconds");
  std::unique_ptr<RealCluster> cluster_;
  FaultLog log_;
  Records records_;
  std::vector<Endpoint> seeds_;
  std::unique_ptr<ActorStore> store_;
  std::unique_ptr<Churn> churn_;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const ClusterFault& fault : AllClusterFaults()) {
    cases.push_back({ServerKind::kRedis, fault});
    cases.push_back({ServerKind::kValkey, fault});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Faults, ListingFaultsTest, ::testing::ValuesIn(AllCases()),
                         [](const auto& test) { return NameOf(test.param); });

TEST_P(ListingFaultsTest, EveryActorExactlyOnce) {
  absl::Time begin = absl::Now();
  Tally between;
  ListOnce(between, [&](size_t pages) {
    if (pages != kActors / kPageSize / 2) return;
    absl::Status applied = ApplyFault();
    EXPECT_TRUE(applied.ok()) << applied;
  });
  Conclude("between", between, begin);

  begin = absl::Now();
  Tally during;
  if (GetParam().fault.is_state) {
    while (during.listings < kListingsMin) ListOnce(during);
  } else {
    std::atomic<bool> over = false;
    std::atomic<size_t> listings = 0;
    std::thread fault([&] {
      absl::Status applied;
      do {
        applied = ApplyFault();
        EXPECT_TRUE(applied.ok()) << applied;
      } while (applied.ok() && listings < kListingsMin && absl::Now() < begin + kRepeatLimit);
      over = true;
    });
    while (!over) {
      ListOnce(during);
      listings = during.listings;
    }
    fault.join();
  }
  Conclude("during", during, begin);
  if (GetParam().fault.has_outage) {
    EXPECT_GT(during.unavailable, 0);
  }
}

// What the table would show for the usual walk, SCAN node after node: proof that these faults and
// this audit can tell.
class NaiveListingTest : public ::testing::TestWithParam<ServerKind> {};

INSTANTIATE_TEST_SUITE_P(Servers, NaiveListingTest,
                         ::testing::Values(ServerKind::kRedis, ServerKind::kValkey),
                         [](const auto& test) {
                           return test.param == ServerKind::kRedis ? "Redis" : "Valkey";
                         });

TEST_P(NaiveListingTest, LosesActorsToResharding) {
  ATESTORE_REQUIRE_SERVER(GetParam());
  absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
      RealCluster::Start({.kind = GetParam(), .primaries = 3});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  Records records = ActorRecords(kActors, kAtespaces);
  ASSERT_TRUE((*cluster)->SetAll(records).ok());
  std::set<std::string> seen;
  FaultLog log;
  for (size_t primary = 0; primary < 3; ++primary) {
    for (std::string cursor = "0";;) {
      absl::StatusOr<HiredisReply> page =
          (*cluster)->Run(primary, {"SCAN", cursor, "COUNT", "100"});
      ASSERT_TRUE(page.ok()) << page.status();
      for (const HiredisReply& key : page->elements[1].elements) seen.insert(key.text);
      cursor = page->elements[0].text;
      if (cursor == "0") break;
    }
    if (primary > 0) continue;
    for (const ClusterFault& fault : AllClusterFaults()) {
      if (fault.name != "Resharding") continue;
      absl::Status applied = fault.apply(**cluster, log);
      ASSERT_TRUE(applied.ok()) << applied;
    }
  }
  EXPECT_LT(seen.size(), records.size() - 100);
}

}  // namespace
}  // namespace atestore
