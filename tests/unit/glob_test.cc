#include "core/glob.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace atestore {
namespace {

TEST(GlobTest, SplitsTextFromPattern) {
  for (const auto& [pattern, prefix, rest] : {std::tuple("user:*", "user:", "*"),
                                              {"*", "", "*"},
                                              {"", "", ""},
                                              {"text", "text", ""},
                                              {"a\\*b?", "a*b", "?"},
                                              {"a[bc]", "a", "[bc]"},
                                              {"a\\", "a", "\\"},
                                              {"a]b*", "a]b", "*"}}) {
    EXPECT_EQ(SplitGlob(pattern).prefix, prefix) << pattern;
    EXPECT_EQ(SplitGlob(pattern).rest, rest) << pattern;
  }
}

TEST(GlobTest, APrefixIsTakenLiterally) {
  const std::string pattern = GlobOfPrefix("a*[b]?\\");
  EXPECT_TRUE(GlobMatch(pattern, "a*[b]?\\c"));
  EXPECT_FALSE(GlobMatch(pattern, "ax[b]?\\c"));
  EXPECT_EQ(SplitGlob(pattern).prefix, "a*[b]?\\");
}

// Few letters, so that patterns match now and then.
rc::Gen<std::string> Text(const std::string& letters) {
  return rc::gen::container<std::string>(rc::gen::elementOf(letters));
}

RC_GTEST_PROP(GlobTest, APatternIsItsTwoParts, ()) {
  const std::string pattern = *Text("ab*?[]^-\\");
  const std::string text = *Text("ab*]");
  const GlobParts parts = SplitGlob(pattern);
  const bool by_parts = text.starts_with(parts.prefix) &&
                        GlobMatch(parts.rest, std::string_view(text).substr(parts.prefix.size()));
  RC_ASSERT(by_parts == GlobMatch(pattern, text));
}

}  // namespace
}  // namespace atestore
