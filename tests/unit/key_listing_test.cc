// KeyListing over the emulator: keys of every type, in every mode.
#include "store/key_listing.h"
#include "core/page_token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/glob.h"
#include "store/advanced.h"
#include "store/embedded/embedded_transport.h"
#include "store/error_info.h"

namespace atestore {
namespace {

using mockcluster::Flavor;
using mockcluster::ValueType;
using Counts = std::map<std::string, int>;

constexpr int kKeys = 3000;
constexpr int kKeysOfASlot = 1500;  // in one slot; with three times as many it is a huge one

// Keys that have nothing in common, of every type.
struct TestKey {
  std::string key;
  std::string value;
  ValueType type = ValueType::kString;
};

std::vector<TestKey> TestKeys() {
  std::vector<TestKey> keys{{"", "of the empty key"},
                            {std::string("zero\0byte", 9), std::string("\0\xff\n", 3)},
                            {"\xff\xfe", ""},
                            {"{", "a"},
                            {"}{", "b"},
                            {"{}x", "c"},
                            {"a*b?[c]\\", "d"}};
  for (int number = 0; number < kKeys; ++number) {
    keys.push_back({.key = absl::StrCat("user:", number),
                    .value = absl::StrCat("value ", number),
                    .type = static_cast<ValueType>(number % 6)});
  }
  for (int number = 0; number < kKeysOfASlot; ++number) {
    keys.push_back({absl::StrCat("{cart}:", number), "of one slot"});
  }
  for (int number = 0; number < 3 * kKeysOfASlot; ++number) {
    keys.push_back({absl::StrCat("{huge}:", number), "of a huge slot"});
  }
  return keys;
}

class KeyListingTest : public testing::TestWithParam<Flavor> {
 protected:
  void SetUp() override {
    cluster_ = std::make_shared<EmbeddedCluster>(
        mockcluster::ClusterOptions{.primaries = 3, .flavor = GetParam()});
    for (const TestKey& key : keys_) Put(key);
    listing_ = MakeListing();
  }

  void Put(const TestKey& key) {
    cluster_->With([&](mockcluster::Cluster& emulated) {
      EXPECT_TRUE(emulated.PutTyped(key.key, key.value, key.type).ok());
    });
  }

  std::unique_ptr<KeyListing> MakeListing() {
    return KeyListing::Open(
               std::make_unique<EmbeddedTransport>(cluster_),
               StoreOptions{.seeds = cluster_->Endpoints(), .retry_budget = absl::Milliseconds(50)})
        .value();
  }

  static void Count(const KeyPage& page, Counts* counts) {
    for (size_t index = 0; index < page.size(); ++index) {
      ++(*counts)[std::string(page.key(index))];
    }
  }

  // Page by page; `between` is called between them.
  Counts List(const KeyQuery& query, size_t page_size, const std::function<void()>& between = {}) {
    Counts counts;
    KeyListing::Page page{.size = page_size};
    do {
      absl::StatusOr<KeyPage> listed = listing_->ListKeys(query, page);
      EXPECT_TRUE(listed.ok()) << listed.status();
      if (!listed.ok()) break;
      EXPECT_LE(listed->size(), page_size);
      EXPECT_LE(listed->next_page_token().size(), kPageTokenLengthMax);
      Count(*listed, &counts);
      page.token = listed->next_page_token();
      if (between) between();
    } while (!page.token.empty());
    return counts;
  }

  void ExpectEachOnce(const Counts& counts, std::string_view match) {
    size_t expected = 0;
    for (const TestKey& key : keys_) {
      if (!GlobMatch(match, key.key)) continue;
      ++expected;
      auto found = counts.find(key.key);
      EXPECT_EQ(found == counts.end() ? 0 : found->second, 1) << key.key;
    }
    EXPECT_EQ(counts.size(), expected) << match;
  }

  absl::Status ErrorOf(const KeyQuery& query, const std::string& token) {
    return listing_->ListKeys(query, {.size = 10, .token = token}).status();
  }

  const std::vector<TestKey> keys_ = TestKeys();
  std::shared_ptr<EmbeddedCluster> cluster_;
  std::unique_ptr<KeyListing> listing_;
};

INSTANTIATE_TEST_SUITE_P(Flavors, KeyListingTest,
                         testing::Values(Flavor::kRedis70, Flavor::kValkey80, Flavor::kValkey91));

TEST_P(KeyListingTest, EveryKeyOfEveryTypeOnce) {
  for (const bool values : {false, true}) {
    for (const size_t page_size : {97, 1000, 10'000}) {
      ExpectEachOnce(List({.match = "*", .values = values}, page_size), "*");
    }
  }
}

TEST_P(KeyListingTest, WhatMatchesAsOnTheServer) {
  for (const std::string match :
       {"user:*", "user:1?[0-5]", "*9", "{cart}:*", "{cart}:1", "*{*", "", "user:7", "nobody:*",
        "a\\*b\\?\\[c\\]\\\\", "[^u]*", "zero*", "{*", "\xff*"}) {
    ExpectEachOnce(List({.match = match}, 1000), match);
    ExpectEachOnce(List({.match = match, .values = true}, 100), match);
  }
  ExpectEachOnce(List({.match = GlobOfPrefix("a*b?")}, 10), "a\\*b\\?*");
}

TEST_P(KeyListingTest, StringsHaveTheirValuesAndOthersSayWhyNot) {
  KeyListing::Page page;
  std::map<std::string, std::pair<std::string, std::optional<KeyPage::NoValue>>> found;
  do {
    absl::StatusOr<KeyPage> listed = listing_->ListKeys({.values = true}, page);
    ASSERT_TRUE(listed.ok()) << listed.status();
    for (size_t index = 0; index < listed->size(); ++index) {
      EXPECT_NE(listed->value(index).has_value(), listed->no_value(index).has_value());
      found[std::string(listed->key(index))] = {std::string(listed->value(index).value_or("")),
                                                listed->no_value(index)};
    }
    page.token = listed->next_page_token();
  } while (!page.token.empty());
  ASSERT_EQ(found.size(), keys_.size());
  for (const TestKey& key : keys_) {
    const auto& [value, why] = found[key.key];
    if (key.type == ValueType::kString) {
      EXPECT_EQ(value, key.value);
      EXPECT_FALSE(why);
    } else {
      EXPECT_EQ(why, KeyPage::NoValue::kNotAString) << key.key;
    }
  }
}

TEST_P(KeyListingTest, KeysAloneSayNothingOfValues) {
  absl::StatusOr<KeyPage> page = listing_->ListKeys({.match = "user:*"}, {.size = 10});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->size(), 10u);
  EXPECT_FALSE(page->value(0));
  EXPECT_FALSE(page->no_value(0));
}

// Slots move, and half of them are in migration whenever a page is read.
TEST_P(KeyListingTest, EveryKeyOnceThroughAReshard) {
  for (const bool values : {false, true}) {
    Slot slot = 0;
    int turn = 0;
    auto reshard = [&] {
      ++turn;
      cluster_->With([&](mockcluster::Cluster& emulated) {
        const auto to = static_cast<mockcluster::NodeIndex>(turn % 3);
        for (int moved = 0; moved < 200; ++moved, slot = (slot + 7) % kSlotCount) {
          // Keys of a huge slot may be listed again when its owner changes.
          if (slot == KeySlot("huge")) continue;
          emulated.MoveSlot(slot, to).IgnoreError();  // it may be there already
        }
        const Slot cart = KeySlot("cart");
        if (emulated.BeginMigration(cart, to).ok()) {
          EXPECT_TRUE(emulated.MigrateKeys(cart, 100).ok());
        } else {
          emulated.FinishMigration(cart).IgnoreError();
        }
      });
    };
    ExpectEachOnce(List({.match = "*", .values = values}, 300, reshard), "*");
    EXPECT_GT(turn, 15);
  }
}

TEST_P(KeyListingTest, AWideReadIsTakenUpWithAnotherWidth) {
  for (const KeyQuery& query : {KeyQuery{}, KeyQuery{.match = "user:*", .values = true}}) {
    Counts counts;
    std::vector<std::string> left;
    for (const size_t width : {4, 1, 0}) {
      absl::StatusOr<std::unique_ptr<WideKeyReader>> reader =
          listing_->ReadKeysWide(query, {.page_tokens = left, .width = width}, 100);
      ASSERT_TRUE(reader.ok()) << reader.status();
      for (int page = 0; (page < 10 || width == 0) && !(*reader)->page_tokens().empty(); ++page) {
        absl::StatusOr<KeyPage> next = (*reader)->Next();
        ASSERT_TRUE(next.ok()) << next.status();
        Count(*next, &counts);
      }
      left = (*reader)->page_tokens();
      if (left.empty()) break;
    }
    EXPECT_TRUE(left.empty());
    ExpectEachOnce(counts, query.match);
  }
}

TEST_P(KeyListingTest, ARateMakesPagesSmaller) {
  absl::StatusOr<std::unique_ptr<WideKeyReader>> reader =
      listing_->ReadKeysWide({}, {.width = 2, .records_per_second_max = 16'000});
  ASSERT_TRUE(reader.ok()) << reader.status();
  Counts counts;
  while (!(*reader)->page_tokens().empty()) {
    absl::StatusOr<KeyPage> page = (*reader)->Next();
    ASSERT_TRUE(page.ok()) << page.status();
    // All that is read ahead is about a second's worth.
    EXPECT_LE(page->size(), 16'000 / 2 / 4);
    Count(*page, &counts);
  }
  ExpectEachOnce(counts, "*");
  const absl::Status negative = listing_->ReadKeysWide({}, {.records_per_second_max = -1}).status();
  EXPECT_EQ(GetErrorInfo(negative)->field, "records_per_second_max");
}

TEST_P(KeyListingTest, AReaderReadsEveryKeyOnce) {
  absl::StatusOr<std::unique_ptr<KeyReader>> reader = listing_->ReadKeys({}, {.size = 500});
  ASSERT_TRUE(reader.ok()) << reader.status();
  Counts counts;
  KeyPage page;
  do {
    absl::StatusOr<KeyPage> next = Recycling::Next(**reader, std::move(page));
    ASSERT_TRUE(next.ok()) << next.status();
    page = *std::move(next);
    Count(page, &counts);
  } while (!page.next_page_token().empty());
  EXPECT_EQ(page.progress(), 1);
  ExpectEachOnce(counts, "*");
}

TEST_P(KeyListingTest, PartsTogetherAreTheWhole) {
  absl::StatusOr<std::vector<std::string>> tokens = listing_->PartitionKeys({}, "", 5);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 5u);
  Counts counts;
  for (std::string token : *tokens) {
    do {
      absl::StatusOr<KeyPage> page = listing_->ListKeys({}, {.size = 700, .token = token});
      ASSERT_TRUE(page.ok()) << page.status();
      Count(*page, &counts);
      token = page->next_page_token();
    } while (!token.empty());
  }
  ExpectEachOnce(counts, "*");
  // A pattern that pins a slot has one part, however many are asked for.
  EXPECT_EQ(listing_->PartitionKeys({.match = "{cart}:*"}, "", 5)->size(), 1u);
}

TEST_P(KeyListingTest, ATokenIsOfItsPatternAndMode) {
  const KeyQuery query{.match = "user:*"};
  const std::string token = listing_->ListKeys(query, {.size = 10})->next_page_token();
  ASSERT_NE(token, "");
  EXPECT_TRUE(ErrorOf(query, token).ok());
  for (const KeyQuery& other : {KeyQuery{.match = "user:*", .values = true}, KeyQuery{.match = "*"},
                                KeyQuery{.match = "user:"}}) {
    const absl::Status status = ErrorOf(other, token);
    EXPECT_EQ(GetErrorInfo(status)->reason, "PAGE_TOKEN_OF_OTHER_REQUEST") << status;
  }
  EXPECT_EQ(GetErrorInfo(ErrorOf({.match = std::string(kMatchBytesMax + 1, 'x')}, ""))->field,
            "match");
}

TEST_P(KeyListingTest, AValueLargerThanAPageIsLeftOut) {
  const std::string large(4 << 20, 'x');
  Put({"user:large", large.substr(0, 3 << 20)});  // larger than a page with its key
  Put({"user:huge", large + "x"});                // larger than what is read of a reply
  for (const char* key : {"user:large", "user:huge"}) {
    absl::StatusOr<KeyPage> page = listing_->ListKeys({.match = key, .values = true}, {});
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->size(), 1u) << key;
    EXPECT_FALSE(page->value(0));
    EXPECT_EQ(page->no_value(0), KeyPage::NoValue::kTooLarge);
  }
}

// It is not listed, but it is told that it is not; whichever way its slot is read.
TEST_P(KeyListingTest, AKeyThatIsTooLongIsTold) {
  Put({std::string(kKeyBytesMax, 'x'), "fits"});
  Put({"{cart}" + std::string(kKeyBytesMax, 'y'), "does not"});
  auto long_keys = [&](const KeyQuery& query) {
    size_t told = 0;
    KeyListing::Page page{.size = 1000};
    do {
      absl::StatusOr<KeyPage> listed = listing_->ListKeys(query, page);
      EXPECT_TRUE(listed.ok()) << listed.status();
      if (!listed.ok()) return told;
      told += listed->long_keys();
      page.token = listed->next_page_token();
    } while (!page.token.empty());
    return told;
  };
  for (const bool values : {false, true}) {
    EXPECT_GT(long_keys({.match = "*", .values = values}), 0u);
    EXPECT_GT(long_keys({.match = "{cart}*", .values = values}), 0u);
    EXPECT_EQ(long_keys({.match = "user:*", .values = values}), 0u);
  }
  EXPECT_EQ(List({.match = "xxx*"}, 10).size(), 1u);
  absl::StatusOr<std::unique_ptr<KeyReader>> reader = listing_->ReadKeys({}, {.size = 500});
  ASSERT_TRUE(reader.ok()) << reader.status();
  size_t told = 0;
  for (bool more = true; more;) {
    absl::StatusOr<KeyPage> next = (*reader)->Next();
    ASSERT_TRUE(next.ok()) << next.status();
    told += next->long_keys();
    more = !next->next_page_token().empty();
  }
  EXPECT_GT(told, 0u);
}

}  // namespace
}  // namespace atestore
