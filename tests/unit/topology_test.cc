#include "core/topology.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/node_view.h"
#include "core/server_error.h"

namespace atestore {
namespace {

const Endpoint kAsked{"10.0.0.9", 7000};

absl::StatusOr<Topology> Parse(std::string_view resp) {
  RespReader reader;
  reader.Feed(resp);
  auto reply = reader.Next();
  if (!reply.ok()) return reply.status();
  return Topology::FromClusterSlots(**reply, kAsked);
}

TEST(TopologyTest, ReadsRangesReplicasAndUnknownHosts) {
  auto topology = Parse(
      "*3\r\n"
      "*4\r\n:0\r\n:5460\r\n*4\r\n$9\r\n127.0.0.1\r\n:7001\r\n$2\r\naa\r\n*0\r\n"
      "*4\r\n$9\r\n127.0.0.1\r\n:7004\r\n$2\r\ndd\r\n*0\r\n"
      "*3\r\n:5461\r\n:5461\r\n*3\r\n$-1\r\n:7002\r\n$2\r\nbb\r\n"
      "*3\r\n:5463\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:7001\r\n$2\r\naa\r\n");
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_EQ(topology->Owner(0)->endpoint, (Endpoint{"127.0.0.1", 7001}));
  EXPECT_EQ(topology->Owner(5461)->endpoint, (Endpoint{"10.0.0.9", 7002}));
  EXPECT_EQ(topology->Owner(5462), nullptr);
  EXPECT_EQ(topology->Owner(16383)->id, "aa");
  EXPECT_EQ(topology->primaries().size(), 2u);
  ASSERT_EQ(topology->replicas().size(), 1u);
  EXPECT_EQ(topology->replicas()[0].id, "dd");
  EXPECT_EQ(topology->covered_slots(), kSlotCount - 1);
  EXPECT_EQ(*topology->IdAt({"127.0.0.1", 7001}), "aa");
  EXPECT_EQ(*topology->IdAt({"127.0.0.1", 7004}), "dd");
  EXPECT_EQ(topology->IdAt({"127.0.0.1", 7005}), nullptr);
}

// A TLS-only node has no plaintext port, and a node whose address is lost has none at all.
TEST(TopologyTest, LeavesOutNodesThatNobodyCanReach) {
  auto topology = Parse(
      "*2\r\n"
      "*4\r\n:0\r\n:99\r\n*4\r\n$1\r\nh\r\n:7001\r\n$2\r\naa\r\n*0\r\n"
      "*4\r\n$0\r\n\r\n:0\r\n$2\r\nbb\r\n*0\r\n"
      "*4\r\n:100\r\n:199\r\n*4\r\n$1\r\nh\r\n:0\r\n$2\r\ncc\r\n*0\r\n"
      "*4\r\n$1\r\nh\r\n:7002\r\n$2\r\ndd\r\n*0\r\n");
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_EQ(topology->covered_slots(), 100);
  EXPECT_EQ(topology->Owner(0)->id, "aa");
  EXPECT_EQ(topology->Owner(100), nullptr);
  EXPECT_EQ(topology->primaries().size(), 1);
  ASSERT_EQ(topology->replicas().size(), 1);
  EXPECT_EQ(topology->replicas()[0].id, "dd");
}

// cluster-preferred-endpoint-type hostname, of nodes without a name; unknown-endpoint.
TEST(TopologyTest, TakesTheAddressFromTheMetadataWhereTheEndpointIsUnknown) {
  auto topology = Parse(
      "*4\r\n"
      "*3\r\n:0\r\n:0\r\n*4\r\n$1\r\n?\r\n:7001\r\n$2\r\naa\r\n"
      "*4\r\n$8\r\nhostname\r\n$0\r\n\r\n$2\r\nip\r\n$8\r\n10.1.1.1\r\n"
      "*3\r\n:1\r\n:1\r\n*4\r\n$1\r\n?\r\n:7002\r\n$2\r\nbb\r\n*1\r\n$2\r\nip\r\n"
      "*3\r\n:2\r\n:2\r\n*4\r\n$-1\r\n:7003\r\n$2\r\ncc\r\n"
      "*2\r\n$2\r\nip\r\n$8\r\n10.1.1.3\r\n"
      "*3\r\n:3\r\n:3\r\n*4\r\n$0\r\n\r\n:7004\r\n$2\r\ndd\r\n*0\r\n");
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_EQ(topology->Owner(0)->endpoint, (Endpoint{"10.1.1.1", 7001}));
  EXPECT_EQ(topology->Owner(1)->endpoint, (Endpoint{"10.0.0.9", 7002}));
  EXPECT_EQ(topology->Owner(2)->endpoint, (Endpoint{"10.0.0.9", 7003}));
  EXPECT_EQ(topology->Owner(3)->endpoint, (Endpoint{"10.0.0.9", 7004}));
}

TEST(TopologyTest, TellsTwoClustersApartByTheirNodes) {
  const auto of = [](std::string_view primary, std::string_view replica) {
    return *Parse(absl::StrCat("*1\r\n*4\r\n:0\r\n:1\r\n*3\r\n+h\r\n:1\r\n$", primary.size(),
                               "\r\n", std::string(primary), "\r\n*3\r\n+h\r\n:2\r\n$",
                               replica.size(), "\r\n", std::string(replica), "\r\n"));
  };
  EXPECT_TRUE(of("aa", "bb").MayBeSameCluster(of("bb", "cc")));
  EXPECT_FALSE(of("aa", "bb").MayBeSameCluster(of("cc", "dd")));
  EXPECT_FALSE(of("aa", "bb").MayBeSameCluster(of("cc", "")));
  EXPECT_TRUE(of("aa", "bb").MayBeSameCluster(of("", "")));
  EXPECT_TRUE(Topology().MayBeSameCluster(of("aa", "bb")));
}

TEST(TopologyTest, RefusesOtherShapes) {
  for (std::string_view resp :
       {"+OK\r\n", "*1\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n+h\r\n:1\r\n",
        "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n+h\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+h\r\n:-1\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+h\r\n+7000\r\n",
        // The same, of nodes that nobody can reach.
        "*2\r\n*3\r\n:0\r\n:9\r\n*2\r\n+h\r\n:0\r\n"
        "*3\r\n:9\r\n:9\r\n*2\r\n+h\r\n:0\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n+x\r\n",
        // A slot with two owners.
        "*2\r\n*3\r\n:0\r\n:9\r\n*2\r\n+h\r\n:1\r\n"
        "*3\r\n:9\r\n:9\r\n*2\r\n+h\r\n:2\r\n"}) {
    EXPECT_EQ(Parse(resp).status().code(), absl::StatusCode::kDataLoss) << resp;
  }
}

TEST(TopologyTest, LimitsWhatAServerCanMakeItKeep) {
  std::string replicas;
  for (size_t i = 1; i < kClusterNodesMax; ++i) {
    replicas += absl::StrCat("*2\r\n+h\r\n:", i, "\r\n");
  }
  const std::string range = ":0\r\n:1\r\n*2\r\n+h\r\n:7000\r\n";
  const auto reply = [&](size_t elements, const std::string& nodes) {
    return absl::StrCat("*1\r\n*", elements, "\r\n", range, nodes);
  };
  EXPECT_TRUE(Parse(reply(kClusterNodesMax + 2, replicas)).ok());
  EXPECT_EQ(Parse(reply(kClusterNodesMax + 3, replicas + "*2\r\n+i\r\n:1\r\n")).status().code(),
            absl::StatusCode::kDataLoss);
  const std::string host(kHostBytesMax + 1, 'h');
  EXPECT_EQ(
      Parse(absl::StrCat("*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+", host, "\r\n:1\r\n")).status().code(),
      absl::StatusCode::kDataLoss);
}

TEST(EndpointTest, ParsesWhatOperatorsAndServersWrite) {
  EXPECT_EQ(*ParseEndpoint("redis.example:6379"), (Endpoint{"redis.example", 6379}));
  EXPECT_EQ(*ParseEndpoint("[::1]:6379"), (Endpoint{"::1", 6379}));
  EXPECT_EQ(*ParseEndpoint("::1:6379"), (Endpoint{"::1", 6379}));
  EXPECT_EQ(*ParseEndpoint(":6379"), (Endpoint{"", 6379}));
  const std::string long_host = std::string(kHostBytesMax + 1, 'h') + ":1";
  for (std::string_view text :
       {std::string_view(""), std::string_view("host"), std::string_view("host:"),
        std::string_view("host:0"), std::string_view("host:65536"), std::string_view("host:1x"),
        std::string_view("[[a]]:1"), std::string_view(long_host)}) {
    auto endpoint = ParseEndpoint(text);
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(EndpointTest, OnlyToListenOnMayThePortBeZero) {
  EXPECT_EQ(*ParseListenEndpoint("[::1]:0"), (Endpoint{"::1", 0}));
  EXPECT_EQ(*ParseListenEndpoint("localhost:9090"), (Endpoint{"localhost", 9090}));
  for (std::string_view text : {"[::1:0", "localhost", "localhost:", "localhost:65536"}) {
    EXPECT_EQ(ParseListenEndpoint(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ServerErrorTest, ReadsRedirects) {
  ServerError moved = ParseServerError("MOVED 3999 127.0.0.1:6381", kAsked);
  EXPECT_EQ(moved.kind, ServerErrorKind::kMoved);
  EXPECT_EQ(moved.slot, 3999);
  EXPECT_EQ(moved.endpoint, (Endpoint{"127.0.0.1", 6381}));
  ServerError ask = ParseServerError("ASK 0 :6381", kAsked);
  EXPECT_EQ(ask.kind, ServerErrorKind::kAsk);
  EXPECT_EQ(ask.endpoint, (Endpoint{"10.0.0.9", 6381}));
  for (std::string_view text : {"MOVED", "MOVED 1", "MOVED x h:1", "MOVED 16384 h:1", "ASK 1 h"}) {
    EXPECT_EQ(ParseServerError(text, kAsked).kind, ServerErrorKind::kUnknown) << text;
  }
}

TEST(ServerErrorTest, KeepsNoMoreOfALongText) {
  ServerError error = ParseServerError("ERR " + std::string(100'000, 'x'), kAsked);
  EXPECT_EQ(error.text.size(), kServerErrorTextMax);
}

TEST(ServerErrorTest, KindsDecideTheStatus) {
  auto code = [](std::string_view text) {
    return ToStatus(ParseServerError(text, kAsked), kAsked).code();
  };
  EXPECT_EQ(code("CLUSTERDOWN The cluster is down"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(code("LOADING Redis is loading the dataset in memory"), absl::StatusCode::kUnavailable);
  EXPECT_EQ(code("NOAUTH Authentication required."), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(code("NOPERM User u has no permissions"), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code("ERR This instance has cluster support disabled"),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code("ERR unknown command"), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code("WRONGTYPE Operation against a key"), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code("OOM command not allowed"), absl::StatusCode::kResourceExhausted);
}

TEST(SlotRangeTest, HoldsItsSlotsAndNoOthers) {
  for (auto [first, count] : std::vector<std::pair<size_t, size_t>>{{0, 0},
                                                                    {0, 1},
                                                                    {5, 3},
                                                                    {63, 66},
                                                                    {0, kSlotCount},
                                                                    {kSlotCount - 1, 1},
                                                                    {kSlotCount, 0}}) {
    SlotSet expected;
    for (size_t slot = first; slot < first + count; ++slot) expected.set(slot);
    EXPECT_EQ(SlotRange(first, count), expected) << first << ", " << count;
  }
}

TEST(NodeViewTest, ReadsTheOwnLine) {
  auto view = NodeView::FromClusterNodes(
      "bbbb 127.0.0.1:7002@17002 master - 0 1 2 connected 6-100\n"
      "aaaa 127.0.0.1:7001@17001,host myself,master - 0 0 1 connected 0-3 5 [2->-bbbb] "
      "[6-<-bbbb]\n");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_TRUE(view->IsStableOwner(0));
  EXPECT_FALSE(view->IsStableOwner(2));
  EXPECT_TRUE(view->migrating[2]);
  EXPECT_FALSE(view->IsStableOwner(4));
  EXPECT_TRUE(view->IsStableOwner(5));
  EXPECT_FALSE(view->IsStableOwner(6));
  EXPECT_TRUE(view->importing[6]);
  EXPECT_FALSE(view->IsStableOwner(50));
}

TEST(NodeViewTest, ReadsRangesOfAnyLength) {
  auto view = NodeView::FromClusterNodes(
      "a h:1@2 myself,master - 0 0 1 connected 0-1 3-600 1000-9000 16383\n");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->owned,
            SlotRange(0, 2) | SlotRange(3, 598) | SlotRange(1000, 8001) | SlotRange(16383, 1));
}

TEST(NodeViewTest, AReplicaOwnsNothing) {
  auto view = NodeView::FromClusterNodes("a h:1@2 myself,slave bbbb 0 0 1 connected 0-3\n");
  ASSERT_TRUE(view.ok());
  EXPECT_FALSE(view->IsStableOwner(0));
}

TEST(NodeViewTest, RefusesOtherTexts) {
  for (std::string_view text :
       {"", "a h:1@2 master - 0 0 1 connected 0-3\n", "a h:1@2 myself,master - 0 0 1 connected x\n",
        "a h:1@2 myself,master - 0 0 1 connected 5-3\n",
        "a h:1@2 myself,master - 0 0 1 connected 0-16384\n",
        "a h:1@2 myself,master - 0 0 1 connected [1->-b\n",
        "a h:1@2 myself,master - 0 0 1 connected [1=b]\n",
        "a h:1@2 myself,master - 0 0 1 connected 0-3 3\n",
        "a h:1@2 myself,master - 0 0 1 connected 3 0-3\n",
        "a h:1@2 myself,master - 0 0 1 connected 0-8000 8000-8001\n",
        "a h:1@2 myself,master - 0 0 1 connected 8000-8001 0-8000\n"}) {
    EXPECT_EQ(NodeView::FromClusterNodes(text).status().code(), absl::StatusCode::kDataLoss)
        << text;
  }
}

}  // namespace
}  // namespace atestore
