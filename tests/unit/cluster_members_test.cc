#include "core/cluster_members.h"

#include <gtest/gtest.h>

#include <string>

#include "core/shard_request.h"

namespace atestore {
namespace {

const Endpoint kAsked{"10.0.0.9", 7009};

TEST(ClusterMembersTest, KnowsNodesByAddressAndByName) {
  const absl::StatusOr<ClusterMembers> members = ClusterMembers::FromClusterNodes(
      "aa 10.0.0.1:7000@17000 master - 0 0 1 connected 0-99\n"
      "bb :7001@17001,b.example myself,master - 0 0 2 connected\n"
      "cc ::1:7002@17002,,shard-id=x slave aa 0 0 1 disconnected\n"
      "dd :0@0 master,noaddr - 0 0 0 disconnected\n"
      "ee 10.0.0.5:7005@17005 handshake - 0 0 0 connected\n"
      "ff 10.0.0.6:0@17006 master - 0 0 0 connected\n",
      kAsked);
  ASSERT_TRUE(members.ok()) << members.status();
  EXPECT_EQ(members->myself, "bb");
  EXPECT_EQ(members->nodes, (std::vector<ClusterNode>{{"aa", {"10.0.0.1", 7000}},
                                                      {"bb", {"10.0.0.9", 7001}},
                                                      {"bb", {"b.example", 7001}},
                                                      {"cc", {"::1", 7002}}}));
}

TEST(ClusterMembersTest, RefusesATextWithoutAnOwnLine) {
  for (const char* text : {"", "\n", "aa 10.0.0.1:7000@1 master - 0 0 1 connected\n", "myself"}) {
    EXPECT_FALSE(ClusterMembers::FromClusterNodes(text, kAsked).ok()) << text;
  }
}

TEST(ClusterMembersTest, RefusesTooManyNodes) {
  std::string text = "bb :7001@1 myself,master - 0 0 2 connected\n";
  for (size_t i = 0; i < kClusterNodesMax; ++i) {
    text += "aa 10.0.0.1:7000@17000 master - 0 0 1 connected\n";
  }
  EXPECT_FALSE(ClusterMembers::FromClusterNodes(text, kAsked).ok());
}

// Only a topology that knows every member can tell a stranger.
TEST(ClusterMembersTest, ATopologyWithMembersTellsStrangers) {
  Topology topology;
  EXPECT_FALSE(topology.IsStranger({"10.0.0.1", 7000}));
  topology.SetMembers({{"aa", {"10.0.0.1", 7000}}});
  EXPECT_FALSE(topology.IsStranger({"10.0.0.1", 7000}));
  EXPECT_TRUE(topology.IsStranger({"10.0.0.1", 7001}));
  ASSERT_NE(topology.IdAt({"10.0.0.1", 7000}), nullptr);
  EXPECT_EQ(*topology.IdAt({"10.0.0.1", 7000}), "aa");
}

// An address that was learnt before may belong to anybody by now.
TEST(ClusterMembersTest, AStrangerIsAskedForNothing) {
  Topology topology;
  ShardRequest request{.endpoint = {"10.0.0.1", 7001}};
  DemandMember(topology, request);
  EXPECT_EQ(request.node_id, "");
  topology.SetMembers({{"aa", {"10.0.0.1", 7000}}});
  DemandMember(topology, request);
  EXPECT_NE(request.node_id, "");
  EXPECT_NE(request.node_id, "aa");
  request.endpoint.port = 7000;
  DemandMember(topology, request);
  EXPECT_EQ(request.node_id, "aa");
}

}  // namespace
}  // namespace atestore
