// The judge can tell: each kind of listing with a planted mistake, and what churn excuses.
#include "tests/soak/nemesis_judge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/soak/plain_cluster_client.h"

namespace atestore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kStaying = 40;

absl::Time At(int second) { return absl::FromUnixSeconds(second); }
std::string Staying(int i) { return std::string(1, kNemesisStays) + std::to_string(i); }
std::string Changing(int i) { return std::string(1, kNemesisChanges) + std::to_string(i); }

// Forty actors that stay, version 1. Every listing lasts from second 10 to second 20.
class NemesisJudgeTest : public ::testing::Test {
 protected:
  NemesisJudgeTest() {
    for (int i = 0; i < kStaying; ++i) {
      Write(Staying(i), 1, 0);
      SeenThroughout(Staying(i));
    }
  }

  void Write(const std::string& id, int64_t version, int second) {
    const std::string key = NemesisKey(id);
    if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) keys_.push_back(key);
    history_.WriteTried(key, version, NemesisStatusOf(id, version), At(second));
  }
  void SeenThroughout(const std::string& id) {
    history_.WasPresent(NemesisKey(id), {At(1), At(2)});
    history_.WasPresent(NemesisKey(id), {At(21), At(22)});
  }

  static void List(NemesisListing& listing, const std::string& id, int64_t version = 1) {
    ++listing.seen[NemesisKey(id)];
    listing.versions.emplace_back(NemesisKey(id), version);
  }
  // As a store without a fault lists the actors that stay.
  static NemesisListing Honest(NemesisKind kind,
                               const std::optional<NemesisFilter>& filter = std::nullopt) {
    NemesisListing listing{.kind = kind, .filter = filter, .when = {At(10), At(20)}};
    for (int i = 0; i < kStaying; ++i) {
      const bool by_status = filter && filter->field == NemesisFilter::Field::kStatus;
      const std::string value =
          by_status ? NemesisStatusOf(Staying(i), 1) : NemesisGroupOf(NemesisKey(Staying(i)));
      if (!filter || value == filter->value) List(listing, Staying(i));
    }
    return listing;
  }
  static NemesisListing HonestCount(bool grouped) {
    NemesisListing listing = Honest(NemesisKind::kCount);
    listing.is_grouped = grouped;
    for (const auto& [key, times] : std::exchange(listing.seen, {})) {
      listing.counts[grouped ? NemesisGroupOf(key) : ""] += 1;
    }
    listing.versions.clear();
    return listing;
  }

  NemesisVerdict Judge(const NemesisListing& listing) const {
    return JudgeListing(listing, keys_, history_, writers_);
  }

  std::vector<std::string> keys_;
  KeyHistory history_;
  SlotWriters writers_;
};

const NemesisFilter kRunning{NemesisFilter::Field::kStatus, kNemesisRunning};
const NemesisFilter kOdd{NemesisFilter::Field::kGroup, "odd"};

TEST_F(NemesisJudgeTest, HasNothingAgainstAnHonestStore) {
  const NemesisListing honest[] = {Honest(NemesisKind::kPages),
                                   Honest(NemesisKind::kWide),
                                   Honest(NemesisKind::kFilter, kRunning),
                                   Honest(NemesisKind::kFilter, kOdd),
                                   HonestCount(false),
                                   HonestCount(true)};
  for (const NemesisListing& listing : honest) {
    const NemesisVerdict verdict = Judge(listing);
    EXPECT_THAT(verdict.faults, IsEmpty());
    EXPECT_EQ(verdict.demanded, listing.filter ? kStaying / 2 : kStaying);
    EXPECT_EQ(verdict.missing + verdict.duplicates + verdict.wrong, 0);
  }
}

TEST_F(NemesisJudgeTest, MissesAPartition) {
  NemesisListing listing = Honest(NemesisKind::kWide);
  for (int i = 10; i < 20; ++i) listing.seen.erase(NemesisKey(Staying(i)));
  EXPECT_EQ(Judge(listing).missing, 10);
}

TEST_F(NemesisJudgeTest, SeesAPartitionTwice) {
  NemesisListing listing = Honest(NemesisKind::kWide);
  for (int i = 10; i < 20; ++i) List(listing, Staying(i));
  EXPECT_EQ(Judge(listing).duplicates, 10);
}

TEST_F(NemesisJudgeTest, SeesThatAFilterIsIgnored) {
  for (const NemesisFilter& filter : {kRunning, kOdd}) {
    NemesisListing listing = Honest(NemesisKind::kPages);
    listing.kind = NemesisKind::kFilter;
    listing.filter = filter;
    EXPECT_EQ(Judge(listing).wrong, kStaying / 2);
  }
}

TEST_F(NemesisJudgeTest, MissesWhatAFilterLeavesOut) {
  for (const NemesisFilter& filter : {kRunning, kOdd}) {
    NemesisListing listing = Honest(NemesisKind::kFilter, filter);
    listing.seen.erase(listing.seen.begin());
    const NemesisVerdict verdict = Judge(listing);
    EXPECT_EQ(verdict.missing, 1);
    EXPECT_THAT(verdict.faults, ElementsAre(HasSubstr("listed 0 times")));
  }
}

TEST_F(NemesisJudgeTest, SeesOneMoreOrLessInACount) {
  for (const bool grouped : {false, true}) {
    NemesisListing more = HonestCount(grouped);
    ++more.counts.rbegin()->second;
    EXPECT_EQ(Judge(more).duplicates, 1);
    NemesisListing less = HonestCount(grouped);
    --less.counts.rbegin()->second;
    EXPECT_EQ(Judge(less).missing, 1);
  }
  NemesisListing moved = HonestCount(true);  // the sum is right
  ++moved.counts["even"];
  --moved.counts["odd"];
  EXPECT_EQ(Judge(moved).duplicates, 1);
  EXPECT_EQ(Judge(moved).missing, 1);
  NemesisListing strange = HonestCount(true);
  strange.counts["nosuch"] = 1;
  EXPECT_EQ(Judge(strange).wrong, 1);
}

// Version 1 of c8 is SUSPENDED, that of the next phase RUNNING.
TEST_F(NemesisJudgeTest, LeavesOpenWhatAChangedStatusAllows) {
  const std::string id = Changing(8);
  ASSERT_EQ(NemesisStatusOf(id, 1), kNemesisSuspended);
  Write(id, 1, 0);
  SeenThroughout(id);
  NemesisListing with = Honest(NemesisKind::kFilter, kRunning);
  List(with, id);
  EXPECT_EQ(Judge(with).wrong, 1) << "nobody has written it yet";

  // During the listing: it may be there or not, but not twice.
  const int64_t running = kNemesisVersionsOfPhase;
  Write(id, running, 15);
  EXPECT_THAT(Judge(with).faults, IsEmpty());
  EXPECT_THAT(Judge(Honest(NemesisKind::kFilter, kRunning)).faults, IsEmpty());
  List(with, id);
  EXPECT_EQ(Judge(with).duplicates, 1);
}

TEST_F(NemesisJudgeTest, DemandsAStatusThatChangesOnlyAfterTheListing) {
  const std::string id = Changing(8);
  Write(id, kNemesisVersionsOfPhase, 0);
  SeenThroughout(id);
  Write(id, 2 * kNemesisVersionsOfPhase, 21);
  EXPECT_EQ(Judge(Honest(NemesisKind::kFilter, kRunning)).missing, 1);
  const NemesisFilter suspended{NemesisFilter::Field::kStatus, kNemesisSuspended};
  NemesisListing listing = Honest(NemesisKind::kFilter, suspended);
  List(listing, id, kNemesisVersionsOfPhase);
  EXPECT_EQ(Judge(listing).wrong, 1);
}

TEST_F(NemesisJudgeTest, CountsBetweenThoseThatStayedAndThoseThatWereThere) {
  Write(Changing(0), 1, 0);  // gone for a while
  history_.WasPresent(NemesisKey(Changing(0)), {At(1), At(2)});
  history_.DeleteTried(NemesisKey(Changing(0)), {At(12), At(13)});
  Write(Changing(4), 1, 23);  // not yet there
  NemesisListing count = HonestCount(true);
  EXPECT_THAT(Judge(count).faults, IsEmpty());
  count.counts["changing"] = 1;
  EXPECT_THAT(Judge(count).faults, IsEmpty());
  count.counts["changing"] = 2;
  EXPECT_EQ(Judge(count).duplicates, 1);
}

TEST(NemesisRecord, IsWhatTheJudgeTakesItFor) {
  const std::string id = Staying(7);
  for (const int64_t version : {int64_t{1}, kNemesisVersionsOfPhase}) {
    const std::string record = NemesisRecord(id, version);
    EXPECT_EQ(NemesisStatusIn(record), NemesisStatusOf(id, version));
    EXPECT_THAT(record, HasSubstr("\"actorTemplateNamespace\":\"odd\""));
  }
  EXPECT_NE(NemesisStatusOf(id, 1), NemesisStatusOf(id, kNemesisVersionsOfPhase));
  EXPECT_EQ(NemesisStatusIn(R"({ "status" : "STATUS_RUNNING" })"), kNemesisRunning);
}

// Where two nodes accept writes for a slot at a time, nobody can say what its keys are.
TEST_F(NemesisJudgeTest, TwoNodesThatTakeWritesExcuseTheirSlot) {
  NemesisListing listing = Honest(NemesisKind::kPages);
  listing.seen.erase(NemesisKey(Staying(7)));
  SlotWriters::Slots slots;
  slots.set(PlainSlotOf(NemesisKey(Staying(7))));
  writers_.Add(7000, {At(8), At(9)}, slots);
  writers_.Add(7001, {At(10), At(11)}, slots);
  EXPECT_EQ(Judge(listing).missing, 1) << "the slot may have moved";
  writers_.Add(7000, {At(12), At(13)}, {});
  writers_.Add(7001, {At(14), At(15)}, slots);
  EXPECT_EQ(Judge(listing).missing, 1);
  writers_.Add(7000, {At(16), At(17)}, slots);
  EXPECT_EQ(Judge(listing).missing, 1) << "another node may have been asked between the two";
  writers_.Add(7001, {At(18), At(19)}, slots);
  const NemesisVerdict excused = Judge(listing);
  EXPECT_EQ(excused.missing, 0);
  EXPECT_EQ(excused.two_writers, 1);
  NemesisListing other = Honest(NemesisKind::kPages);
  other.seen.erase(NemesisKey(Staying(8)));
  EXPECT_EQ(Judge(other).missing, 1) << "only their slot";
}

}  // namespace
}  // namespace atestore
