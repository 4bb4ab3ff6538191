#include "store/records/records.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "store/codec/value_codec.h"
#include "store/records/names.h"
#include "tests/unit/records_fixture.h"

namespace atestore {
namespace {

INSTANTIATE_TEST_SUITE_P(Flavors, RecordsTest,
                         ::testing::Values(mockcluster::Flavor::kRedis70,
                                           mockcluster::Flavor::kValkey80,
                                           mockcluster::Flavor::kValkey91));

TEST_P(RecordsTest, AnActorsLife) {
  absl::StatusOr<Actor> created = records_.CreateActor(Create("a", "one"), {});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->version(), 1);
  EXPECT_EQ(created->status(), Actor::STATUS_SUSPENDED);
  EXPECT_EQ(created->actor_template_name(), "python.v1");
  EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->SerializeAsString(),
            created->SerializeAsString());

  absl::Status again = records_.CreateActor(Create("a", "one"), {}).status();
  EXPECT_TRUE(absl::IsAlreadyExists(again)) << again;
  EXPECT_EQ(Reason(again), "ACTOR_ALREADY_EXISTS");

  absl::StatusOr<Actor> updated = records_.UpdateActor(Update(Ref("a", "one"), "z1"), {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 2);
  EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->worker_selector().match_labels().at("zone"),
            "z1");

  EXPECT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok());
  for (absl::Status status : {records_.GetActor(Ref("a", "one"), {}).status(),
                              records_.UpdateActor(Update(Ref("a", "one"), ""), {}).status(),
                              records_.DeleteActor(Ref("a", "one"), {})}) {
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_EQ(Reason(status), "ACTOR_NOT_FOUND");
  }
}

TEST_P(RecordsTest, AnActorNeedsItsAtespace) {
  absl::Status status = records_.CreateActor(Create("b", "one"), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(Reason(status), "ATESPACE_NOT_FOUND");
}

TEST_P(RecordsTest, OnlyASuspendedActorIsDeleted) {
  With([&](Cluster& cluster) {
    return cluster.Put(ActorKey("a", "one"), R"({"actorId":"one","status":"STATUS_RUNNING"})");
  }).IgnoreError();
  absl::Status status = records_.DeleteActor(Ref("a", "one"), {});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(Reason(status), "ACTOR_NOT_SUSPENDED");
  EXPECT_TRUE(records_.GetActor(Ref("a", "one"), {}).ok());
}

TEST_P(RecordsTest, AStatusThatThisBuildDoesNotKnowIsQuoted) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"status":"STATUS_HIBERNATING"})", "has the status \"STATUS_HIBERNATING\", which"},
      {R"({"status":42})", "has the status 42, which"},
      {R"({"version":"1"})", "has no status, only"},
  };
  for (const auto& [json, text] : cases) {
    // clang 14 does not capture structured bindings.
    With([&value = json](Cluster& cluster) {
      return cluster.Put(ActorKey("a", "one"), value);
    }).IgnoreError();
    absl::Status status = records_.DeleteActor(Ref("a", "one"), {});
    EXPECT_EQ(Reason(status), "ACTOR_NOT_SUSPENDED");
    EXPECT_NE(status.message().find(text), absl::string_view::npos) << status;
  }
}

TEST_P(RecordsTest, AnAtespacesLife) {
  EXPECT_EQ(records_.GetAtespace("a", {})->name(), "a");
  EXPECT_EQ(Reason(records_.CreateAtespace("a", {}).status()), "ATESPACE_ALREADY_EXISTS");
  EXPECT_EQ(records_.CreateAtespace("b", {})->name(), "b");
  absl::Status full = records_.DeleteAtespace("b", [] { return false; }, {});
  EXPECT_EQ(full.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(full), "ATESPACE_NOT_EMPTY");
  absl::Status unknown =
      records_.DeleteAtespace("b", [] { return absl::UnavailableError("listing failed"); }, {});
  EXPECT_TRUE(absl::IsUnavailable(unknown));
  EXPECT_TRUE(records_.DeleteAtespace("b", [] { return true; }, {}).ok());
  EXPECT_EQ(Reason(records_.GetAtespace("b", {}).status()), "ATESPACE_NOT_FOUND");
  EXPECT_EQ(Reason(records_.DeleteAtespace("b", [] { return true; }, {})), "ATESPACE_NOT_FOUND");
}

TEST_P(RecordsTest, FollowsAMovedSlotAndRemembersIt) {
  CreateOne();
  NodeIndex target = AnotherPrimary();
  ASSERT_TRUE(With([&](Cluster& cluster) { return cluster.MoveSlot(slot_, target); }).ok());
  EXPECT_TRUE(records_.GetActor(Ref("a", "one"), {}).ok());
  EXPECT_TRUE(clock_.waits().empty()) << "a redirect is no reason to wait";
  EXPECT_EQ(client_.topology()->Owner(slot_)->id,
            With([&](Cluster& cluster) { return cluster.Node(target).id; }));
}

TEST_P(RecordsTest, WorksInASlotInMigration) {
  // keys_moved 0: the key is still at the source; 1: at the destination.
  for (size_t keys_moved : {0, 1}) {
    SCOPED_TRACE(keys_moved);
    CreateOne();
    NodeIndex target = AnotherPrimary();
    With([&](Cluster& cluster) {
      ASSERT_TRUE(cluster.BeginMigration(slot_, target).ok());
      ASSERT_EQ(*cluster.MigrateKeys(slot_, keys_moved), keys_moved);
    });
    EXPECT_TRUE(absl::IsAlreadyExists(records_.CreateActor(Create("a", "one"), {}).status()));
    EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->version(), 1);
    absl::StatusOr<Actor> updated = records_.UpdateActor(Update(Ref("a", "one"), "z"), {});
    ASSERT_TRUE(updated.ok()) << updated.status();
    EXPECT_EQ(updated->version(), 2);
    EXPECT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok());
    EXPECT_TRUE(absl::IsNotFound(records_.GetActor(Ref("a", "one"), {}).status()));
    CreateOne();
    EXPECT_TRUE(With([&](Cluster& cluster) { return cluster.FinishMigration(slot_); }).ok());
    EXPECT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok());
    EXPECT_TRUE(clock_.waits().empty());
  }
}

TEST_P(RecordsTest, AMigrationBetweenReadAndWriteLosesNothing) {
  CreateOne();
  NodeIndex target = AnotherPrimary();
  BeforeFirst("MULTI", [&](const mockcluster::NextCommand&) {
    ASSERT_TRUE(raw_->MoveSlot(slot_, target).ok());
  });
  absl::StatusOr<Actor> updated = records_.UpdateActor(Update(Ref("a", "one"), "z"), {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 2);
  EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->version(), 2);
}

TEST_P(RecordsTest, AChangeThatComesBetweenIsNotOverwritten) {
  CreateOne();
  auto other_writer = [&](const mockcluster::NextCommand&) {
    mockcluster::ClientId other = *raw_->Connect(raw_->Node(*raw_->OwnerOf(slot_)).endpoint);
    std::string key = ActorKey("a", "one");
    std::string value = R"({"actorId":"one","atespace":"a","version":"40"})";
    std::vector<std::string_view> arguments{"SET", key, value};
    std::string reply;
    raw_->Execute(other, arguments, &reply);
    EXPECT_EQ(reply, "+OK\r\n");
  };
  BeforeFirst("MULTI", other_writer);
  EXPECT_EQ(records_.UpdateActor(Update(Ref("a", "one"), "z"), {})->version(), 41);

  With([&](Cluster& cluster) {
    cluster.SetBetweenCommands([&](const mockcluster::NextCommand& next) {
      if (next.arguments[0] == "MULTI") other_writer(next);
    });
  });
  absl::Status status = records_.UpdateActor(Update(Ref("a", "one"), "z"), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
  EXPECT_EQ(Reason(status), "WRITE_CONFLICT");
  EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->version(), 40);
}

TEST_P(RecordsTest, WaitsForANodeThatIsLoading) {
  CreateOne();
  With([&](Cluster& cluster) {
    return cluster.SetLoading(*cluster.OwnerOf(slot_), 700);
  }).IgnoreError();
  EXPECT_TRUE(records_.GetActor(Ref("a", "one"), {}).ok());
  EXPECT_FALSE(clock_.waits().empty());
}

TEST_P(RecordsTest, FindsThePromotedReplica) {
  CreateOne();
  With([&](Cluster& cluster) {
    NodeIndex owner = *cluster.OwnerOf(slot_);
    ASSERT_TRUE(
        cluster.Failover(cluster.ReplicasOf(owner).front(), mockcluster::FailoverKind::kForced)
            .ok());
  });
  EXPECT_TRUE(records_.GetActor(Ref("a", "one"), {}).ok());
}

TEST_P(RecordsTest, ADeadOwnerIsUnavailableWithoutASlotElsewhereSuffering) {
  CreateOne();
  With([&](Cluster& cluster) { return cluster.Kill(*cluster.OwnerOf(slot_)); }).IgnoreError();
  absl::Status status = records_.GetActor(Ref("a", "one"), {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(Reason(status), "STORE_UNAVAILABLE");
}

TEST_P(RecordsTest, UnreadableRecordsAreDataLoss) {
  for (std::string_view value :
       {"", "[]", R"({"actorId":"two"})", R"({"atespace":"b"})", "{\"actorId\":\"one\""}) {
    With([&](Cluster& cluster) { return cluster.Put(ActorKey("a", "one"), value); }).IgnoreError();
    for (absl::Status status : {records_.GetActor(Ref("a", "one"), {}).status(),
                                records_.UpdateActor(Update(Ref("a", "one"), ""), {}).status(),
                                records_.DeleteActor(Ref("a", "one"), {})}) {
      EXPECT_TRUE(absl::IsDataLoss(status)) << value << ": " << status;
      EXPECT_EQ(Reason(status), "RECORD_UNREADABLE");
    }
  }
}

TEST_P(RecordsTest, ARecordThatNoPageCouldHoldIsRefused) {
  CreateOne();
  std::string huge(kRecordBytesMax, 'x');
  absl::Status status = records_.UpdateActor(Update(Ref("a", "one"), huge), {}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(Reason(status), "RECORD_TOO_LARGE");
  EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->version(), 1);
}

TEST_P(RecordsTest, NamesAreCheckedBeforeAnythingIsSent) {
  uint64_t gets = 0;
  With([&](Cluster& cluster) {
    cluster.SetBetweenCommands([&](const mockcluster::NextCommand&) { ++gets; });
  });
  for (const auto& [atespace, name, field] :
       std::vector<std::array<std::string, 3>>{{"", "one", "actor_ref.atespace"},
                                               {"A", "one", "actor_ref.atespace"},
                                               {"a", "", "actor_ref.name"},
                                               {"a", "o:ne", "actor_ref.name"},
                                               {"a", "{x}", "actor_ref.name"}}) {
    for (absl::Status status : {records_.GetActor(Ref(atespace, name), {}).status(),
                                records_.CreateActor(Create(atespace, name), {}).status(),
                                records_.UpdateActor(Update(Ref(atespace, name), ""), {}).status(),
                                records_.DeleteActor(Ref(atespace, name), {})}) {
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
      ASSERT_TRUE(GetErrorInfo(status));
      EXPECT_EQ(GetErrorInfo(status)->reason, "INVALID_NAME");
      EXPECT_EQ(GetErrorInfo(status)->field, field);
    }
  }
  EXPECT_EQ(GetErrorInfo(records_.CreateAtespace("-", {}).status())->field, "name");
  EXPECT_EQ(gets, 0U);
}

TEST(NamesTest, Labels) {
  for (std::string name : {"a", "0", "a-b", "a--b", "9z", "z9"}) {
    EXPECT_TRUE(CheckLabel(name, "f").ok()) << name;
  }
  for (std::string name :
       {"", "-", "-a", "a-", "A", "a_b", "a.b", "a:b", "a*", "\xc3\xa9", "a b"}) {
    EXPECT_FALSE(CheckLabel(name, "f").ok()) << name;
  }
  EXPECT_FALSE(CheckLabel(std::string(64, 'a'), "f").ok());
  EXPECT_FALSE(CheckLabel(std::string_view("a\0", 2), "f").ok());
}

TEST(NamesTest, Subdomains) {
  for (std::string name : {"a", "a.b", "a-1.b.c"}) EXPECT_TRUE(CheckSubdomain(name, "f").ok());
  for (std::string name : {"", ".", "a.", ".a", "a..b", "a.-b", "a.B"}) {
    EXPECT_FALSE(CheckSubdomain(name, "f").ok()) << name;
  }
  std::string longest = std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                        std::string(63, 'a') + "." + std::string(61, 'a');
  EXPECT_TRUE(CheckSubdomain(longest, "f").ok());
  EXPECT_FALSE(CheckSubdomain(longest + "a", "f").ok());
}

TEST(NamesTest, ARefusalQuotesLittle) {
  std::string message(CheckLabel(std::string(100000, 'X') + "\n", "name").message());
  EXPECT_LT(message.size(), 250U);
}

TEST(ActorRecordTest, TheKeyCompletesTheValue) {
  std::string json = R"({"version":"3"})";
  json.reserve(json.size() + RespReader::kPadding);
  Actor actor;
  ASSERT_TRUE(DecodeActorRecord("actor:a:one", json, &actor).ok());
  EXPECT_EQ(actor.actor_id(), "one");
  EXPECT_EQ(actor.atespace(), "a");
  EXPECT_EQ(actor.version(), 3);
}

}  // namespace
}  // namespace atestore
