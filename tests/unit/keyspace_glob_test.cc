#include <gtest/gtest.h>

#include "core/glob.h"

namespace atestore {
namespace {

TEST(GlobMatchTest, MatchesAsTheServerDoes) {
  EXPECT_TRUE(GlobMatch("", ""));
  EXPECT_FALSE(GlobMatch("", "a"));
  EXPECT_TRUE(GlobMatch("*", ""));
  EXPECT_TRUE(GlobMatch("actor:*", "actor:"));
  EXPECT_TRUE(GlobMatch("actor:*", "actor:a:b"));
  EXPECT_FALSE(GlobMatch("actor:*", "Actor:a"));
  EXPECT_FALSE(GlobMatch("actor:a:*", "actor:ab:c"));
  EXPECT_TRUE(GlobMatch("*:b", "a:b:c:b"));
  EXPECT_TRUE(GlobMatch("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(GlobMatch("a*b*c", "a-c-b"));
  EXPECT_TRUE(GlobMatch("h?llo", "hallo"));
  EXPECT_FALSE(GlobMatch("h?llo", "hllo"));
}

TEST(GlobMatchTest, Sets) {
  EXPECT_TRUE(GlobMatch("h[ae]llo", "hello"));
  EXPECT_FALSE(GlobMatch("h[ae]llo", "hillo"));
  EXPECT_TRUE(GlobMatch("h[^e]llo", "hallo"));
  EXPECT_FALSE(GlobMatch("h[^e]llo", "hello"));
  EXPECT_TRUE(GlobMatch("h[a-c]llo", "hbllo"));
  EXPECT_TRUE(GlobMatch("h[c-a]llo", "hbllo"));
  EXPECT_FALSE(GlobMatch("h[a-c]llo", "hdllo"));
  EXPECT_TRUE(GlobMatch("[\\]]", "]"));
  EXPECT_FALSE(GlobMatch("[]", "]"));
  EXPECT_TRUE(GlobMatch("a[b", "ab"));
  EXPECT_FALSE(GlobMatch("a[b", "ac"));
}

TEST(GlobMatchTest, Escapes) {
  EXPECT_TRUE(GlobMatch("a\\*b", "a*b"));
  EXPECT_FALSE(GlobMatch("a\\*b", "axb"));
  EXPECT_TRUE(GlobMatch("a\\[b\\]", "a[b]"));
  EXPECT_TRUE(GlobMatch("\\", "\\"));
}

TEST(GlobMatchTest, ManyStarsStayCheap) {
  std::string pattern;
  for (int star = 0; star < 200; ++star) pattern += "*a";
  EXPECT_FALSE(GlobMatch(pattern + "b", std::string(2000, 'a')));
}

TEST(PinnedSlotTest, OnlyALiteralOrAHashTagAheadOfAnySpecialPins) {
  EXPECT_EQ(PinnedSlot("actor:*"), std::nullopt);
  EXPECT_EQ(PinnedSlot("actor:{q}:*"), KeySlot("q"));
  EXPECT_EQ(PinnedSlot("actor:a:b"), KeySlot("actor:a:b"));
  EXPECT_EQ(PinnedSlot("*{q}"), std::nullopt);
  EXPECT_EQ(PinnedSlot("a{q*}"), std::nullopt);
  EXPECT_EQ(PinnedSlot("{}a{q}*"), std::nullopt);
  EXPECT_EQ(PinnedSlot("{}a{q}"), KeySlot("{}a{q}"));
  EXPECT_EQ(PinnedSlot("a\\{q}"), std::nullopt);
  EXPECT_EQ(PinnedSlot(""), Slot{0});
}

}  // namespace
}  // namespace atestore
