#include "core/key_filter.h"

#include <gtest/gtest.h>

namespace atestore {
namespace {

TEST(KeyFilterTest, WantsWholeRecordsOfItsKindOnly) {
  KeyFilter all = KeyFilter::AllActors();
  EXPECT_TRUE(all.Matches("actor:a:x"));
  EXPECT_TRUE(all.Matches("actor:a:x:y"));
  for (std::string_view key : {"actor:", "actor:a", "actor:a:", "actor::x", "actor", "xactor:a:x",
                               "actor:{06S}", "Actor:a:x"}) {
    EXPECT_FALSE(all.Matches(key)) << key;
  }
  EXPECT_TRUE(KeyFilter::Atespaces().Matches("atespace:a"));
  EXPECT_FALSE(KeyFilter::Atespaces().Matches("atespace:"));
  EXPECT_TRUE(KeyFilter::Workers().Matches("worker:ns:pool:pod"));
  EXPECT_FALSE(KeyFilter::Workers().Matches("worker:ns:pool"));
  EXPECT_FALSE(KeyFilter::Workers().Matches("worker:ns:pool:"));
}

TEST(KeyFilterTest, AtespacesWithAPrefixInCommonAreApart) {
  KeyFilter a = KeyFilter::ActorsOf("a");
  EXPECT_TRUE(a.Matches("actor:a:x"));
  EXPECT_FALSE(a.Matches("actor:a-b:x"));
  EXPECT_FALSE(a.Matches("actor:ab:x"));
  EXPECT_FALSE(a.Matches("actor:a:"));
}

TEST(KeyFilterTest, PatternEscapesGlobCharacters) {
  EXPECT_EQ(KeyFilter::AllActors().Pattern(), "actor:*");
  EXPECT_EQ(KeyFilter::ActorsOf("a*[b]?\\").Pattern(), "actor:a\\*\\[b\\]\\?\\\\:*");
}

TEST(KeyFilterTest, ProbesAreInTheirSlotAndNobodysRecord) {
  for (Slot slot : {0, 1, 7777, 16383}) {
    for (int variant : {0, 1, 2}) {
      std::string probe = KeyFilter::ActorsOf("a").ProbeKey(slot, variant);
      EXPECT_EQ(KeySlot(probe), slot);
      EXPECT_TRUE(probe.starts_with("actor:")) << probe;
      EXPECT_FALSE(KeyFilter::AllActors().Matches(probe)) << probe;
    }
  }
  EXPECT_NE(KeyFilter::AllActors().ProbeKey(3, 0), KeyFilter::AllActors().ProbeKey(3, 1));
}

TEST(KeyFilterTest, AGlobWantsWhateverMatches) {
  const KeyFilter all = KeyFilter::Glob("*");
  EXPECT_TRUE(all.Matches(""));
  EXPECT_TRUE(all.Matches(std::string_view("\0\xff", 2)));
  EXPECT_EQ(all.Pattern(), "*");
  const KeyFilter some = KeyFilter::Glob("a\\*b:*[0-9]?");
  EXPECT_TRUE(some.Matches("a*b:x1y"));
  EXPECT_FALSE(some.Matches("axb:x1y"));
  EXPECT_FALSE(some.Matches("a*b:xy"));
  EXPECT_EQ(some.Pattern(), "a\\*b:*[0-9]?");
  EXPECT_FALSE(KeyFilter::Glob("literal").Matches("literally"));
  EXPECT_EQ(KeyFilter::Glob("literal").Pattern(), "literal");
  EXPECT_TRUE(KeyFilter::Glob("").Matches(""));
  EXPECT_FALSE(KeyFilter::Glob("").Matches("x"));
  EXPECT_FALSE(all.Where([](std::string_view key) { return key != "no"; }).Matches("no"));
}

// A hash tag of the pattern must not decide the slot of the probes.
TEST(KeyFilterTest, ProbesOfAGlobAreInTheirSlot) {
  for (const char* glob : {"*", "user:*", "{tag}:*", "a{b", "a?{tag}", "{*", "", "x}y*"}) {
    for (Slot slot : {0, 1, 7777, 16383}) {
      const std::string probe = KeyFilter::Glob(glob).ProbeKey(slot, 1);
      EXPECT_EQ(KeySlot(probe), slot) << glob;
      EXPECT_NE(probe, KeyFilter::Glob(glob).ProbeKey(slot, 0));
    }
  }
  EXPECT_TRUE(KeyFilter::Glob("user:*").ProbeKey(5, 0).starts_with("user:"));
}

TEST(ActorKeyTest, RoundTrip) {
  EXPECT_EQ(ActorKey("space", "id"), "actor:space:id");
  EXPECT_EQ(ParseActorKey("actor:space:id:more").atespace, "space");
  EXPECT_EQ(ParseActorKey("actor:space:id:more").actor_id, "id:more");
  EXPECT_EQ(ParseActorKey("actor:space").atespace, "");
}

}  // namespace
}  // namespace atestore
