// P1 … P8 of docs/consistency.md, over generated clusters, populations, page sizes and schedules of
// faults between any two commands.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

rc::Gen<ListingCase> AnyCase(bool with_faults) {
  using mockcluster::Flavor;
  return rc::gen::exec([with_faults] {
    ListingCase c;
    c.seed = *rc::gen::resize(1000, rc::gen::arbitrary<uint64_t>());
    c.flavor = *rc::gen::element(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91);
    c.primaries = *rc::gen::inRange<size_t>(1, 5);
    c.replicas = *rc::gen::inRange<size_t>(0, 3);
    c.spread = *rc::gen::element(Spread::kUniform, Spread::kFewSlots, Spread::kHugeSlot);
    c.actors = *rc::gen::inRange<size_t>(0, 200);
    c.foreign_keys = *rc::gen::inRange<size_t>(0, 40);
    c.poison_records = *rc::gen::inRange<size_t>(0, 3);
    c.page_size = *rc::gen::element<size_t>(1, 2, 3, 7, 20, 64, 1000);
    c.page_bytes = *rc::gen::element<size_t>(30, 200, 1 << 20);
    c.whole_slot_keys = *rc::gen::element<size_t>(5, 30, 2000);
    c.scan_count_max = *rc::gen::element<size_t>(3, 20, 1000);
    c.segment_names = *rc::gen::element<size_t>(1, 3, 10, kSegmentNames);
    c.values_part_keys = *rc::gen::element<size_t>(1, 4, kValuesPartKeys);
    c.read_ahead = *rc::gen::arbitrary<bool>();
    c.hash_bits = *rc::gen::weightedElement<int>({{6, 64}, {1, 3}, {1, 0}});
    c.atespace = *rc::gen::element<std::string>("", "a", "a-b");
    if (with_faults) {
      c.faults_per_1000_commands = *rc::gen::element<uint32_t>(2, 20, 100, 300);
      c.faults_max = *rc::gen::inRange<uint32_t>(1, 60);
      c.stale_views = *rc::gen::arbitrary<bool>();
      c.churn_per_page = *rc::gen::inRange<uint32_t>(0, 6);
      c.refreshes_max = *rc::gen::element<int>(0, 2, 60);
    }
    return c;
  });
}

RC_GTEST_PROP(ListingProperty, ExactlyOnceInAQuietCluster, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/false);
  ListingWorld world(c);
  CheckedListing listing(world);
  Demand(listing.Run({}, 0), c);
  Demand(listing.CheckComplete(/*quiet=*/true), c);
}

// How many of the cases got to what is rare, so that a suite which has become too tame fails.
struct Reach {
  size_t cases = 0;
  size_t broken = 0;  // the cluster never came to rest: nothing decided
  std::map<std::string, size_t> reached;

  void Count(bool happened, const std::string& what) {
    RC_CLASSIFY(happened, what);
    reached[what] += happened;
  }
};

constexpr size_t kCasesThatTell = 100;

TEST(ListingProperty, ExactlyOnceThroughFaults) {
  Reach reach;
  EXPECT_TRUE(rc::check("every actor exactly once, through faults", [&] {
    ListingCase c = *AnyCase(/*with_faults=*/true);
    ListingWorld world(c);
    CheckedListing listing(world);
    Demand(listing.Run({}, 40), c);
    Demand(listing.CheckComplete(/*quiet=*/false), c);
    ++reach.cases;
    reach.Count(world.faults_done() > 0, "faults");
    reach.Count(world.faults_done() > 20, "many faults");
    reach.Count(listing.unavailable() > 0, "unavailable pages");
    reach.Count(c.spread == Spread::kHugeSlot && c.whole_slot_keys < 100, "a huge slot");
    reach.Count(listing.slot_restarts() > 0, "a huge slot begun anew");
    reach.Count(listing.redirects() > 0, "redirects");
    reach.Count(listing.segments_ahead() > 0, "segments ahead");
    reach.Count(listing.segments_ahead_dropped() > 0, "segments ahead in vain");
    reach.Count(listing.segments_found() > 0, "names ahead");
    reach.Count(listing.segments_found_stale() > 0, "names ahead in vain");
    reach.Count(world.pages_ahead() > 0, "pages ahead");
    reach.Count(world.pages_ahead_dropped() > 0, "pages ahead in vain");
    reach.Count(!world.poison().empty(), "unreadable records");
    RC_CLASSIFY(listing.cluster_broken(), "a cluster that stays broken");
    reach.broken += listing.cluster_broken();
  }));
  if (reach.cases < kCasesThatTell) return;
  for (const auto& [what, times] : reach.reached) EXPECT_GT(times, 0) << what;
  EXPECT_LT(reach.broken, reach.cases / 20) << "too many cases decide nothing";
}

// A listing that is cut into parts wherever it stands, and these again.
RC_GTEST_PROP(ListingProperty, PartsTogetherHoldEveryActorExactlyOnce, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing listing(world);
  listing.CutAfter(*rc::gen::inRange<size_t>(0, 5), *rc::gen::inRange<size_t>(2, 9));
  Demand(listing.Run({}, 40), c);
  Demand(listing.CheckComplete(/*quiet=*/false), c);
}

RC_GTEST_PROP(ListingProperty, AnyEarlierTokenCanBeReplayed, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing first(world);
  Demand(first.Run({}, 20), c);
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
