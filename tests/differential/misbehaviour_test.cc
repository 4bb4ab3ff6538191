#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/differential/differential_fixture.h"
#include "tests/support/server_process.h"

// What clusters do that do not behave: every reply on the way, on real servers and on the emulator.
namespace atestore {
namespace {

constexpr char kDeaf[] = "@0 DEBUG DROP-CLUSTER-PACKET-FILTER 1";
constexpr char kHearing[] = "@0 DEBUG DROP-CLUSTER-PACKET-FILTER -1";

// Slot 3300 goes from node 0 to node 1, and one of its two keys has gone.
const std::vector<std::string> kHalfMigrated = {
    "@0 MSET {b}1 one {b}2 two", "@1 CLUSTER SETSLOT 3300 IMPORTING $id0",
    "@0 CLUSTER SETSLOT 3300 MIGRATING $id1", "@0 MIGRATE 127.0.0.1 $port1 {b}1 0 5000"};

// Replica `replica` takes the place of `primary`, which hears of it; others need not have.
void HandOver(TwinClusters& twins, size_t primary, size_t replica) {
  ASSERT_TRUE(twins.Run(replica, "CLUSTER FAILOVER").ok());
  EXPECT_TRUE(Poll(absl::Seconds(10), [&] {
    absl::StatusOr<HiredisReply> role = twins.real().Run(primary, {"INFO", "replication"});
    return role.ok() && role->text.find("role:slave") != std::string::npos;
  }));
}

// The marks of open slots that a node shows, on both sides.
void ExpectEqualMarks(TwinClusters& twins, size_t node) {
  auto connection = twins.Connect(node);
  ASSERT_TRUE(connection.ok()) << connection.status();
  absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute("CLUSTER NODES");
  ASSERT_TRUE(replies.ok()) << replies.status();
  auto marks = [](std::string_view text) {
    const size_t begin = text.find('[');
    return begin == std::string_view::npos ? ""
                                           : text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(marks(replies->real), marks(replies->mock)) << "node " << node;
}

// The primary of slot 3300's destination changes, and the source hears of it late.
TEST_P(Differential, ADestinationHandsOver) {
  Expect(0, kHalfMigrated);
  Expect(0, {kDeaf});
  ASSERT_TRUE(twins_->real().Run(1, {"WAIT", "1", "5000"}).ok());
  HandOver(*twins_, 1, 3);
  for (bool source_knows : {false, true}) {
    if (source_knows) {
      Expect(0, {kHearing});
      ASSERT_TRUE(twins_->real().WaitUntilSettled().ok());
    }
    Expect(0, {"GET {b}1", "GET {b}2", "MULTI", "EXISTS {b}x", "EXEC"});
    for (size_t node : {1, 3}) {
      Expect(node, {"ASKING", "GET {b}1", "GET {b}1", "ASKING", "MULTI", "EXISTS {b}x",
                    "CLUSTER GETKEYSINSLOT 3300 10", "EXEC", "READONLY", "GET {b}1", "ASKING",
                    "GET {b}1", "CLUSTER GETKEYSINSLOT 3300 10"});
    }
    for (size_t node = 0; node < TwinClusters::kNodes; ++node) ExpectEqualMarks(*twins_, node);
  }
  UseUp();
}

// So does the source's, after the destination's did or without.
TEST_P(Differential, BothEndsOfAnOpenSlotHandOver) {
  Expect(0, kHalfMigrated);
  for (size_t node : {0, 1}) ASSERT_TRUE(twins_->real().Run(node, {"WAIT", "1", "5000"}).ok());
  for (size_t primary : {1, 0}) {
    HandOver(*twins_, primary, primary + 2);
    ASSERT_TRUE(twins_->real().WaitUntilSettled().ok());
    Expect(2, {"GET {b}1", "GET {b}2"});
    Expect(3, {"ASKING", "GET {b}1", "GET {b}1"});
    for (size_t node = 0; node < TwinClusters::kNodes; ++node) ExpectEqualMarks(*twins_, node);
  }
  UseUp();
}

}  // namespace
}  // namespace atestore
