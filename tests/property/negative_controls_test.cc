// Algorithms that break the promise must be caught by the checks that ours passes: a suite that
// lets one of these through is too weak. Each control prints how many cases it took.
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "tests/property/checked_listing.h"
#include "tests/property/mutant_transport.h"
#include "tests/property/naive_walks.h"

namespace atestore {
namespace {

constexpr uint64_t kCasesMax = 400;

// Cases of a kind that reaches the rare events often: many migrations and restarts, small limits.
ListingCase CaseOf(uint64_t seed) {
  using mockcluster::Flavor;
  mockcluster::Random random(seed);
  ListingCase c{.seed = seed};
  c.flavor = random.Below(2) == 0 ? Flavor::kRedis70 : Flavor::kValkey80;
  c.spread = static_cast<Spread>(random.Below(3));
  c.actors = 150;
  c.page_size = 3 + random.Below(30);
  c.whole_slot_keys = random.Below(2) == 0 ? 5 : 2000;
  c.scan_count_max = 5 + random.Below(50);
  c.segment_keys = 1 + random.Below(10);
  c.values_part_keys = 1 + random.Below(10);
  c.faults_per_1000_commands = 150;
  c.faults_max = 200;
  c.refreshes_max = 10;
  return c;
}

using mockcluster::Fault;

uint64_t BitOf(Fault fault) { return uint64_t{1} << static_cast<size_t>(fault); }

// Of them, one in which the cluster misbehaves, by about half of the kinds of faults, so that they
// meet.
ListingCase Misbehaving(ListingCase c) {
  mockcluster::Random random(c.seed ^ 0x5A5A);
  c.misbehaviour = true;
  c.stale_views = random.Below(2) == 0;
  c.churn_per_page = static_cast<uint32_t>(random.Below(6));
  c.faults_without = random.Next() & ~BitOf(Fault::kGossip);
  return c;
}

// Runs cases until `violation` finds one.
void ExpectCaught(std::string_view what,
                  const std::function<std::optional<std::string>(const ListingCase&)>& violation) {
  for (uint64_t seed = 1; seed <= kCasesMax; ++seed) {
    if (std::optional<std::string> found = violation(CaseOf(seed))) {
      std::cout << what << ": caught by case " << seed << ": " << *found << "\n";
      return;
    }
  }
  ADD_FAILURE() << what << ": not caught by " << kCasesMax << " cases";
}

std::optional<std::string> ListOurs(const ListingCase& c, std::optional<Mutation> mutation,
                                    CheckedListing::Tamper tamper = nullptr) {
  ListingWorld world(c);
  EmbeddedTransport plain(world.cluster());
  if (mutation) world.SetTransport(std::make_unique<MutantTransport>(*mutation, plain));
  CheckedListing listing(world);
  listing.SetTamper(tamper);
  if (auto violation = listing.Run({}, 60)) return violation;
  return listing.CheckComplete(/*quiet=*/c.faults_per_1000_commands == 0);
}

std::optional<std::string> ListNaively(ListingWorld& world, NaiveWalk& walk) {
  constexpr size_t kPagesWithFaults = 200;
  constexpr size_t kPagesMax = 20'000;
  std::set<std::string> listed;
  for (size_t pages = 0; pages < kPagesMax; ++pages) {
    if (pages == kPagesWithFaults) world.EndFaults();
    std::optional<std::vector<std::string>> page = walk.NextPage(world);
    if (!page) break;
    listed.insert(page->begin(), page->end());
  }
  world.EndFaults();
  for (const std::string& key : world.survivors()) {
    if (!listed.contains(key)) return absl::StrCat("missing: ", key);
  }
  return std::nullopt;
}

TEST(NegativeControl, OurWalkPassesTheSameCases) {
  for (uint64_t seed = 1; seed <= CONTROL_CASES; ++seed) {
    std::optional<std::string> violation = ListOurs(CaseOf(seed), std::nullopt);
    ASSERT_EQ(violation, std::nullopt) << *violation << " in " << CaseOf(seed);
  }
}

// A mistake that only a cluster which misbehaves shows, and the faults that show it.
struct MisbehaviourControl {
  std::string_view mistake;
  Mutation mutation;
  std::vector<Fault> faults;
  void (*shape)(ListingCase& c) = [](ListingCase&) {};  // of cases that show it
};

const std::vector<MisbehaviourControl>& MisbehaviourControls() {
  static const auto* const controls = new std::vector<MisbehaviourControl>{
      {"MOVED of a destination as no keys",
       Mutation::kMovedMeansOrphans,
       {Fault::kBeginMigration, Fault::kMigrateKeys, Fault::kDemoteDestination, Fault::kGossip}},
      {"what a server is, remembered",
       Mutation::kServerRemembered,
       {Fault::kChangeServer, Fault::kForceGrow}},
      {"no look at cluster_state",
       Mutation::kNoClusterState,
       {Fault::kPartition, Fault::kAllowReadsWhenDown, Fault::kHealPartition, Fault::kGossip}},
      {"nil of both nodes as deleted",
       Mutation::kNilMeansGone,
       {Fault::kBeginMigration, Fault::kMigrateKeys, Fault::kReload, Fault::kDelay},
       [](ListingCase& c) { c.churn_per_page = 0; }},
      {"nothing that waits like a write",
       Mutation::kNoHeldProbe,
       {Fault::kHandOverUnheard, Fault::kGossip, Fault::kDelay},
       [](ListingCase& c) { c.stale_views = true; }},
      {"no look at who answers",
       Mutation::kNoIdentity,
       {Fault::kPassAddress, Fault::kGracefulFailover, Fault::kGossip},
       [](ListingCase& c) { c.page_size = 1000; }}};
  return *controls;
}

// A case whose faults are of the control's kinds, so that they meet at once.
ListingCase MisbehavingBy(const MisbehaviourControl& control, ListingCase c) {
  c = Misbehaving(c);
  c.faults_without = ~uint64_t{0};
  for (Fault fault : control.faults) c.faults_without &= ~BitOf(fault);
  control.shape(c);
  return c;
}

TEST(NegativeControl, OurWalkPassesWhereTheClusterMisbehaves) {
  const std::vector<MisbehaviourControl>& controls = MisbehaviourControls();
  for (uint64_t seed = 1; seed <= CONTROL_CASES; ++seed) {
    const ListingCase any = CaseOf(seed);
    const MisbehaviourControl& control = controls[seed % controls.size()];
    const ListingCase c = seed % 2 == 0 ? Misbehaving(any) : MisbehavingBy(control, any);
    std::optional<std::string> violation = ListOurs(c, std::nullopt);
    ASSERT_EQ(violation, std::nullopt) << *violation << " in " << c;
  }
}

TEST(NegativeControl, MistakesThatMisbehaviourShowsAreCaught) {
  for (const MisbehaviourControl& control : MisbehaviourControls()) {
    ExpectCaught(control.mistake, [&control](const ListingCase& c) {
      return ListOurs(MisbehavingBy(control, c), control.mutation);
    });
  }
}

TEST(NegativeControl, NodeCursorWalkIsCaught) {
  ExpectCaught("token (node, cursor)", [](const ListingCase& c) {
    ListingWorld world(c);
    return ListNaively(world, *MakeNodeCursorWalk({}));
  });
}

TEST(NegativeControl, MarkSlotsDoneWalkIsCaught) {
  ExpectCaught("slots done when the node's cursor returns", [](const ListingCase& c) {
    ListingWorld world(c);
    return ListNaively(world, *MakeMarkSlotsDoneWalk());
  });
}

TEST(NegativeControl, ZeroAsNotBegunIsCaughtWithoutAnyFault) {
  ExpectCaught("cursor 0 as not begun", [](ListingCase c) {
    c.faults_per_1000_commands = 0;
    c.spread = Spread::kUniform;
    c.actors = 9;
    c.foreign_keys = 0;
    c.page_size = 3;
    ListingWorld world(c);
    return ListNaively(world, *MakeNodeCursorWalk({.zero_is_not_begun = true}));
  });
}

TEST(NegativeControl, CountAsACapIsCaughtWithoutAnyFault) {
  ExpectCaught("COUNT as a cap", [](ListingCase c) {
    c.faults_per_1000_commands = 0;
    ListingWorld world(c);
    return ListNaively(world, *MakeNodeCursorWalk({.count_is_a_cap = true}));
  });
}

TEST(NegativeControl, NoProbeIsCaught) {
  ExpectCaught("no probe", [](const ListingCase& c) { return ListOurs(c, Mutation::kNoProbe); });
}

TEST(NegativeControl, NoOwnViewIsCaught) {
  ExpectCaught("no own view",
               [](const ListingCase& c) { return ListOurs(c, Mutation::kNoOwnView); });
}

TEST(NegativeControl, DestinationBeforeSourceIsCaught) {
  ExpectCaught("destination before source",
               [](const ListingCase& c) { return ListOurs(c, Mutation::kDestinationFirst); });
}

// Opens every slot that holds actors, moves half of its keys, and takes all of them back, to begin
// anew to the same destination, whenever a destination is about to be asked.
std::optional<std::string> ListThroughMigrationsSetAnew(ListingCase c,
                                                        std::optional<Mutation> mutation) {
  c.faults_per_1000_commands = 0;
  c.spread = Spread::kFewSlots;
  ListingWorld world(c);
  EmbeddedTransport plain(world.cluster());
  if (mutation) world.SetTransport(std::make_unique<MutantTransport>(*mutation, plain));
  std::map<Slot, mockcluster::NodeIndex> destinations;
  world.cluster()->With([&](mockcluster::Cluster& cluster) {
    for (const mockcluster::ReachableKey& key : cluster.ReachableKeys()) {
      const Slot slot = KeySlot(key.key);
      for (mockcluster::NodeIndex node : cluster.Primaries()) {
        if (destinations.contains(slot) || node == cluster.OwnerOf(slot)) continue;
        destinations[slot] = node;
        EXPECT_TRUE(cluster.BeginMigration(slot, node).ok());
        EXPECT_TRUE(cluster.MigrateKeys(slot, 3).ok());
      }
    }
    cluster.SetBetweenCommands([&](const mockcluster::NextCommand& command) {
      if (command.arguments[0] != "ASKING") return;
      for (const auto& [slot, destination] : destinations) {
        EXPECT_TRUE(cluster.AbortMigration(slot, mockcluster::AbortMode::kMoveBack).ok());
        EXPECT_TRUE(cluster.BeginMigration(slot, destination).ok());
      }
    });
  });
  CheckedListing listing(world);
  std::optional<std::string> violation = listing.Run({}, 60);
  if (!violation) violation = listing.CheckComplete(/*quiet=*/false);
  world.cluster()->With([](mockcluster::Cluster& cluster) { cluster.SetBetweenCommands({}); });
  return violation;
}

TEST(NegativeControl, NoVerificationIsCaught) {
  EXPECT_EQ(ListThroughMigrationsSetAnew(CaseOf(1), std::nullopt), std::nullopt);
  ExpectCaught("no second look at the source", [](const ListingCase& c) {
    return ListThroughMigrationsSetAnew(c, Mutation::kNoVerification);
  });
}

TEST(NegativeControl, NoRunIdIsCaught) {
  ExpectCaught("no run_id", [](ListingCase c) {
    c.spread = Spread::kLargeSlot;
    c.flavor = mockcluster::Flavor::kValkey80;
    c.whole_slot_keys = 5;
    return ListOurs(c, Mutation::kNoRunId);
  });
}

TEST(NegativeControl, AfterIncludedIsCaughtWithoutAnyFault) {
  ExpectCaught("After(hash) with >=", [](ListingCase c) {
    c.faults_per_1000_commands = 0;
    c.whole_slot_keys = 2000;
    c.spread = Spread::kFewSlots;
    return ListOurs(c, std::nullopt, [](Position& position) {
      if (auto* after = std::get_if<AfterKey>(&position.place)) --after->mark.hash;
    });
  });
}

}  // namespace
}  // namespace atestore
