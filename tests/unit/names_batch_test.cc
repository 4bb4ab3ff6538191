#include "core/listing/names_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

// Feeds the replies to the only request: MULTI, the queued commands, EXEC with these results.
void Answer(NamesBatch& batch, size_t queued, const std::string& results) {
  std::string wire = "+OK\r\n";
  for (size_t command = 0; command < queued; ++command) wire += "+QUEUED\r\n";
  absl::StrAppend(&wire, "*", queued, "\r\n", results);
  RespReader reader;
  reader.Feed(wire);
  for (size_t command = 0; command < queued + 2; ++command) {
    auto reply = reader.Next();
    ASSERT_TRUE(reply.ok() && reply->has_value());
    batch.OnReply(0, command, **reply);
  }
}

std::string Names(size_t count) {
  std::string array = absl::StrCat("*", count, "\r\n");
  for (size_t i = 0; i < count; ++i) absl::StrAppend(&array, "+actor:a:", 1000 + i, "\r\n");
  return array;
}

class NamesBatchTest : public testing::Test {
 protected:
  NamesBatch Make(size_t names_bytes_max) {
    std::vector<NamesUnit> units;
    units.push_back(
        {.kind = NamesUnit::Kind::kOneSlot, .endpoint = {"h", 1}, .slots = {7}, .keys_max = 2000});
    return NamesBatch({.filter = &filter_, .first_slot = 7, .names_bytes_max = names_bytes_max},
                      std::move(units));
  }

  const KeyFilter filter_ = KeyFilter::AllActors();
};

TEST_F(NamesBatchTest, TakesTheNamesOfASlot) {
  NamesBatch batch = Make(kNameListBytesMax);
  ASSERT_EQ(batch.NextRound().size(), 1u);
  Answer(batch, 2, ":0\r\n" + Names(20));
  EXPECT_TRUE(batch.covered()[7]);
  EXPECT_EQ(batch.names().size(), 20u);
  EXPECT_FALSE(batch.obstacle(0));
}

// How many keys the last call of a node has looked at is not told, so it must not count.
TEST_F(NamesBatchTest, OnlyAScanThatStoppedEarlyTellsTheDensity) {
  const std::string node =
      std::string(40, 'a') + " h:1@2 myself,master - 0 0 1 connected 0-16383\n";
  const std::string view = absl::StrCat("$", node.size(), "\r\n", node, "\r\n");
  const std::string key = "actor:a:b";
  // The cursor's low bits are a slot: the one in which the call stopped.
  const std::string stopped = absl::StrCat("$5\r\n", kSlotCount - 1, "\r\n");
  for (const std::string& cursor : {stopped, std::string("$1\r\n0\r\n")}) {
    NamesBatch batch(
        {.filter = &filter_, .first_slot = 7},
        {{.kind = NamesUnit::Kind::kScan, .endpoint = {"h", 1}, .slots = {7}, .keys_max = 1000}});
    ASSERT_EQ(batch.NextRound().size(), 1u);
    Answer(
        batch, 3,
        absl::StrCat(":0\r\n", view, "*2\r\n", cursor, "*1\r\n$", key.size(), "\r\n", key, "\r\n"));
    EXPECT_EQ(batch.names().size(), 1u);
    const bool tells = cursor == stopped;
    EXPECT_EQ(batch.density().keys, tells ? 1000 : 0);
    EXPECT_EQ(batch.density().wanted, tells ? 1 : 0);
    EXPECT_EQ(batch.density().slots > 0, tells);
  }
}

// A name that is left out must never leave its slot looking complete.
TEST_F(NamesBatchTest, MoreNamesThanMemoryCoverNothing) {
  NamesBatch batch = Make(500);
  ASSERT_EQ(batch.NextRound().size(), 1u);
  Answer(batch, 2, ":0\r\n" + Names(20));
  EXPECT_TRUE(batch.covered().none());
  ASSERT_TRUE(batch.obstacle(0));
  EXPECT_TRUE(batch.obstacle(0)->transient);
}

}  // namespace
}  // namespace atestore
