#include "mockcluster/commands/dump_payload.h"
#include "mockcluster/wire/request_parser.h"
#include "tests/unit/mockcluster_helpers.h"

// Single commands, transactions, the two dialects, requests as bytes.
namespace mockcluster {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Commands : public testing::Test {
 protected:
  Commands() : cluster_({.primaries = 1, .flavor = Flavor::kRedis70}), client_(cluster_, kFirst) {}

  Cluster cluster_;
  TestClient client_;
};

TEST_F(Commands, Strings) {
  EXPECT_EQ(client_("SET a 1"), "+OK|");
  EXPECT_EQ(client_("set a 2 NX"), "$-1|");
  EXPECT_EQ(client_("SET a 2 XX GET"), "$1|1|");
  EXPECT_EQ(client_("SET b 2 XX"), "$-1|");
  EXPECT_EQ(client_("SETNX a 3"), ":0|");
  EXPECT_EQ(client_("STRLEN a"), ":1|");
  EXPECT_EQ(client_("APPEND a xy"), ":3|");
  EXPECT_EQ(client_("INCR a"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(client_("INCRBY n 5"), ":5|");
  EXPECT_EQ(client_("DECR n"), ":4|");
  EXPECT_EQ(client_("GETSET n 9"), "$1|4|");
  EXPECT_EQ(client_("GETDEL n"), "$1|9|");
  EXPECT_EQ(client_("GET n"), "$-1|");
  EXPECT_EQ(client_("MSET {t}a 1 {t}b 2"), "+OK|");
  EXPECT_EQ(client_("MGET {t}a {t}x {t}b"), "*3|$1|1|$-1|$1|2|");
  EXPECT_EQ(client_("DEL {t}a {t}b {t}a"), ":2|");
}

// What was stored comes first among a slot's keys; to have been read is not to be stored.
TEST(SyntheticActors, AreStoredWhenTheyAreWrittenNotWhenTheyAreRead) {
  Cluster cluster({.primaries = 1, .synthetic = SyntheticActors{.actors = 16384 * 4}});
  TestClient client(cluster, kFirst);
  const std::string keys = client("CLUSTER GETKEYSINSLOT 7 10");
  const size_t end = keys.rfind('|');
  const size_t begin = keys.rfind('|', end - 1) + 1;
  const std::string last = keys.substr(begin, end - begin);
  EXPECT_THAT(client("GET " + last), HasSubstr(R"("actorId")"));
  EXPECT_THAT(client("MGET " + last), StartsWith("*1|$"));
  EXPECT_EQ(client("EXISTS " + last), ":1|");
  EXPECT_EQ(client("TTL " + last), ":-1|");
  EXPECT_EQ(client("TYPE " + last), "+string|");
  EXPECT_EQ(client("CLUSTER GETKEYSINSLOT 7 10"), keys);
  EXPECT_EQ(client("EXPIRE " + last + " 10"), ":1|");
  EXPECT_THAT(client("CLUSTER GETKEYSINSLOT 7 1"), HasSubstr("|" + last + "|"));
  EXPECT_EQ(client("TTL " + last), ":10|");
}

TEST_F(Commands, SyntaxErrorsToTheLetter) {
  EXPECT_EQ(client_("FOO a b"), "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' |");
  EXPECT_EQ(client_("CLUSTER FOO"), "-ERR unknown subcommand 'FOO'. Try CLUSTER HELP.|");
  EXPECT_EQ(client_("CLUSTER KEYSLOT"),
            "-ERR wrong number of arguments for 'cluster|keyslot' command|");
  EXPECT_EQ(client_("GET"), "-ERR wrong number of arguments for 'get' command|");
  EXPECT_EQ(client_("SET a b EX 0"), "-ERR invalid expire time in 'set' command|");
  EXPECT_EQ(client_("SET a b EX 1 KEEPTTL"), "-ERR syntax error|");
  EXPECT_EQ(client_("SET a b NX XX"), "-ERR syntax error|");
  EXPECT_EQ(client_("EXPIRE a 10 foo"), "-ERR Unsupported option foo|");
  EXPECT_EQ(client_("SELECT 1"), "-ERR SELECT is not allowed in cluster mode|");
  EXPECT_EQ(client_("HELLO 4"), "-NOPROTO unsupported protocol version|");
  EXPECT_EQ(client_("PING 1 2"), "-ERR wrong number of arguments for 'ping' command|");
}

TEST_F(Commands, KeysAmongTheArguments) {
  EXPECT_EQ(client_("COMMAND GETKEYS DEL a b"), "*2|$1|a|$1|b|");
  EXPECT_EQ(client_("COMMAND GETKEYS MSET a 1 b 2"), "*2|$1|a|$1|b|");
  EXPECT_EQ(client_("COMMAND GETKEYS MIGRATE host 1 a 0 100 COPY"), "*1|$1|a|");
  const std::vector<std::string_view> migrate = {"COMMAND", "GETKEYS", "MIGRATE", "host", "1", "",
                                                 "0",       "100",     "KEYS",    "a",    "b"};
  std::string reply;
  EXPECT_EQ(cluster_.Execute(client_.id(), migrate, &reply), Delivery::kReplied);
  EXPECT_EQ(TestClient::Visible(reply), "*2|$1|a|$1|b|");
}

TEST_F(Commands, ExpiryInVirtualTime) {
  client_("SET a 1 PX 1500");
  EXPECT_EQ(client_("PTTL a"), ":1500|");
  EXPECT_EQ(client_("TTL a"), ":2|");
  EXPECT_EQ(client_("PERSIST a"), ":1|");
  EXPECT_EQ(client_("PTTL a"), ":-1|");
  EXPECT_EQ(client_("PTTL b"), ":-2|");
  EXPECT_EQ(client_("EXPIRE a 10 XX"), ":0|");
  EXPECT_EQ(client_("EXPIRE a 10 NX"), ":1|");
  EXPECT_EQ(client_("EXPIRE a 5 GT"), ":0|");
  EXPECT_EQ(client_("SET a 2 KEEPTTL"), "+OK|");
  EXPECT_EQ(client_("TTL a"), ":10|");
  cluster_.AdvanceTime(10'000);
  EXPECT_EQ(client_("DBSIZE"), ":0|");
  EXPECT_EQ(client_("SCAN 0"), "*2|$1|0|*0|");
  client_("SET a 1");
  EXPECT_EQ(client_("EXPIRE a -1"), ":1|");
  EXPECT_EQ(client_("EXISTS a"), ":0|");
}

TEST_F(Commands, ScanArguments) {
  client_("SET a 1");
  EXPECT_EQ(client_("SCAN x"), "-ERR invalid cursor|");
  EXPECT_EQ(client_("SCAN 18446744073709551616"), "-ERR invalid cursor|");
  EXPECT_THAT(client_("SCAN -1"), StartsWith("*2|$1|0|")) << "strtoul wraps";
  EXPECT_EQ(client_("SCAN 0 COUNT 0"), "-ERR syntax error|");
  EXPECT_EQ(client_("SCAN 0 COUNT x"), "-ERR value is not an integer or out of range|");
  EXPECT_EQ(client_("SCAN 0 MATCH"), "-ERR syntax error|");
  EXPECT_EQ(client_("SCAN 0 TYPE foo"), "*2|$1|0|*0|");
  EXPECT_EQ(client_("SCAN 0 TYPE STRING MATCH a*"), "*2|$1|0|*1|$1|a|");
  EXPECT_EQ(client_("SCAN 0 MATCH b*"), "*2|$1|0|*0|");
  Cluster valkey({.primaries = 1, .flavor = Flavor::kValkey80});
  TestClient strict(valkey, kFirst);
  EXPECT_EQ(strict("SCAN -1"), "-ERR invalid cursor|");
  EXPECT_EQ(strict("SCAN 007"), "*2|$1|0|*0|");
  EXPECT_EQ(strict("SCAN 0 TYPE foo"), "-ERR unknown type name 'foo'|");
}

TEST_F(Commands, OtherTypesAreWrong) {
  ASSERT_TRUE(cluster_.PutTyped("l", "", ValueType::kList).ok());
  EXPECT_EQ(client_("TYPE l"), "+list|");
  EXPECT_EQ(client_("GET l"),
            "-WRONGTYPE Operation against a key holding the wrong kind of value|");
  EXPECT_EQ(client_("MGET l l"), "*2|$-1|$-1|");
  EXPECT_EQ(client_("SCAN 0 TYPE list"), "*2|$1|0|*1|$1|l|");
}

TEST_F(Commands, Transactions) {
  EXPECT_EQ(client_("EXEC"), "-ERR EXEC without MULTI|");
  EXPECT_EQ(client_("DISCARD"), "-ERR DISCARD without MULTI|");
  client_("MULTI");
  EXPECT_EQ(client_("MULTI"), "-ERR MULTI calls can not be nested|");
  EXPECT_EQ(client_("WATCH a"), "-ERR WATCH inside MULTI is not allowed|");
  EXPECT_EQ(client_("SET a 1"), "+QUEUED|");
  EXPECT_EQ(client_("INCR a"), "+QUEUED|");
  EXPECT_EQ(client_("EXEC"), "*2|+OK|:2|");
  client_("MULTI");
  EXPECT_EQ(client_("GET"), "-ERR wrong number of arguments for 'get' command|");
  EXPECT_EQ(client_("GET a"), "+QUEUED|");
  EXPECT_EQ(client_("EXEC"), "-EXECABORT Transaction discarded because of previous errors.|");
  client_("MULTI");
  EXPECT_EQ(client_("EXEC x"),
            "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
            "command|");
  EXPECT_EQ(client_("EXEC"), "-ERR EXEC without MULTI|");
}

TEST_F(Commands, WatchedKeysThatChangeFailExec) {
  TestClient other(cluster_, kFirst);
  auto transaction = [this] {
    client_("MULTI");
    client_("PING");
    return client_("EXEC");
  };
  client_("WATCH a");
  EXPECT_EQ(transaction(), "*1|+PONG|");
  client_("WATCH a");
  other("SET a 1");
  EXPECT_EQ(transaction(), "*-1|");
  client_("WATCH a");
  other("GET a");
  EXPECT_EQ(transaction(), "*1|+PONG|") << "reading changes nothing";
  client_("WATCH a");
  other("FLUSHALL");
  EXPECT_EQ(transaction(), "*-1|");
  client_("WATCH a");
  other("SET a 1");
  client_("UNWATCH");
  EXPECT_EQ(transaction(), "*1|+PONG|");
  client_("PEXPIRE a 5");
  client_("WATCH a");
  cluster_.AdvanceTime(5);
  EXPECT_EQ(transaction(), "*-1|") << "expired meanwhile";
}

TEST_F(Commands, Resp3) {
  EXPECT_THAT(client_("HELLO 3"), StartsWith("%7|$6|server|$5|redis|$7|version|$6|7.0.15|"));
  EXPECT_EQ(client_("GET nosuch"), "_|");
  EXPECT_THAT(client_("CLUSTER NODES"), StartsWith("="));
  EXPECT_THAT(client_("CLUSTER SHARDS"), StartsWith("*1|%2|$5|slots|*2|:0|:16383|$5|nodes|*1|%7|"));
  EXPECT_EQ(client_("CONFIG GET save"), "%1|$4|save|$0||");
  client_("WATCH a");
  TestClient(cluster_, kFirst)("SET a 1");
  client_("MULTI");
  EXPECT_EQ(client_("EXEC"), "_|");
  EXPECT_EQ(client_("RESET"), "+RESET|");
  EXPECT_EQ(client_("GET nosuch"), "$-1|");
}

TEST(Shards, NameThePortAsAClientMustSpeakToIt) {
  for (const auto& [tls, name] : {std::pair(false, "|$4|port|:"), {true, "|$8|tls-port|:"}}) {
    Cluster cluster({.primaries = 1, .tls = tls});
    TestClient client(cluster, kFirst);
    EXPECT_THAT(client("CLUSTER SHARDS"), HasSubstr(std::string(name) + "7000|"));
  }
}

// As measured on 9.1.2; machines without that server skip the comparison with it.
TEST(Valkey91, AnswersWithItsOwnWords) {
  Cluster cluster({.primaries = 1, .flavor = Flavor::kValkey91});
  TestClient client(cluster, kFirst);
  EXPECT_THAT(client("HELLO 3"),
              EndsWith("|$7|modules|*1|%4|$4|name|$3|lua|$3|ver|:1|$4|path|$3|lua|$4|args|*0|"));
  EXPECT_EQ(client("RESET"), "+RESET|");
  EXPECT_EQ(client("MULTI"), "+OK|");
  EXPECT_EQ(client("watch a"), "-ERR Command 'watch' not allowed inside a transaction|");
  EXPECT_EQ(client("DISCARD"), "+OK|");
  EXPECT_EQ(client("CLUSTER MEET 127.0.0.1 99999 b"), "-ERR Port number is out of range|");
  EXPECT_EQ(client("CLUSTER MEET 127.0.0.1 1 99999"),
            "-ERR Cluster bus port number is out of range|");
  EXPECT_EQ(client("CLUSTER FAILOVER FORCE BAD"), "-ERR syntax error|");
  EXPECT_EQ(client("CLUSTER FAILOVER FORCE TAKEOVER"),
            "-ERR You should send CLUSTER FAILOVER to a replica|");
  EXPECT_EQ(client("CLUSTER REPLICATE NO ONE"), "+OK|");
  EXPECT_THAT(client("COMMAND INFO cluster|replicate"), HasSubstr("|cluster|replicate|:-3|"));
  EXPECT_THAT(client("CLUSTER HELP"), StartsWith("*66|"));
}

TEST(Valkey91, TellsWhichNodesFailedAndTheShardThatOutlastsAFailover) {
  Cluster cluster({.primaries = 2, .replicas_per_primary = 1, .flavor = Flavor::kValkey91});
  TestClient other(cluster, kSecond);
  const NodeIndex replica = cluster.ReplicasOf(kFirst).front();
  const std::string shard = TestClient(cluster, kFirst)("CLUSTER MYSHARDID");
  EXPECT_NE(other("CLUSTER MYSHARDID"), shard);
  EXPECT_THAT(other("CLUSTER SHARDS"), HasSubstr("|$2|id|" + shard));
  EXPECT_THAT(other("CLUSTER INFO"), HasSubstr("|cluster_nodes_fail:0|"));
  EXPECT_THAT(other("INFO all"), HasSubstr("|# Cluster Info|cluster_state:ok|"));
  ASSERT_TRUE(cluster.Kill(kFirst).ok());
  cluster.Settle();
  EXPECT_THAT(other("CLUSTER INFO"), HasSubstr("|cluster_nodes_pfail:0|cluster_nodes_fail:1|"
                                               "cluster_voting_nodes_pfail:0|"
                                               "cluster_voting_nodes_fail:1|"));
  ASSERT_TRUE(cluster.Failover(replica, FailoverKind::kForced).ok());
  EXPECT_EQ(TestClient(cluster, replica)("CLUSTER MYSHARDID"), shard);
  EXPECT_THAT(other("CLUSTER SHARDS"), HasSubstr("|$2|id|" + shard));
  EXPECT_THAT(other("CLUSTER INFO"), HasSubstr("|cluster_voting_nodes_fail:0|"));
}

TEST_F(Commands, Authentication) {
  Cluster guarded({.primaries = 1, .password = "secret"});
  TestClient client(guarded, kFirst);
  EXPECT_EQ(client("PING"), "-NOAUTH Authentication required.|");
  EXPECT_EQ(client("AUTH wrong"),
            "-WRONGPASS invalid username-password pair or user is disabled.|");
  EXPECT_EQ(client("AUTH default secret"), "+OK|");
  EXPECT_EQ(client("PING"), "+PONG|");
  TestClient hello(guarded, kFirst);
  EXPECT_THAT(hello("HELLO 3 AUTH default secret"), StartsWith("%7|"));
}

TEST_F(Commands, PipelinesInAnyChunking) {
  const std::string request =
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nx\r\ny \r\nPING \"a "
      "b\"\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
  for (size_t chunk = 1; chunk <= request.size(); ++chunk) {
    std::string reply;
    for (size_t at = 0; at < request.size(); at += chunk) {
      EXPECT_EQ(cluster_.Feed(client_.id(), request.substr(at, chunk), &reply), Delivery::kReplied);
    }
    EXPECT_EQ(reply, "+OK\r\n$3\r\na b\r\n$5\r\nx\r\ny \r\n") << chunk;
  }
}

TEST_F(Commands, ProtocolErrorsCloseTheConnection) {
  std::string reply;
  EXPECT_EQ(cluster_.Feed(client_.id(), "*1\r\n:1\r\n", &reply), Delivery::kClosed);
  EXPECT_EQ(reply, "-ERR Protocol error: expected '$', got ':'\r\n");
  EXPECT_FALSE(cluster_.IsOpen(client_.id()));
}

TEST(RequestParser, QuotesAsTheServerReadsThem) {
  RequestParser parser;
  parser.Feed("SET  'it\\'s' \"\\x41\\n\\\"\"\n");
  ASSERT_EQ(parser.Next(), RequestParser::Outcome::kRequest);
  EXPECT_THAT(parser.arguments(), ElementsAre("SET", "it's", "A\n\""));
  parser.Feed("GET \"a\"b\r\n");
  EXPECT_EQ(parser.Next(), RequestParser::Outcome::kInvalid);
  EXPECT_EQ(parser.error(), "ERR Protocol error: unbalanced quotes in request");
}

TEST(DumpPayload, ChecksumOfTheReference) { EXPECT_EQ(Crc64("123456789"), 0xe9c6d914c4b8d9cau); }

TEST(DumpPayload, RoundTrip) {
  for (const std::string& value :
       {std::string(), std::string("1"), std::string("-300"), std::string("70000"),
        std::string("99999999999"), std::string("007"), std::string(63, 'x'), std::string(64, 'x'),
        std::string(20000, 'x')}) {
    std::string payload = EncodeDump(value);
    EXPECT_EQ(DecodeDump(payload), value);
    payload[0] = static_cast<char>(payload[0] ^ 1);
    EXPECT_EQ(DecodeDump(payload), std::nullopt);
  }
}

// Replies to DUMP of Redis 7.0.15 (RDB version 10) and Valkey 8.0.1 (RDB version 11).
TEST(DumpPayload, WhatRealServersWrite) {
  const std::string integer("\x00\xc0\x01\x0a\x00\x26\x78\xe7\xb6\xd1\x01\x11\xfc", 13);
  EXPECT_EQ(EncodeDump("1"), integer);
  EXPECT_EQ(DecodeDump(integer), "1");
  const std::string compressed(
      "\x00\xc3\x0f>\x01"
      "aa\xe0%\x00\x01"
      "bc\xe0\x01\x02\x01"
      "bc\x0b\x00>\x0c\xbd\xe6\xd4\x15\xca\x0d",
      29);
  EXPECT_EQ(DecodeDump(compressed), std::string(47, 'a') + "abcabcabcabcabc");
}

}  // namespace
}  // namespace mockcluster
