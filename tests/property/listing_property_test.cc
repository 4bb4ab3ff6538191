// P1 … P8 of docs/consistency.md, over generated clusters, populations, page sizes and schedules of
// faults between any two commands.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/property/checked_listing.h"
#include "tests/property/listing_world.h"

namespace atestore {
namespace {

void Demand(const std::optional<std::string>& violation, const ListingCase& c) {
  if (violation) RC_FAIL(absl::StrCat(*violation, " in ", (std::ostringstream() << c).str()));
}

// A fault that loses no data, of the kinds that a plan by chance has.
mockcluster::Fault AnyFault(bool misbehaviour) {
  const mockcluster::FaultPlan plan =
      misbehaviour ? mockcluster::FaultPlan::EverythingAndMisbehaviour(0, 1, 1)
                   : mockcluster::FaultPlan::Everything(0, 1, 1);
  const auto fault = static_cast<mockcluster::Fault>(
      *rc::gen::inRange<int>(0, static_cast<int>(mockcluster::kFaultCount)));
  return plan.weight(fault) == 0 ? mockcluster::Fault::kGossip : fault;
}

// By chance, often of a few kinds only; or a short list, which rapidcheck cuts down when it fails.
void AddFaults(ListingCase& c) {
  c.faults_per_1000_commands = *rc::gen::element<uint32_t>(2, 20, 100, 300);
  // A slice takes fewer commands.
  if (c.end_slot - c.first_slot < kSlotCount) c.faults_per_1000_commands *= 3;
  c.faults_max = *rc::gen::inRange<uint32_t>(1, 60);
  c.misbehaviour = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) {
    // Gossip stays, so that views never go stale for good.
    c.faults_without = *rc::gen::arbitrary<uint64_t>() &
                       ~(uint64_t{1} << static_cast<size_t>(mockcluster::Fault::kGossip));
  }
  if (*rc::gen::inRange(0, 4) == 0) {
    c.schedule = *rc::gen::container<std::vector<PlannedFault>>(
        rc::gen::exec([misbehaviour = c.misbehaviour] {
          return PlannedFault{.after_commands = *rc::gen::inRange<uint32_t>(0, 40),
                              .fault = AnyFault(misbehaviour)};
        }));
  }
}

// All slots; or some, at an end of a node's slots as often as not.
void ChooseSlots(ListingCase& c) {
  const auto width = *rc::gen::weightedElement<size_t>(
      {{1, kSlotCount}, {2, 1}, {3, 8}, {5, 100}, {3, 400}, {1, 1500}});
  if (width == kSlotCount) return;
  const bool at_an_end = *rc::gen::arbitrary<bool>();
  const auto node = *rc::gen::inRange<size_t>(0, c.primaries + 1);
  const size_t middle =
      at_an_end ? kSlotCount * node / c.primaries : *rc::gen::inRange<size_t>(0, kSlotCount);
  const size_t first = std::min(middle - std::min(middle, width / 2), kSlotCount - width);
  c.first_slot = static_cast<Slot>(first);
  c.end_slot = first + width;
}

rc::Gen<ListingCase> AnyCase(bool with_faults) {
  using mockcluster::Flavor;
  return rc::gen::exec([with_faults] {
    ListingCase c;
    c.seed = *rc::gen::resize(1000, rc::gen::arbitrary<uint64_t>());
    c.flavor = *rc::gen::element(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91);
    c.primaries = *rc::gen::inRange<size_t>(1, 5);
    c.replicas = *rc::gen::inRange<size_t>(0, 3);
    ChooseSlots(c);
    c.spread = *rc::gen::element(Spread::kUniform, Spread::kFewSlots, Spread::kLargeSlot);
    c.actors = *rc::gen::inRange<size_t>(0, 200);
    c.foreign_keys = *rc::gen::inRange<size_t>(0, 40);
    c.taken_probes = *rc::gen::weightedElement<size_t>({{4, 0}, {1, 1}, {1, 5}});
    // So many in a few slots that each has a transaction of its own.
    if (c.end_slot - c.first_slot <= 8)
      c.actors *= *rc::gen::weightedElement<size_t>({{9, 1}, {1, 5}});
    c.poison_records = *rc::gen::inRange<size_t>(0, 3);
    c.page_size = *rc::gen::element<size_t>(1, 2, 3, 7, 20, 64, 1000);
    c.page_bytes = *rc::gen::element<size_t>(30, 200, 1 << 20);
    if (c.page_bytes < 1000) c.large_records = *rc::gen::inRange<size_t>(0, 3);
    c.dropped_records = *rc::gen::weightedElement<size_t>({{20, 0}, {1, 1}});
    c.whole_slot_keys = *rc::gen::element<size_t>(5, 30, 2000);
    c.scan_count_max = *rc::gen::element<size_t>(3, 20, 1000);
    c.segment_keys = *rc::gen::element<size_t>(1, 3, 10, kSegmentKeys);
    c.values_part_keys = *rc::gen::element<size_t>(1, 4, kValuesPartKeys);
    c.round_trip_us = *rc::gen::weightedElement<int>({{2, 0}, {1, 1000}, {1, 5000}});
    c.read_ahead = *rc::gen::arbitrary<bool>();
    c.hash_bits = *rc::gen::weightedElement<int>({{6, 64}, {1, 3}, {1, 0}});
    c.atespace = *rc::gen::element<std::string>("", "a", "a-b");
    if (with_faults) {
      AddFaults(c);
      c.stale_views = *rc::gen::arbitrary<bool>();
      c.churn_per_page = *rc::gen::inRange<uint32_t>(0, 6);
      // Patience costs: a page that stays unavailable asks all nodes at each try.
      c.refreshes_max = *rc::gen::weightedElement<int>({{5, 0}, {5, 2}, {5, 10}, {1, 60}});
    }
    return c;
  });
}

RC_GTEST_PROP(ListingProperty, ExactlyOnceInAQuietCluster, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/false);
  ListingWorld world(c);
  CheckedListing listing(world);
  Demand(listing.Run(world.Start(), 0), c);
  Demand(listing.CheckComplete(/*quiet=*/true), c);
}

// How many of the cases got to what is rare, so that a suite which has become too tame fails. Zero
// tells only when a suite that is not would practically never have it: where one case in 20 gets
// there, 400 cases do; the rare ones, one in 300, take more than one run. Each run prints its
// counts, and scripts/soak adds them up.
struct Reach {
  static constexpr size_t kCasesThatTell = 400;
  static constexpr size_t kCasesThatTellOfRare = 6000;

  size_t cases = 0;
  size_t broken = 0;  // the cluster never came to rest: nothing decided
  std::map<std::string, size_t> reached;
  std::set<std::string> rare;

  void Count(bool happened, const std::string& what) {
    RC_CLASSIFY(happened, what);
    reached[what] += happened;
  }
  void CountRare(bool happened, const std::string& what) {
    Count(happened, what);
    rare.insert(what);
  }
  void Check() const {
    std::cout << "reach: " << cases << " cases\n";
    for (const auto& [what, times] : reached) {
      std::cout << "reach: " << times << " " << what << "\n";
      const bool tells = cases >= (rare.contains(what) ? kCasesThatTellOfRare : kCasesThatTell);
      EXPECT_TRUE(times > 0 || !tells) << what << " in none of " << cases << " cases";
    }
    if (cases >= kCasesThatTell) {
      EXPECT_LT(broken, cases / 20) << "too many cases decide nothing";
    }
  }
};

TEST(ListingProperty, ExactlyOnceThroughFaults) {
  Reach reach;
  EXPECT_TRUE(rc::check("every actor exactly once, through faults", [&] {
    ListingCase c = *AnyCase(/*with_faults=*/true);
    ListingWorld world(c);
    CheckedListing listing(world);
    Demand(listing.Run(world.Start(), 40), c);
    Demand(listing.CheckComplete(/*quiet=*/false), c);
    ++reach.cases;
    reach.Count(world.faults_done() > 0, "faults");
    reach.Count(world.faults_done() > 20, "many faults");
    reach.Count(listing.unavailable() > 0, "unavailable pages");
    reach.Count(c.misbehaviour && world.faults_done() > 20, "misbehaviour");
    reach.Count(c.spread == Spread::kLargeSlot && c.whole_slot_keys < 100, "a large slot");
    reach.CountRare(listing.slot_restarts() > 0, "a large slot begun anew");
    reach.Count(listing.redirects() > 0, "redirects");
    reach.Count(listing.segments_ahead() > 0, "segments ahead");
    reach.CountRare(listing.segments_ahead_dropped() > 0, "segments ahead in vain");
    reach.Count(listing.segments_prefetched() > 0, "names ahead");
    reach.CountRare(listing.segments_prefetched_stale() > 0, "names ahead in vain");
    reach.Count(world.pages_ahead() > 0, "pages ahead");
    reach.CountRare(world.pages_ahead_dropped() > 0, "pages ahead in vain");
    reach.Count(!world.poison().empty(), "unreadable records");
    reach.Count(c.large_records > 0, "records larger than a page");
    reach.CountRare(c.dropped_records > 0, "values over the reader's limit");
    reach.Count(c.faults_without != 0, "a few kinds of faults");
    reach.Count(!c.schedule.empty() && world.faults_done() > 0, "a schedule of faults");
    RC_CLASSIFY(listing.cluster_broken(), "a cluster that stays broken");
    reach.broken += listing.cluster_broken();
  }));
  reach.Check();
}

// Of a case, one that lists names alone, or of which the sink does not want everything, or both.
rc::Gen<ListingCase> AnyAskingCase(bool with_faults) {
  return rc::gen::exec([with_faults] {
    ListingCase c = *AnyCase(with_faults);
    c.keys_only = *rc::gen::arbitrary<bool>();
    c.wanted_per_8 = *rc::gen::element<uint32_t>(0, 1, 4, 7, 8);
    return c;
  });
}

RC_GTEST_PROP(ListingProperty, WhatIsAskedForExactlyOnceInAQuietCluster, ()) {
  ListingCase c = *AnyAskingCase(/*with_faults=*/false);
  ListingWorld world(c);
  CheckedListing listing(world);
  Demand(listing.Run(world.Start(), 0), c);
  Demand(listing.CheckComplete(/*quiet=*/true), c);
  RC_CLASSIFY(listing.not_wanted() > 0, "records not wanted");
}

RC_GTEST_PROP(ListingProperty, WhatIsAskedForExactlyOnceThroughFaults, ()) {
  ListingCase c = *AnyAskingCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing listing(world);
  Demand(listing.Run(world.Start(), 40), c);
  Demand(listing.CheckComplete(/*quiet=*/false), c);
  RC_CLASSIFY(listing.not_wanted() > 0, "records not wanted");
  RC_CLASSIFY(listing.redirects() > 0, "redirects");
}

// A listing that is cut into parts wherever it stands, and these again.
RC_GTEST_PROP(ListingProperty, PartsTogetherHoldEveryActorExactlyOnce, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing listing(world);
  listing.CutAfter(*rc::gen::inRange<size_t>(0, 5), *rc::gen::inRange<size_t>(2, 9));
  Demand(listing.Run(world.Start(), 40), c);
  Demand(listing.CheckComplete(/*quiet=*/false), c);
}

// Cases that broke a promise once.
class ListingRegression : public ::testing::TestWithParam<ListingCase> {};

TEST_P(ListingRegression, Holds) {
  ListingWorld world(GetParam());
  CheckedListing listing(world);
  EXPECT_EQ(listing.Run(world.Start(), 40), std::nullopt);
  EXPECT_EQ(listing.CheckComplete(/*quiet=*/false), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Found, ListingRegression,
    ::testing::Values(
        // An address passed to another cluster, whose node said of keys read before that they were
        // gone: its id was not demanded, as the new topology did not have the address.
        ListingCase{.seed = 18446744073701163007u,
                    .flavor = mockcluster::Flavor::kValkey91,
                    .primaries = 1,
                    .replicas = 1,
                    .actors = 183,
                    .foreign_keys = 20,
                    .poison_records = 2,
                    .page_size = 7,
                    .page_bytes = 30,
                    .whole_slot_keys = 30,
                    .segment_keys = 10,
                    .values_part_keys = 1,
                    .read_ahead = true,
                    .hash_bits = 0,
                    .faults_per_1000_commands = 20,
                    .faults_max = 29,
                    .misbehaviour = true,
                    .faults_without = 666835026417065132u,
                    .stale_views = true,
                    .churn_per_page = 2,
                    .wanted_per_8 = 7},
        // Every address passed to another cluster, whose topology is refused by a process that
        // knows the one it serves.
        ListingCase{.seed = 18446744073709551615u,
                    .flavor = mockcluster::Flavor::kValkey80,
                    .primaries = 1,
                    .replicas = 1,
                    .first_slot = 0,
                    .end_slot = 8,
                    .spread = Spread::kFewSlots,
                    .actors = 45,
                    .foreign_keys = 1,
                    .page_size = 2,
                    .whole_slot_keys = 5,
                    .scan_count_max = 3,
                    .segment_keys = 3,
                    .read_ahead = true,
                    .hash_bits = 3,
                    .faults_per_1000_commands = 900,
                    .faults_max = 4,
                    .misbehaviour = true,
                    .faults_without = 31272519,
                    .churn_per_page = 1,
                    .refreshes_max = 2,
                    .wanted_per_8 = 1}));

RC_GTEST_PROP(ListingProperty, AnyEarlierTokenCanBeReplayed, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing first(world);
  Demand(first.Run(world.Start(), 20), c);
  RC_PRE(!first.page_starts().empty());
  size_t index = *rc::gen::inRange<size_t>(0, first.page_starts().size());
  const auto& start = first.page_starts()[index];
  CheckedListing again(world);
  Demand(again.Run(start.position, 0), c);
  std::set<std::string> seen(
      first.listed().begin(),
      first.listed().begin() + static_cast<std::ptrdiff_t>(start.listed_before));
  seen.insert(again.listed().begin(), again.listed().end());
  if (first.cluster_broken() || again.cluster_broken()) return;
  for (const std::string& key : world.survivors()) {
    if (!seen.contains(key)) RC_FAIL("missing after a replay: " + key);
  }
}

}  // namespace
}  // namespace atestore
