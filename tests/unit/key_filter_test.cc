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

TEST(ActorKeyTest, RoundTrip) {
  EXPECT_EQ(ActorKey("space", "id"), "actor:space:id");
  EXPECT_EQ(ParseActorKey("actor:space:id:more").atespace, "space");
  EXPECT_EQ(ParseActorKey("actor:space:id:more").actor_id, "id:more");
  EXPECT_EQ(ParseActorKey("actor:space").atespace, "");
}

}  // namespace
}  // namespace atestore
