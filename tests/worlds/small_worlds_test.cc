// Every listing of a small cluster through every placement of a few events, with the readers of the
// product: what sampling meets once in many thousand cases, this meets always. And the planted
// mistakes that it must find.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/worlds/world_search.h"

namespace atestore {
namespace {

// A half moved slot is two events old, and a large one takes many more commands: one event less.
size_t EventsMaxOf(const WorldSetup& setup) { return setup.half_moved || setup.large_slot ? 2 : 3; }

void Print(const WorldSetup& setup, size_t events, const SearchResult& result) {
  std::cout << ToString(setup) << ": up to " << events << " events: " << result.worlds
            << " worlds run, " << result.states << " states; cut: " << result.cut_known
            << " known, " << result.cut_unseen << " unseen, " << result.cut_refused << " refused\n";
}

class SmallWorlds : public testing::TestWithParam<WorldSetup> {};

TEST_P(SmallWorlds, KeepThePromise) {
  const WorldSetup& setup = GetParam();
  const size_t events = EventsMaxOf(setup);
  const SearchResult result = WorldSearch({.setup = setup, .events_max = events}).Run();
  Print(setup, events, result);
  EXPECT_TRUE(result.is_complete || !result.violations.empty());
  EXPECT_EQ(result.broken, 0u) << "clusters that no repair makes well decide nothing";
  for (const WorldViolation& violation : result.violations) {
    ADD_FAILURE() << violation.what << "\nsmall_worlds --replay '" << ToString(setup) << " "
                  << ToString(violation.events) << "'";
  }
}

std::string NameOfSetup(const testing::TestParamInfo<WorldSetup>& info) {
  std::string name = ToString(info.param);
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Every, SmallWorlds, testing::ValuesIn(AllSetups()), NameOfSetup);

void ExpectFound(std::string_view what, const Planted& planted, const WorldSetup& setup) {
  // A downgrade finds some of them at once, and there are other ways.
  const SearchResult result =
      WorldSearch(
          {.setup = setup, .planted = planted, .events_max = 3, .without = {EventKind::kDowngrade}})
          .Run();
  ASSERT_FALSE(result.violations.empty())
      << what << ": not found in " << result.worlds << " worlds";
  std::cout << what << ": found in world " << result.worlds << " of " << ToString(setup) << ", "
            << ToString(result.violations[0].events) << ": " << result.violations[0].what << "\n";
}

using mockcluster::Flavor;

TEST(PlantedMistake, DestinationBeforeSource) {
  ExpectFound("destination before source", {.mutation = Mutation::kDestinationFirst},
              {.flavor = Flavor::kValkey80, .half_moved = true});
}

TEST(PlantedMistake, NoVerification) {
  ExpectFound("no second look at the source", {.mutation = Mutation::kNoVerification},
              {.flavor = Flavor::kValkey80, .half_moved = true});
}

TEST(PlantedMistake, NoProbe) {
  ExpectFound("no probe", {.mutation = Mutation::kNoProbe}, {.flavor = Flavor::kRedis70});
}

TEST(PlantedMistake, NoOwnView) {
  ExpectFound("no own view", {.mutation = Mutation::kNoOwnView}, {.flavor = Flavor::kValkey80});
}

TEST(PlantedMistake, MovedOfADestinationMeansComplete) {
  ExpectFound("MOVED of a destination means complete", {.mutation = Mutation::kMovedMeansOrphans},
              {.flavor = Flavor::kRedis70, .half_moved = true});
}

TEST(PlantedMistake, NoRunId) {
  ExpectFound("no run_id", {.mutation = Mutation::kNoRunId},
              {.flavor = Flavor::kValkey80, .large_slot = true});
}

TEST(PlantedMistake, AfterIncluded) {
  ExpectFound("After(hash) with >=", {.after_included = true}, {.flavor = Flavor::kValkey80});
}

TEST(WorldEvent, TextIsReadBack) {
  for (const Event& event : EventsOf(kWorldNodes, kWorldKeys)) {
    EXPECT_EQ(ParseEvent(ToString(event)), event);
  }
  const std::vector<PlacedEvent> events = {{3, {EventKind::kMove}}, {4, {EventKind::kNews, 2}}};
  EXPECT_EQ(ToString(events), "3=move,4=news:2");
  EXPECT_EQ(ParseEvents("3=move,4=news:2"), events);
  for (const char* text :
       {"3=nothing", "3=move:1", "3=news", "x=move", "4=move,3=move", "3=news:9"}) {
    EXPECT_EQ(ParseEvents(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace atestore
