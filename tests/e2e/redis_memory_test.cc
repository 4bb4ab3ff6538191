// Real servers at their maxmemory: actors can still be deleted. Redis 7.0 refuses every command
// inside MULTI then, even DEL.
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/actor_store.h"
#include "store/error_info.h"
#include "store/redis/redis_transport.h"
#include "tests/support/require_server.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

class RedisMemoryTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override {
    ATESTORE_REQUIRE_SERVER(GetParam());
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
        RealCluster::Start({.kind = GetParam(),
                            .primaries = 3,
                            .password = "secret",
                            .users = {"least on >word ~* -@all +get +set +del +watch +multi "
                                      "+exec +asking +cluster|slots +cluster|myid +cluster|info"}});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = std::move(*cluster);
    store_ = Connect({.username = "", .password = "secret"});
    ASSERT_TRUE(store_->CreateAtespace("space").ok());
    ref_.set_atespace("space");
    ref_.set_name("one");
    ateapi::CreateActorRequest create;
    *create.mutable_actor_ref() = ref_;
    ASSERT_TRUE(store_->CreateActor(create).ok());
    for (size_t node = 0; node < cluster_->size(); ++node) {
      ASSERT_TRUE(cluster_->Run(node, {"CONFIG", "SET", "maxmemory", "1"}).ok());
    }
  }

  std::unique_ptr<ActorStore> Connect(const RedisCredentials& credentials) {
    RedisOptions redis;
    redis.credentials = credentials;
    absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(redis);
    EXPECT_TRUE(transport.ok()) << transport.status();
    return ActorStore::Open(std::move(*transport), StoreOptions{.seeds = {cluster_->endpoint(0)},
                                                                .retry_budget = absl::Seconds(1)})
        .value();
  }

  std::unique_ptr<RealCluster> cluster_;
  std::unique_ptr<ActorStore> store_;
  ateapi::ActorRef ref_;
};

INSTANTIATE_TEST_SUITE_P(Servers, RedisMemoryTest,
                         ::testing::Values(ServerKind::kRedis, ServerKind::kValkey),
                         [](const auto& test) {
                           return test.param == ServerKind::kRedis ? "Redis" : "Valkey";
                         });

TEST_P(RedisMemoryTest, ActorsAreDeletedWhenMemoryIsFull) {
  if (!cluster_) return;
  ateapi::CreateActorRequest create;
  *create.mutable_actor_ref() = ref_;
  create.mutable_actor_ref()->set_name("two");
  absl::Status full = store_->CreateActor(create).status();
  EXPECT_FALSE(full.ok());
  EXPECT_THAT(std::string(full.message()), HasSubstr("OOM"));
  absl::Status deleted = store_->DeleteActor(ref_);
  EXPECT_TRUE(deleted.ok()) << deleted;
  EXPECT_TRUE(absl::IsNotFound(store_->GetActor(ref_).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->DeleteActor(ref_)));
}

TEST_P(RedisMemoryTest, AUserWithoutScriptsIsToldWhatToGrant) {
  if (!cluster_) return;
  std::unique_ptr<ActorStore> least = Connect({.username = "least", .password = "word"});
  absl::Status status = least->DeleteActor(ref_);
  if (GetParam() == ServerKind::kValkey) {
    EXPECT_TRUE(status.ok()) << "Valkey lets DEL into MULTI: " << status;
    return;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("+eval"));
  for (size_t node = 0; node < cluster_->size(); ++node) {
    ASSERT_TRUE(cluster_->Run(node, {"ACL", "SETUSER", "least", "+eval"}).ok());
  }
  status = least->DeleteActor(ref_);
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace atestore
