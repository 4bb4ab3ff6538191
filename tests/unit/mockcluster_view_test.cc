#include "mockcluster/node/cluster_view.h"

#include <gtest/gtest.h>

namespace mockcluster::inline v0 {
namespace {

constexpr NodeIndex kPrimary{0};
constexpr NodeIndex kReplica{1};
constexpr NodeIndex kShard{2};

// updateShardId: `myself->replicaof == node`.
TEST(View, AReplicaFollowsItsPrimaryIntoAnotherShard) {
  ClusterView view(kReplica);
  view.peer(kReplica) = {.known = true, .primary = kPrimary, .shard = kPrimary};
  const uint64_t before = view.version;
  const SlotOwners nothing;
  ApplyClaim(view, {.sender = kPrimary, .shard = kShard, .version = 1, .owners = &nothing},
             /*sender_id_is_greater=*/false, {});
  EXPECT_EQ(view.me().shard, kShard);
  EXPECT_GT(view.version, before) << "the others have to hear of it";
}

}  // namespace
}  // namespace mockcluster::inline v0
