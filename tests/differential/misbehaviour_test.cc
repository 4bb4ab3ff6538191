#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/differential/differential_fixture.h"
#include "tests/support/server_process.h"

// What clusters do that do not behave: every reply on the way, on real servers and on the emulator.
namespace atestore {
namespace {

// Slot 3300 goes from node 0 to node 1, and one of its two keys has gone.
const std::vector<std::string> kHalfMigrated = {
    "@0 MSET {b}1 one {b}2 two", "@1 CLUSTER SETSLOT 3300 IMPORTING $id0",
    "@0 CLUSTER SETSLOT 3300 MIGRATING $id1", "@0 MIGRATE 127.0.0.1 $port1 {b}1 0 5000"};

// Replica `replica` takes the place of `primary`, which hears of it; others need not have.
void HandOver(TwinClusters& twins, size_t primary, size_t replica,
              std::string_view command = "CLUSTER FAILOVER") {
  ASSERT_TRUE(twins.Run(replica, command).ok());
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
  twins_->SetDeaf(0, true);
  ASSERT_TRUE(twins_->real().Run(1, {"WAIT", "1", "5000"}).ok());
  // It cannot vote, and a takeover needs no votes.
  HandOver(*twins_, 1, 3, "CLUSTER FAILOVER TAKEOVER");
  for (bool source_knows : {false, true}) {
    if (source_knows) {
      twins_->SetDeaf(0, false);
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
  Expect(0, {"DEBUG DROP-CLUSTER-PACKET-FILTER 1", "DEBUG DROP-CLUSTER-PACKET-FILTER x",
             "DEBUG DROP-CLUSTER-PACKET-FILTER -1"});
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

// Which commands wait while a server pauses writes, as it does while it hands over to its replica.
// The check comes after all that refuse or redirect.
TEST_P(Differential, WritesWaitForTheEndOfAPause) {
  UseUp();
  Expect(0, kHalfMigrated);
  const std::vector<std::vector<std::string>> kStories = {
      {"SET {b}2 x"},
      {"GET {b}2"},
      {"PFCOUNT {b}2"},
      {"PFCOUNT {b}no"},
      {"PFCOUNT zzz"},
      {"SET zzz 1"},
      {"DEL {b}1"},
      {"MIGRATE 127.0.0.1 $port1 {b}no 0 5000"},
      {"SCAN 0 COUNT 1000"},
      {"CLUSTER SETSLOT 3300 STABLE"},
      {"CLUSTER SETSLOT 3300 MIGRATING $id1"},
      {"CLUSTER GETKEYSINSLOT 3300 10"},
      {"FLUSHALL"},
      {"SET {b}2"},
      {"MULTI", "GET {b}2", "EXEC"},
      {"MULTI", "SET {b}2 y", "EXEC"},
      {"MULTI", "PFCOUNT {b}no", "CLUSTER INFO", "DISCARD"},
      {"WATCH {b}2", "UNWATCH", "PING", "ASKING"}};
  for (const std::vector<std::string>& story : kStories) {
    auto connection = twins_->Connect(0);
    ASSERT_TRUE(connection.ok()) << connection.status();
    for (const std::string& line : story) {
      ASSERT_TRUE(twins_->Run(0, "CLIENT PAUSE 600000 WRITE").ok());
      auto waits = (*connection)->BeginPaused(line);
      ASSERT_TRUE(waits.ok()) << waits.status() << " " << line;
      EXPECT_EQ(waits->real, waits->mock) << line;
      ASSERT_TRUE(twins_->Run(0, "CLIENT UNPAUSE").ok());
      absl::StatusOr<TwinClusters::Replies> replies = (*connection)->FinishPaused();
      ASSERT_TRUE(replies.ok()) << replies.status() << " " << line;
      if (!line.ends_with("INFO")) {
        EXPECT_EQ(replies->real, replies->mock) << line;
      }
    }
  }
  Expect(0, {"CLIENT PAUSE", "CLIENT PAUSE x", "CLIENT PAUSE -1", "CLIENT PAUSE 1 foo",
             "CLIENT UNPAUSE x", "CLIENT UNPAUSE"});
}

// Limits refuse commands for a time, each at its place among the checks.
TEST_P(Differential, LimitsRefuseCommandsForATime) {
  const std::vector<std::string> kTry = {"GET {b}1",
                                         "SET {b}1 y",
                                         "SET zzz y",
                                         "DEL {b}2",
                                         "SCAN 0 COUNT 1000",
                                         "PING",
                                         "FLUSHALL x",
                                         "EXPIRE {b}1 100",
                                         "APPEND {b}1 x",
                                         "MULTI",
                                         "GET {b}1",
                                         "EXEC",
                                         "MULTI",
                                         "SET {b}1 z",
                                         "EXEC",
                                         "MULTI",
                                         "CLUSTER MYID",
                                         "EXEC",
                                         "WATCH {b}1",
                                         "UNWATCH",
                                         "MULTI",
                                         "UNWATCH",
                                         "DISCARD",
                                         "RESTORE-ASKING {b}9 0 junk",
                                         "CLUSTER SETSLOT 3300 STABLE"};
  for (const std::string setting :
       {"maxmemory 1", "maxmemory 10gb", "min-replicas-to-write 1", "min-replicas-to-write 2"}) {
    Expect(0, {"SET {b}1 x", "CONFIG SET " + setting});
    Expect(0, kTry);
    Expect(0, {"CONFIG SET maxmemory 0 min-replicas-to-write 0", "MULTI", "SET {b}1 q",
               "@0 CONFIG SET " + setting, "EXEC", "MULTI", "GET {b}1", "EXEC",
               "CONFIG SET maxmemory 0 min-replicas-to-write 0"});
  }
  Expect(2, {"CONFIG SET min-replicas-to-write 5", "READONLY", "GET {b}1", "SET {b}1 z",
             "CONFIG SET min-replicas-to-write 0"});
}

// A directory where the snapshot should be.
TEST_P(Differential, WritesAreRefusedWhileSnapshotsFail) {
  RealCluster& real = twins_->real();
  absl::StatusOr<HiredisReply> folder = real.Run(0, {"CONFIG", "GET", "dir"});
  ASSERT_TRUE(folder.ok()) << folder.status();
  const std::filesystem::path snapshot =
      std::filesystem::path(folder->elements[1].text) / "dump.rdb";
  std::filesystem::create_directories(snapshot / "in-the-way");
  ASSERT_TRUE(real.Run(0, {"CONFIG", "SET", "save", "3600 1"}).ok());
  ASSERT_TRUE(real.Run(0, {"BGSAVE"}).ok());
  EXPECT_TRUE(Poll(absl::Seconds(10), [&] {
    absl::StatusOr<HiredisReply> info = real.Run(0, {"INFO", "persistence"});
    return info.ok() && info->text.find("rdb_last_bgsave_status:err") != std::string::npos;
  }));
  ASSERT_TRUE(twins_->mock().Configure(mockcluster::NodeIndex{0}, {.saving_fails = true}).ok());
  Expect(0, {"SET {b}1 a", "GET {b}1",
             "DEL {b}1",   "PING",
             "MULTI",      "GET {b}1",
             "EXEC",       "MULTI",
             "SET {b}1 a", "EXEC",
             "FLUSHALL",   "EXISTS {b}1",
             "SET zzz 1",  "CONFIG SET min-replicas-to-write 5",
             "SET {b}1 a", "CONFIG SET maxmemory 1",
             "SET {b}1 a", "CONFIG SET stop-writes-on-bgsave-error no maxmemory 0",
             "SET {b}1 a", "CONFIG SET min-replicas-to-write 0",
             "SET {b}1 a"});
  Expect(2, {"PING"});
  UseUp();
}

TEST_P(Differential, SettingsAreCheckedAsAWhole) {
  Expect(0, {"CONFIG SET",
             "CONFIG SET a",
             "CONFIG SET maxmemory 0 x",
             "CONFIG SET nosuch 1",
             "CONFIG SET maxmemory x",
             "CONFIG SET maxmemory 10mb",
             "CONFIG GET maxmemory",
             "CONFIG SET maxmemory 1k",
             "CONFIG GET MAXMEMORY",
             "CONFIG SET maxmemory 0",
             "CONFIG SET maxmemory 0 maxmemory 0",
             "CONFIG SET maxclients x",
             "CONFIG SET cluster-allow-reads-when-down maybe",
             "CONFIG SET cluster-enabled no",
             "CONFIG SET min-replicas-to-write 1 nosuch 1",
             "CONFIG GET min-replicas-to-write",
             "CONFIG GET stop-writes-on-bgsave-error",
             "CONFIG GET cluster-allow-reads-when-down",
             "CONFIG RESETSTAT x",
             "CONFIG GET"});
}

TEST_P(Differential, OneClientTooMany) {
  Expect(0, {"CONFIG SET maxclients 6"});  // two links to each of three nodes
  auto connection = twins_->Connect(0);
  ASSERT_TRUE(connection.ok()) << connection.status();
  absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute("PING");
  ASSERT_TRUE(replies.ok()) << replies.status();
  EXPECT_EQ(replies->real + "(closed)", replies->mock);
  UseUp();
}

// The lines of INFO that tell what CONFIG RESETSTAT zeroes, at once and inside MULTI.
TEST_P(Differential, StatisticsAreZeroed) {
  constexpr std::string_view kFields[] = {
      "total_commands_processed:", "rejected_connections:",   "loading:",      "async_loading:",
      "cmdstat_get:calls=",        "rdb_last_bgsave_status:", "cluster_state:"};
  auto connection = twins_->Connect(0);
  ASSERT_TRUE(connection.ok()) << connection.status();
  auto fields = [&](const std::string& text) {
    std::vector<std::string> found;
    for (std::string_view field : kFields) {
      const size_t begin = text.find(field);
      if (begin == std::string::npos) continue;
      found.push_back(text.substr(begin, text.find_first_of("\r,", begin) - begin));
    }
    return found;
  };
  for (std::string_view line :
       {"GET {b}1", "CONFIG RESETSTAT", "INFO stats", "GET {b}1", "INFO commandstats persistence",
        "MULTI", "GET {b}1", "CLUSTER INFO", "INFO stats commandstats", "EXEC", "INFO everything",
        "CONFIG RESETSTAT", "INFO commandstats", "INFO stats"}) {
    absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(line);
    ASSERT_TRUE(replies.ok()) << replies.status();
    EXPECT_EQ(fields(replies->real), fields(replies->mock)) << line;
  }
}

}  // namespace
}  // namespace atestore
