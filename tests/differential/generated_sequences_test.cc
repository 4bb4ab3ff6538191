#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mockcluster/random.h"
#include "tests/differential/differential_fixture.h"

// The same generated command sequences on real servers and on the emulator: every reply equal byte
// for byte, after ids, ports and times have been named.
namespace atestore {
namespace {

using mockcluster::Random;

constexpr std::string_view kKeys[] = {"{b}1", "{b}2", "{b}3", "b", "{a}1", "{a}2", "c", "{}x", "x"};
constexpr std::string_view kValues[] = {"1", "42", "-7", "abc", "9223372036854775807", "007"};

// Neither SETSLOT nor wrong passwords: inside MULTI, Valkey 8.0.1 answers the former by closing the
// connection and leaves the latter's reply out of EXEC's.
// Templates: K a key, S a key of slot 3300, V a value, anything else as it stands.
constexpr std::string_view kCommands[] = {"GET K",
                                          "GET S",
                                          "GET S",
                                          "SET S V",
                                          "SET S V",
                                          "SET K V",
                                          "SET S V NX",
                                          "SET S V XX",
                                          "SET S V GET",
                                          "SET S V NX GET",
                                          "SET S V EX 100",
                                          "SET S V PX 100000",
                                          "SET S V KEEPTTL",
                                          "SET S V EXAT 0",
                                          "SET S V EX 0",
                                          "SET S V EX V",
                                          "SET S V NX XX",
                                          "SET S V BAD",
                                          "SET S V EX",
                                          "SET S",
                                          "SETNX S V",
                                          "SETEX S 100 V",
                                          "SETEX S 0 V",
                                          "PSETEX S 100000 V",
                                          "PSETEX S 0 V",
                                          "GETSET S V",
                                          "GETDEL S",
                                          "MGET S S S",
                                          "MGET S K",
                                          "MGET K K",
                                          "MSET S V S V",
                                          "MSET S V S",
                                          "MSET S V K V",
                                          "STRLEN S",
                                          "APPEND S V",
                                          "INCR S",
                                          "DECR S",
                                          "INCRBY S V",
                                          "DECRBY S V",
                                          "SET S V EX 100 EX 50",
                                          "SET S V KEEPTTL EX 5",
                                          "GETEX S",
                                          "GETEX S PERSIST",
                                          "GETEX S EX 100",
                                          "GETEX S EX 100 PERSIST",
                                          "GETEX S PERSIST PX 5",
                                          "GETEX S EX V",
                                          "GETEX S EXAT 1",
                                          "GETEX S BAD",
                                          "GETRANGE S 1 2",
                                          "GETRANGE S -3 -1",
                                          "GETRANGE S -1 -3",
                                          "GETRANGE S x 1",
                                          "SUBSTR S 0 -1",
                                          "SETRANGE S 3 V",
                                          "SETRANGE S -1 V",
                                          "SETRANGE S 536870912 V",
                                          "SETRANGE S x V",
                                          "SETBIT S 7 1",
                                          "SETBIT S 7 0",
                                          "SETBIT S 7 2",
                                          "SETBIT S x 1",
                                          "SETBIT S 4294967296 1",
                                          "GETBIT S 3",
                                          "GETBIT S -1",
                                          "MSETNX S V S V",
                                          "MSETNX S V S",
                                          "MSETNX S V K V",
                                          "INCRBYFLOAT S 1.5",
                                          "INCRBYFLOAT S -1e3",
                                          "INCRBYFLOAT S x",
                                          "INCRBYFLOAT S inf",
                                          "LCS S S",
                                          "LCS S S IDX",
                                          "LCS S S IDX WITHMATCHLEN MINMATCHLEN 2",
                                          "LCS S S LEN",
                                          "LCS S S LEN IDX",
                                          "LCS S S BAD",
                                          "LCS S K",
                                          "RENAME S S",
                                          "RENAME S K",
                                          "RENAMENX S S",
                                          "COPY S S",
                                          "COPY S S REPLACE",
                                          "COPY S S BAD",
                                          "EXPIRETIME nosuch{b}",
                                          "PEXPIRETIME nosuch{b}",
                                          "OBJECT REFCOUNT nosuch{b}",
                                          "OBJECT FREQ S",
                                          "OBJECT BAD S",
                                          "OBJECT ENCODING",
                                          "DEL S",
                                          "DEL S S",
                                          "DEL S K",
                                          "UNLINK S",
                                          "EXISTS S S S",
                                          "EXISTS K",
                                          "TOUCH S S",
                                          "PFCOUNT S S",
                                          "PFCOUNT K",
                                          "PFCOUNT nosuch{b}",
                                          "TYPE S",
                                          "TTL S",
                                          "EXPIRE S 100",
                                          "EXPIRE S 100 NX",
                                          "EXPIRE S 200 XX",
                                          "EXPIRE S 50 LT",
                                          "EXPIRE S 5 GT LT",
                                          "EXPIRE S 5 NX XX",
                                          "EXPIRE S V BAD",
                                          "EXPIRE S abc",
                                          "EXPIRE S 9223372036854775807",
                                          "EXPIRE S -1",
                                          "EXPIREAT S 1",
                                          "PERSIST S",
                                          "DUMP nosuch{b}",
                                          "RESTORE S 0 junk",
                                          "RESTORE S -1 junk",
                                          "RESTORE S x junk REPLACE",
                                          "MULTI",
                                          "MULTI",
                                          "MULTI",
                                          "EXEC",
                                          "EXEC",
                                          "EXEC",
                                          "EXEC",
                                          "DISCARD",
                                          "EXEC x",
                                          "WATCH S",
                                          "WATCH K",
                                          "UNWATCH",
                                          "ASKING",
                                          "READONLY",
                                          "READWRITE",
                                          "PING",
                                          "PING V",
                                          "PING V V",
                                          "ECHO V",
                                          "ECHO",
                                          "SELECT 0",
                                          "SELECT 1",
                                          "SELECT x",
                                          "HELLO 3",
                                          "HELLO 2",
                                          "HELLO 4",
                                          "HELLO x",
                                          "HELLO 2 BAD",
                                          "HELLO 3 SETNAME n",
                                          "RESET",
                                          "AUTH x",
                                          "AUTH default y",
                                          "CLIENT GETNAME",
                                          "CLIENT SETNAME n",
                                          "CLIENT BAD",
                                          "CLIENT",
                                          "CLUSTER",
                                          "CLUSTER BAD",
                                          "CLUSTER MYID",
                                          "CLUSTER SLOTS",
                                          "CLUSTER KEYSLOT K",
                                          "CLUSTER KEYSLOT",
                                          "CLUSTER COUNTKEYSINSLOT 3300",
                                          "CLUSTER COUNTKEYSINSLOT 99999",
                                          "CLUSTER COUNTKEYSINSLOT x",
                                          "CLUSTER GETKEYSINSLOT 3300 1 1",
                                          "CLUSTER GETKEYSINSLOT 3300 -1",
                                          "CLUSTER GETKEYSINSLOT 99999 1",
                                          "CLUSTER GETKEYSINSLOT x 1",
                                          "CLUSTER GETKEYSINSLOT 1 x",
                                          "CLUSTER REPLICAS $id0",
                                          "CLUSTER REPLICAS $id2",
                                          "CLUSTER REPLICAS nosuch",
                                          "CLUSTER COUNT-FAILURE-REPORTS nosuch",
                                          "CLUSTER COUNT-FAILURE-REPORTS $id0",
                                          "CLUSTER FORGET nosuch",
                                          "CLUSTER MEET a b",
                                          "CLUSTER MEET 127.0.0.1 99999",
                                          "CLUSTER MEET 127.0.0.1 99999 b",
                                          "CLUSTER MEET 127.0.0.1 7000 b",
                                          "CLUSTER MEET 127.0.0.1 7000 0",
                                          "CLUSTER MEET 127.0.0.1 7000 1 1",
                                          "CLUSTER REPLICATE nosuch",
                                          "CLUSTER REPLICATE $id3",
                                          "CLUSTER REPLICATE $id0 x",
                                          "CLUSTER REPLICATE NO ONE x",
                                          "CLUSTER ADDSLOTS 0",
                                          "CLUSTER ADDSLOTS x",
                                          "CLUSTER ADDSLOTSRANGE 5 1",
                                          "CLUSTER ADDSLOTSRANGE 1",
                                          "CLUSTER SET-CONFIG-EPOCH 5",
                                          "CLUSTER FAILOVER BAD",
                                          "CLUSTER FAILOVER BAD FORCE",
                                          "CLUSTER HELP",
                                          "CLUSTER HELP x",
                                          "CLUSTER RESET BAD",
                                          "CLUSTER RESET HARD SOFT",
                                          "CLUSTER FLUSHSLOTS x",
                                          "CLUSTER SLOT-STATS",
                                          "CLUSTER SLOT-STATS SLOTSRANGE 3299 3301",
                                          "CLUSTER SLOT-STATS SLOTSRANGE 16380 16383",
                                          "CLUSTER SLOT-STATS SLOTSRANGE 5 1",
                                          "CLUSTER SLOT-STATS SLOTSRANGE x 1",
                                          "CLUSTER SLOT-STATS ORDERBY key-count LIMIT 4",
                                          "CLUSTER SLOT-STATS ORDERBY key-count ASC LIMIT 2",
                                          "CLUSTER SLOT-STATS ORDERBY key-count LIMIT 0",
                                          "CLUSTER SLOT-STATS ORDERBY key-count LIMIT V",
                                          "CLUSTER SLOT-STATS ORDERBY key-count ASC DESC",
                                          "CLUSTER SLOT-STATS ORDERBY key-count LIMIT",
                                          "CLUSTER SLOT-STATS ORDERBY nosuch LIMIT 1",
                                          "CLUSTER SLOT-STATS BAD 1",
                                          "CLUSTER FAILOVER FORCE BAD",
                                          "CLUSTER BUMPEPOCH x",
                                          "SCAN x",
                                          "SCAN -1x",
                                          "SCAN 0 COUNT 0",
                                          "SCAN 0 COUNT x",
                                          "SCAN 0 COUNT",
                                          "SCAN 0 BAD x",
                                          "SCAN 0 MATCH",
                                          "SCAN 0 TYPE hash",
                                          "SCAN",
                                          "SCAN 18446744073709551616",
                                          "DBSIZE x",
                                          "KEYS",
                                          "FLUSHALL BAD",
                                          "FLUSHALL SYNC",
                                          "RANDOMKEY x",
                                          "WAIT x",
                                          "NOSUCH",
                                          "NOSUCH K V",
                                          "COMMAND BAD",
                                          "COMMAND GETKEYS GET K",
                                          "COMMAND GETKEYS MSET K V K V",
                                          "CONFIG BAD",
                                          "CONFIG GET save",
                                          "TIME x",
                                          "MIGRATE 127.0.0.1 1 S 0 100 KEYS K",
                                          "MIGRATE 127.0.0.1 1 nosuch{b} 0 100",
                                          "MIGRATE 127.0.0.1 1 S x 100",
                                          "MIGRATE 127.0.0.1 1 S 0 100 BAD"};

std::string Generate(Random& random) {
  std::string_view pattern = kCommands[random.Below(std::size(kCommands))];
  std::string line;
  for (size_t index = 0; index < pattern.size(); ++index) {
    const bool alone = (index == 0 || pattern[index - 1] == ' ') &&
                       (index + 1 == pattern.size() || pattern[index + 1] == ' ');
    if (alone && pattern[index] == 'K') {
      line += kKeys[random.Below(std::size(kKeys))];
    } else if (alone && pattern[index] == 'S') {
      line += kKeys[random.Below(4)];
    } else if (alone && pattern[index] == 'V') {
      line += kValues[random.Below(std::size(kValues))];
    } else {
      line += pattern[index];
    }
  }
  return line;
}

class GeneratedSequences : public Differential {
 protected:
  // Runs `commands` on one connection, then more than one sequence's worth of difference is told.
  void RunSequence(uint64_t seed, size_t commands, size_t nodes) {
    Random random(seed);
    const size_t node = random.Below(nodes);
    auto connection = twins_->Connect(node);
    ASSERT_TRUE(connection.ok()) << connection.status();
    std::string story = "seed " + std::to_string(seed) + ", node " + std::to_string(node) + "\n";
    for (size_t index = 0; index < commands; ++index) {
      std::string line = Generate(random);
      absl::StatusOr<TwinClusters::Replies> replies = (*connection)->Execute(line);
      ASSERT_TRUE(replies.ok()) << replies.status();
      story += line + "\n";
      ASSERT_EQ(replies->real, replies->mock) << story;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, GeneratedSequences, testing::ValuesIn(AllServerKinds()),
                         ServerName);

TEST_P(GeneratedSequences, PrimariesAndReplicas) {
  constexpr uint64_t kSequences = 2000;
  constexpr size_t kCommandsEach = 25;
  for (uint64_t seed = 1; seed <= kSequences; ++seed) {
    ASSERT_NO_FATAL_FAILURE(RunSequence(seed, kCommandsEach, TwinClusters::kNodes));
    ASSERT_TRUE(twins_->Clear().ok());
  }
}

// Slot 3300 on its way from node 0 to node 1: {b}1 has moved, {b}2 has not.
TEST_P(GeneratedSequences, MigrationWindow) {
  constexpr uint64_t kSequences = 1000;
  constexpr size_t kCommandsEach = 20;
  for (uint64_t seed = 1; seed <= kSequences; ++seed) {
    ASSERT_TRUE(twins_->Run(0, "MSET {b}1 one {b}2 two").ok());
    ASSERT_TRUE(twins_->Run(1, "CLUSTER SETSLOT 3300 IMPORTING $id0").ok());
    ASSERT_TRUE(twins_->Run(0, "CLUSTER SETSLOT 3300 MIGRATING $id1").ok());
    ASSERT_TRUE(twins_->Run(0, "MIGRATE 127.0.0.1 $port1 {b}1 0 5000").ok());
    // Primaries only: what a real replica has replicated is a matter of time.
    ASSERT_NO_FATAL_FAILURE(RunSequence(seed + 1'000'000, kCommandsEach, 2));
    ASSERT_TRUE(twins_->Run(0, "CLUSTER SETSLOT 3300 STABLE").ok());
    ASSERT_TRUE(twins_->Run(1, "CLUSTER SETSLOT 3300 STABLE").ok());
    ASSERT_TRUE(twins_->Clear().ok());
  }
}

}  // namespace
}  // namespace atestore
