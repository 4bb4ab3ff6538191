#include "core/listing/keys_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace atestore {
namespace {

std::string Bulk(const std::string& text) {
  return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
}

const std::string kClusterOk = Bulk("cluster_state:ok\r\ncluster_size:1\r\n");

const std::string kTakesWrites = ":0\r\n";

// Feeds the replies to the only request: CLUSTER INFO, PFCOUNT, MULTI, the queued commands, EXEC
// with these results.
void Answer(KeysBatch& batch, size_t queued, const std::string& results,
            const std::string& cluster_info = kClusterOk,
            const std::string& pfcount = kTakesWrites) {
  std::string wire = cluster_info + pfcount + "+OK\r\n";
  for (size_t command = 0; command < queued; ++command) wire += "+QUEUED\r\n";
  absl::StrAppend(&wire, "*", queued, "\r\n", results);
  RespReader reader;
  reader.Feed(wire);
  for (size_t command = 0; command < queued + 4; ++command) {
    auto reply = reader.Next();
    ASSERT_TRUE(reply.ok() && reply->has_value());
    batch.OnReply(0, command, **reply);
  }
}

std::string Keys(size_t count) {
  std::string array = absl::StrCat("*", count, "\r\n");
  for (size_t i = 0; i < count; ++i) absl::StrAppend(&array, "+actor:a:", 1000 + i, "\r\n");
  return array;
}

class KeysBatchTest : public testing::Test {
 protected:
  KeysBatch Make(size_t keys_bytes_max) {
    std::vector<KeysUnit> units;
    units.push_back({.kind = KeysUnit::Kind::kProbedSlots,
                     .endpoint = {"h", 1},
                     .slots = {7},
                     .keys_max = 2000});
    return KeysBatch({.filter = &filter_, .first_slot = 7, .keys_bytes_max = keys_bytes_max},
                     std::move(units));
  }

  const KeyFilter filter_ = KeyFilter::AllActors();
};

TEST_F(KeysBatchTest, TakesTheNamesOfASlot) {
  KeysBatch batch = Make(kKeyListBytesMax);
  ASSERT_EQ(batch.NextRound().size(), 1u);
  Answer(batch, 2, ":0\r\n" + Keys(20));
  EXPECT_TRUE(batch.covered()[7]);
  EXPECT_EQ(batch.keys().size(), 20u);
  EXPECT_FALSE(batch.error(0));
}

// How many keys the last call of a node has looked at is not told, so it must not count.
TEST_F(KeysBatchTest, OnlyAScanThatStoppedEarlyTellsTheDensity) {
  const std::string node =
      std::string(40, 'a') + " h:1@2 myself,master - 0 0 1 connected 0-16383\n";
  const std::string view = Bulk(node);
  const std::string key = "actor:a:b";
  // The cursor's low bits are a slot: the one in which the call stopped.
  const std::string stopped = absl::StrCat("$5\r\n", kSlotCount - 1, "\r\n");
  for (const std::string& cursor : {stopped, std::string("$1\r\n0\r\n")}) {
    KeysBatch batch(
        {.filter = &filter_, .first_slot = 7},
        {{.kind = KeysUnit::Kind::kScan, .endpoint = {"h", 1}, .slots = {7}, .keys_max = 1000}});
    ASSERT_EQ(batch.NextRound().size(), 1u);
    Answer(batch, 4,
           absl::StrCat(":0\r\n", view, Bulk("valkey_version:8.0.1\r\n"), "*2\r\n", cursor,
                        "*1\r\n$", key.size(), "\r\n", key, "\r\n"));
    EXPECT_EQ(batch.keys().size(), 1u);
    const bool tells = cursor == stopped;
    EXPECT_EQ(batch.density().keys, tells ? 1000 : 0);
    EXPECT_EQ(batch.density().wanted, tells ? 1 : 0);
    EXPECT_EQ(batch.density().slots > 0, tells);
  }
}

// A key that is left out must never leave its slot looking complete.
TEST_F(KeysBatchTest, MoreNamesThanMemoryCoverNothing) {
  KeysBatch batch = Make(500);
  ASSERT_EQ(batch.NextRound().size(), 1u);
  Answer(batch, 2, ":0\r\n" + Keys(20));
  EXPECT_TRUE(batch.covered().none());
  ASSERT_TRUE(batch.error(0));
  EXPECT_TRUE(batch.error(0)->transient);
}

// A node in a minority answers reads where cluster-allow-reads-when-down is set, for as long as it
// is cut off.
TEST_F(KeysBatchTest, ANodeWhoseClusterIsNotOkCoversNothing) {
  KeysBatch batch = Make(kKeyListBytesMax);
  ASSERT_EQ(batch.NextRound().size(), 1u);
  Answer(batch, 2, ":0\r\n" + Keys(20), Bulk("cluster_state:fail\r\n"));
  EXPECT_TRUE(batch.covered().none());
  ASSERT_TRUE(batch.error(0));
  EXPECT_EQ(batch.error(0)->kind, ServerErrorKind::kClusterDown);
  EXPECT_TRUE(batch.error(0)->transient);
}

// An old primary that has learnt of its successor meanwhile: it was read before that.
TEST_F(KeysBatchTest, ANodeThatNoLongerTakesWritesCoversNothing) {
  for (const char* error : {"-MOVED 7 h:2\r\n", "-LOADING is loading\r\n"}) {
    KeysBatch batch = Make(kKeyListBytesMax);
    ASSERT_EQ(batch.NextRound().size(), 1u);
    Answer(batch, 2, ":0\r\n" + Keys(20), kClusterOk, error);
    EXPECT_TRUE(batch.covered().none());
    ASSERT_TRUE(batch.error(0)) << error;
    EXPECT_TRUE(batch.error(0)->transient);
  }
}

TEST_F(KeysBatchTest, WhatTheKeyOfThePfcountHoldsDoesNotMatter) {
  KeysBatch batch = Make(kKeyListBytesMax);
  ASSERT_EQ(batch.NextRound().size(), 1u);
  Answer(batch, 2, ":0\r\n" + Keys(20), kClusterOk,
         "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n");
  EXPECT_TRUE(batch.covered()[7]);
}

// With no key in the reply, its order proves nothing about what the cursor means.
TEST_F(KeysBatchTest, AScanOfAServerWithoutPerSlotTablesCoversNothing) {
  const std::string node =
      std::string(40, 'a') + " h:1@2 myself,master - 0 0 1 connected 0-16383\n";
  for (const std::string info : {"redis_version:7.0.15\r\n", "", "valkey_version:7.2.5\r\n"}) {
    KeysBatch batch(
        {.filter = &filter_, .first_slot = 7},
        {{.kind = KeysUnit::Kind::kScan, .endpoint = {"h", 1}, .slots = {7}, .keys_max = 1000}});
    ASSERT_EQ(batch.NextRound().size(), 1u);
    Answer(batch, 4, absl::StrCat(":0\r\n", Bulk(node), Bulk(info), "*2\r\n$1\r\n0\r\n*0\r\n"));
    EXPECT_TRUE(batch.covered().none());
    EXPECT_TRUE(batch.layout_violated());
  }
}

// Each slot has a transaction of its own: one that was refused says nothing about the others.
TEST_F(KeysBatchTest, SlotsProbedOneByOneAreCoveredOneByOne) {
  KeysBatch batch({.filter = &filter_, .first_slot = 7},
                  {{.endpoint = {"h", 1}, .slots = {7, 8, 9}, .keys_max = 2000}});
  std::vector<ShardRequest> requests = batch.NextRound();
  ASSERT_EQ(requests.size(), 1u);
  ASSERT_EQ(requests[0].pipeline.size(), 14u);
  const std::string ran = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:0\r\n" + Keys(3);
  const std::string moved =
      "+OK\r\n-MOVED 8 h:2\r\n+QUEUED\r\n-EXECABORT Transaction discarded\r\n";
  RespReader reader;
  reader.Feed(kClusterOk + kTakesWrites + ran + moved + ran);
  for (size_t command = 0; command < 14; ++command) {
    auto reply = reader.Next();
    ASSERT_TRUE(reply.ok() && reply->has_value());
    batch.OnReply(0, command, **reply);
  }
  EXPECT_TRUE(batch.covered()[7]);
  EXPECT_FALSE(batch.covered()[8]);
  EXPECT_TRUE(batch.covered()[9]);
  ASSERT_TRUE(batch.error(0));
  EXPECT_EQ(batch.error(0)->slot, 8);
}

}  // namespace
}  // namespace atestore
