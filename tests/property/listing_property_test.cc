// P1 … P8 of docs/consistency.md, over generated clusters, populations, page sizes and schedules of
// faults between any two commands.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "core/page_token.h"
#include "tests/property/listing_world.h"

namespace atestore {
namespace {

constexpr uint64_t kRequestHash = 42;

// One listing, checked page by page.
class CheckedListing {
 public:
  explicit CheckedListing(ListingWorld& world) : world_(world) {}

  // From `start` to the end. Faults end after a while, so that P7 can hold.
  void Run(const Position& start, size_t pages_with_faults) {
    std::optional<Position> position = start;
    for (size_t pages = 0; position; ++pages) {
      if (pages == pages_with_faults) {
        world_.EndFaults();
        calls_left_ = kSlotCount + 4 * world_.options().actors + 1000;
      }
      if (pages > pages_with_faults) RC_ASSERT(calls_left_-- > 0);  // P7
      WorldPage page = world_.ListPage(*position);
      Check(page);
      if (page.unavailable) {
        ++unavailable_;
        RC_ASSERT(page.records.empty());
        if (pages >= pages_with_faults) RC_FAIL("unavailable although no fault is left");
        continue;
      }
      positions_.push_back({*position, listed_.size()});
      for (const auto& [key, value] : page.records) listed_.push_back(key);
      position = ThroughToken(page.next);
    }
  }

  // P1 and P2 for the records listed behind the first `from`.
  void CheckComplete(bool duplicates_allowed) {
    std::map<std::string, size_t> count;
    for (const std::string& key : listed_) ++count[key];
    for (const std::string& key : world_.survivors()) {
      if (count[key] == 0) RC_FAIL("missing: " + key);
      if (count[key] > 1 && !duplicates_allowed) RC_FAIL("twice: " + key);
    }
  }

  struct PageStart {
    Position position;
    size_t listed_before;
  };
  const std::vector<PageStart>& page_starts() const { return positions_; }
  const std::vector<std::string>& listed() const { return listed_; }
  size_t unavailable() const { return unavailable_; }

 private:
  void Check(const WorldPage& page) {
    RC_ASSERT(page.records.size() <= world_.options().page_size);  // P4
    size_t bytes = 0;
    for (const auto& [key, value] : page.records) {
      bytes += value.size();
      if (!world_.filter().Matches(key)) RC_FAIL("not asked for: " + key);
      if (!world_.WasTrueDuringLastPage(key, value)) {  // P3
        RC_FAIL("never true during the call: " + key + " = " + value);
      }
    }
    RC_ASSERT(bytes <= world_.options().page_bytes);
  }

  // Every page is served by a new process: only the token goes from one to the next.
  std::optional<Position> ThroughToken(const std::optional<Position>& next) {
    if (!next) return std::nullopt;
    PageTokenCodec codec;
    std::string token = codec.Encode(*next, kRequestHash);
    RC_ASSERT(token.size() <= kPageTokenLengthMax);
    auto decoded = codec.Decode(token, kRequestHash);
    RC_ASSERT(std::holds_alternative<Position>(decoded));
    RC_ASSERT(std::get<Position>(decoded) == *next);
    return std::get<Position>(decoded);
  }

  ListingWorld& world_;
  std::vector<std::string> listed_;
  std::vector<PageStart> positions_;
  size_t unavailable_ = 0;
  size_t calls_left_ = 0;
};

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
    c.hash_bits = *rc::gen::weightedElement<int>({{6, 64}, {1, 3}, {1, 0}});
    c.atespace = *rc::gen::element<std::string>("", "a", "a-b");
    if (with_faults) {
      c.faults_per_1000_commands = *rc::gen::element<uint32_t>(2, 20, 100, 300);
      c.faults_max = *rc::gen::inRange<uint32_t>(1, 60);
      c.stale_views = *rc::gen::arbitrary<bool>();
      c.churn_per_page = *rc::gen::inRange<uint32_t>(0, 6);
    }
    return c;
  });
}

// A slot that is not read whole may repeat its records after a topology event.
bool MayRepeat(const ListingCase& c) { return c.whole_slot_keys < 2000; }

RC_GTEST_PROP(ListingProperty, ExactlyOnceInAQuietCluster, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/false);
  ListingWorld world(c);
  CheckedListing listing(world);
  listing.Run({}, 0);
  listing.CheckComplete(/*duplicates_allowed=*/false);
}

RC_GTEST_PROP(ListingProperty, ExactlyOnceThroughFaults, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing listing(world);
  listing.Run({}, 40);
  listing.CheckComplete(MayRepeat(c));
  size_t faults = world.faults_done();
  RC_CLASSIFY(faults > 0, "faults");
  RC_CLASSIFY(faults > 20, "many faults");
  RC_CLASSIFY(listing.unavailable() > 0, "unavailable pages");
  RC_CLASSIFY(c.spread == Spread::kHugeSlot && MayRepeat(c), "a huge slot");
  RC_CLASSIFY(c.stale_views, "stale views");
  RC_CLASSIFY(c.hash_bits < 64, "equal hashes");
}

RC_GTEST_PROP(ListingProperty, AnyEarlierTokenCanBeReplayed, ()) {
  ListingCase c = *AnyCase(/*with_faults=*/true);
  ListingWorld world(c);
  CheckedListing first(world);
  first.Run({}, 20);
  RC_PRE(!first.page_starts().empty());
  size_t index = *rc::gen::inRange<size_t>(0, first.page_starts().size());
  const auto& start = first.page_starts()[index];
  CheckedListing again(world);
  again.Run(start.position, 0);
  std::set<std::string> seen(
      first.listed().begin(),
      first.listed().begin() + static_cast<std::ptrdiff_t>(start.listed_before));
  seen.insert(again.listed().begin(), again.listed().end());
  for (const std::string& key : world.survivors()) {
    if (!seen.contains(key)) RC_FAIL("missing after a replay: " + key);
  }
}

}  // namespace
}  // namespace atestore
