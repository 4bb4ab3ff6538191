// The store on a cluster that is closed to strangers: TLS with client certificates, passwords, and
// a user who may do no more than docs/operations.md says.
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/listing/keys_plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/actor_store.h"
#include "store/error_info.h"
#include "store/redis/redis_transport.h"
#include "tests/support/listing_audit.h"
#include "tests/support/require_server.h"
#include "tests/support/slot_move.h"

namespace atestore {
namespace {

using ::testing::HasSubstr;

// The rule after "ACL SETUSER " in the documentation, with its password filled in.
std::string DocumentedRule() {
  std::ifstream file(ATESTORE_SOURCE_DIR "/docs/operations.md");
  constexpr std::string_view kStart = "ACL SETUSER ";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kStart)) continue;
    return absl::StrReplaceAll(line.substr(kStart.size()), {{"PASSWORD", "word"}});
  }
  return "";
}

class RedisSecuredClusterTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void Start(const std::string& rule) {
    ATESTORE_REQUIRE_SERVER(GetParam());
    ASSERT_THAT(rule, HasSubstr("on >word"));
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
        RealCluster::Start({.kind = GetParam(),
                            .primaries = 3,
                            .tls = true,
                            .tls_client_certificates = true,
                            .password = "secret",
                            .users = {rule}});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = std::move(*cluster);
    RedisOptions redis;
    redis.credentials =
        RedisCredentials{.username = rule.substr(0, rule.find(' ')), .password = "word"};
    redis.tls = RedisTlsOptions{.ca_file = cluster_->tls_files().ca,
                                .client_cert_file = cluster_->tls_files().client_bundle};
    absl::StatusOr<std::unique_ptr<RedisTransport>> transport = RedisTransport::Create(redis);
    ASSERT_TRUE(transport.ok()) << transport.status();
    store_ = ActorStore::Open(std::move(*transport), StoreOptions{.seeds = {cluster_->endpoint(0)}})
                 .value();
  }

  void ExpectComplete(const std::vector<std::pair<std::string, std::string>>& records) {
    ListingAudit audit(records, "");
    ListingResult result =
        List({.page_size = 100, .store = [this]() -> ActorStore& { return *store_; }}, audit);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(audit.missing() + audit.duplicates() + audit.violations(), 0);
  }

  std::unique_ptr<RealCluster> cluster_;
  std::unique_ptr<ActorStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Servers, RedisSecuredClusterTest, ::testing::ValuesIn(AllServerKinds()),
                         NameOfServerTest);

TEST_P(RedisSecuredClusterTest, TheDocumentedUserMayDoAllThatTheStoreDoes) {
  ASSERT_NO_FATAL_FAILURE(Start(DocumentedRule()));
  if (!cluster_) return;
  absl::Status health = store_->CheckHealth();
  EXPECT_TRUE(health.ok()) << health;

  ASSERT_TRUE(store_->CreateAtespace("space").ok());
  ateapi::ActorRef ref;
  ref.set_atespace("space");
  ref.set_name("one");
  ateapi::CreateActorRequest create;
  *create.mutable_actor_ref() = ref;
  ateapi::UpdateActorRequest update;
  *update.mutable_actor_ref() = ref;
  (*update.mutable_worker_selector()->mutable_match_labels())["zone"] = "a";
  EXPECT_TRUE(store_->CreateActor(create).ok());
  absl::StatusOr<ateapi::Actor> updated = store_->UpdateActor(update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 2);
  EXPECT_TRUE(store_->GetActor(ref).ok());
  EXPECT_TRUE(store_->DeleteActor(ref).ok());
  absl::Status deleted = store_->DeleteAtespace("space");
  EXPECT_TRUE(deleted.ok()) << deleted;
}

TEST_P(RedisSecuredClusterTest, TheDocumentedUserListsThroughAMigration) {
  ASSERT_NO_FATAL_FAILURE(Start(DocumentedRule()));
  if (!cluster_) return;
  std::vector<std::pair<std::string, std::string>> records = ActorRecords(3000, 3);
  // Small slots, and one that has to be paged through.
  for (auto& record : ActorRecordsInSlot(100, 2 * kWholeSlotKeys)) {
    records.push_back(std::move(record));
  }
  ASSERT_TRUE(cluster_->SetAll(records).ok());
  ExpectComplete(records);
  for (const std::string& key : {records[0].first, records[1].first, records[2].first}) {
    absl::StatusOr<size_t> owner = cluster_->OwnerOf(KeySlot(key));
    ASSERT_TRUE(owner.ok());
    SlotMove move{.slot = KeySlot(key), .from = *owner, .to = (*owner + 1) % 3};
    ASSERT_TRUE(BeginMove(*cluster_, move).ok());
    absl::StatusOr<size_t> moved = MoveKeys(*cluster_, move, 1);
    ASSERT_TRUE(moved.ok()) << moved.status();
    EXPECT_EQ(*moved, 1);
  }
  ExpectComplete(records);
}

TEST_P(RedisSecuredClusterTest, SaysWhichCommandAUserLacks) {
  const std::string rule = DocumentedRule();
  ASSERT_NO_FATAL_FAILURE(Start(rule));
  if (!cluster_) return;
  const std::string user = rule.substr(0, rule.find(' '));
  const auto allow = [&](const std::string& change) {
    for (size_t node = 0; node < 3; ++node) {
      ASSERT_TRUE(cluster_->Run(node, {"ACL", "SETUSER", user, change}).ok());
    }
  };
  for (const std::string command : {"cluster|getkeysinslot", "multi", "asking", "cluster|info"}) {
    allow("-" + command);
    absl::Status health = store_->CheckHealth();
    EXPECT_EQ(health.code(), absl::StatusCode::kPermissionDenied) << health;
    EXPECT_THAT(std::string(health.message()), HasSubstr(command));
    allow("+" + command);
    health = store_->CheckHealth();
    EXPECT_TRUE(health.ok()) << health;
  }
}

// What a node is, is asked once for each connection.
TEST_P(RedisSecuredClusterTest, SaysThatAUserMayNotAskWhoANodeIs) {
  ASSERT_NO_FATAL_FAILURE(Start(DocumentedRule() + " -cluster|myid"));
  if (!cluster_) return;
  absl::Status health = store_->CheckHealth();
  EXPECT_EQ(health.code(), absl::StatusCode::kPermissionDenied) << health;
  EXPECT_THAT(std::string(health.message()), HasSubstr("+cluster|myid"));
}

// A listing names the reason as the methods on single records do.
TEST_P(RedisSecuredClusterTest, RefusedListingsAndRecordsSayWhyInTheSameWay) {
  const std::string rule = DocumentedRule() + " -mget -get";
  ASSERT_NO_FATAL_FAILURE(Start(rule));
  if (!cluster_) return;
  ASSERT_TRUE(cluster_->SetAll(ActorRecords(10, 1)).ok());
  ateapi::ActorRef ref;
  ref.set_atespace("space-0");
  ref.set_name("one");
  // Pages of slots without names need no values.
  ateapi::ListActorsRequest request;
  absl::StatusOr<ActorPage> page = store_->ListActors(request);
  for (; page.ok() && !page->response.next_page_token().empty();
       page = store_->ListActors(request)) {
    request.set_page_token(page->response.next_page_token());
  }
  for (const absl::Status& status : {store_->GetActor(ref).status(), page.status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
    ASSERT_TRUE(GetErrorInfo(status));
    EXPECT_EQ(GetErrorInfo(status)->reason, "REDIS_PERMISSION_DENIED");
  }
}

}  // namespace
}  // namespace atestore
