// The promise on real servers: actors that live throughout are listed exactly once, whatever
// happens to the cluster between the pages and during them, while other keys come and go.
#include <cstdio>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faulted_listing.h"
#include "tests/support/listing_audit.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

constexpr size_t kActors = 30'000;
constexpr size_t kAtespaces = 30;
constexpr size_t kListingsMin = 3;                         // while faults are applied …
constexpr absl::Duration kRepeatLimit = absl::Seconds(5);  // … but then not once more

struct Case {
  ServerKind kind;
  ClusterFault fault;
};

std::string KeyOf(const Case& entry) { return entry.fault.name + "_" + NameInTests(entry.kind); }
void PrintTo(const Case& entry, std::ostream* out) { *out << KeyOf(entry); }

class ListingFaultsTest : public ::testing::TestWithParam<Case> {
 protected:
  static void TearDownTestSuite() { std::fputs((table_ + FaultTableLegend()).c_str(), stdout); }

  static void Check(const FaultedListingOptions& options, std::string_view when,
                    const absl::StatusOr<FaultTally>& tally) {
    ASSERT_TRUE(tally.ok()) << tally.status();
    table_ += FaultTableRow(options, when, *tally);
    EXPECT_GT(tally->listings, 0);
    if (!options.fault.is_state) {
      EXPECT_GT(tally->faults, 0);
    }
    EXPECT_EQ(tally->missing, 0);
    EXPECT_EQ(tally->duplicates, 0);
    EXPECT_EQ(tally->violations, 0);
  }

  static inline std::string table_ = FaultTableHeading();
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const ClusterFault& fault : AllClusterFaults()) {
    for (ServerKind kind : AllServerKinds()) cases.push_back({kind, fault});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Faults, ListingFaultsTest, ::testing::ValuesIn(AllCases()),
                         [](const auto& test) { return KeyOf(test.param); });

TEST_P(ListingFaultsTest, EveryActorExactlyOnce) {
  ATESTORE_REQUIRE_SERVER(GetParam().kind);
  FaultedListingOptions options{.kind = GetParam().kind,
                                .fault = GetParam().fault,
                                .actors = kActors,
                                .atespaces = kAtespaces};
  absl::StatusOr<std::unique_ptr<FaultedListing>> listing = FaultedListing::Start(options);
  ASSERT_TRUE(listing.ok()) << listing.status();
  Check(options, "between", (*listing)->FaultBetweenPages());
  absl::StatusOr<FaultTally> during = (*listing)->FaultDuringPages(kListingsMin, kRepeatLimit);
  Check(options, "during", during);
  if (options.fault.has_outage && during.ok()) {
    EXPECT_GT(during->unavailable, 0);
  }
  if (during.ok() && during->listings >= kListingsMin) {
    EXPECT_GT(during->segments_prefetched, 0);
  }
  EXPECT_GT((*listing)->changes(), 0);
}

// What the table would show for the usual walk, SCAN node after node: proof that these faults and
// this audit can tell.
class NaiveListingTest : public ::testing::TestWithParam<ServerKind> {};

INSTANTIATE_TEST_SUITE_P(Servers, NaiveListingTest, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(NaiveListingTest, LosesActorsToResharding) {
  ATESTORE_REQUIRE_SERVER(GetParam());
  absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
      RealCluster::Start({.kind = GetParam(), .primaries = 3});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  std::vector<std::pair<std::string, std::string>> records = ActorRecords(kActors, kAtespaces);
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
