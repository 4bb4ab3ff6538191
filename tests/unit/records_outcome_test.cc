// A write happens once, and takes nothing else along.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/cluster/execute_at.h"
#include "store/codec/json_patch.h"
#include "store/records/record_text.h"
#include "store/shard_transport.h"
#include "tests/support/hooked_transport.h"
#include "tests/unit/records_fixture.h"

namespace atestore {
namespace {

using mockcluster::ConnectionFault;
using Answer = absl::StatusOr<std::optional<std::string>>;
using mockcluster::NextCommand;

bool Has(const ShardRequest& request, std::string_view command) {
  return request.pipeline.bytes().find(absl::StrCat("\r\n", ToAbsl(command), "\r\n")) !=
         std::string::npos;
}

class RecordOutcomesTest : public RecordsTest {
 protected:
  // The connection of the first `command` meets `fault`, after `event`.
  void Lose(std::string command, ConnectionFault fault, std::function<void()> event = {}) {
    BeforeFirst(std::move(command), [this, fault, event](const NextCommand& next) {
      if (event) event();
      raw_->InjectConnectionFault(next.client, fault);
    });
  }
  // As Lose() with a command that was executed; `event` happens before anybody looks again.
  void LoseReply(const std::string& command, std::function<void()> event) {
    auto lost = std::make_shared<bool>(false);
    auto done = std::make_shared<bool>(false);
    With([&](Cluster& cluster) {
      cluster.SetBetweenCommands([=, this](const NextCommand& next) {
        if (*lost && !*done) {
          *done = true;
          event();
        }
        if (*lost || next.arguments[0] != command) return;
        *lost = true;
        raw_->InjectConnectionFault(next.client, ConnectionFault::kDropAfter);
      });
    });
  }
  void ExpectUnknown(const absl::Status& status) {
    EXPECT_TRUE(absl::IsAborted(status)) << status;
    EXPECT_EQ(Reason(status), "WRITE_OUTCOME_UNKNOWN");
  }

  const std::string key_ = ActorKey("a", "one");
};

INSTANTIATE_TEST_SUITE_P(Flavors, RecordOutcomesTest,
                         ::testing::Values(mockcluster::Flavor::kRedis70,
                                           mockcluster::Flavor::kValkey80,
                                           mockcluster::Flavor::kValkey91));

TEST_P(RecordOutcomesTest, AnInterruptedChangeIsMadeOnceOrSaysThatItCannotTell) {
  for (ConnectionFault fault : {ConnectionFault::kDropBefore, ConnectionFault::kDropAfter,
                                ConnectionFault::kTruncateReply}) {
    SCOPED_TRACE(static_cast<int>(fault));
    const bool executed = fault != ConnectionFault::kDropBefore;
    Lose("EXEC", fault);
    absl::Status created = records_.CreateActor(Create("a", "one"), {}).status();
    if (executed) {
      EXPECT_TRUE(created.ok()) << created;  // the record says who made it
    } else {
      ExpectUnknown(created);  // it may have been made and removed by somebody
      CreateOne();
    }
    Lose("EXEC", fault);
    absl::StatusOr<Actor> updated = records_.UpdateActor(Update(Ref("a", "one"), "z"), {});
    ASSERT_TRUE(updated.ok()) << updated.status();
    EXPECT_EQ(updated->version(), 2);
    EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->version(), 2);
    Lose("EXEC", fault);
    absl::Status deleted = records_.DeleteActor(Ref("a", "one"), {});
    if (executed) {
      ExpectUnknown(deleted);  // somebody else may have removed it
    } else {
      EXPECT_TRUE(deleted.ok()) << deleted;
    }
    EXPECT_TRUE(absl::IsNotFound(records_.GetActor(Ref("a", "one"), {}).status()));
  }
}

TEST_P(RecordOutcomesTest, AnOutcomeThatCannotBeLookedUpIsSaidToBeUnknown) {
  CreateOne();
  With([&](Cluster& cluster) {
    cluster.SetBetweenCommands([this, lost = false](const NextCommand& next) mutable {
      if (lost) raw_->InjectConnectionFault(next.client, ConnectionFault::kDropBefore);
      if (next.arguments[0] != "EXEC") return;
      lost = true;
      raw_->InjectConnectionFault(next.client, ConnectionFault::kDropAfter);
    });
  });
  absl::Status status = records_.UpdateActor(Update(Ref("a", "one"), "z"), {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(Reason(status), "WRITE_OUTCOME_UNKNOWN");
}

TEST_P(RecordOutcomesTest, C1AnUpdateKeepsWhatItDoesNotUnderstand) {
  Store(key_,
        "{ \"future\" : {\"deep\":[1.0, 1e2,\"\\u00e9\"]},\n"
        "\t\"actor_id\":\"one\",\"version\":41,\"status\":\"STATUS_OF_A_LATER_BUILD\","
        "\"worker_selector\":{\"match_labels\":{\"zone\":\"old\"},\"matchExpressions\":[]},"
        "\"latestSnapshotInfo\":{\"type\":7,\"remote\":{}}  }");
  absl::StatusOr<Actor> updated = records_.UpdateActor(Update(Ref("a", "one"), "z"), {});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 42);
  const std::string stored = Stored(key_);
  std::string write_id(FindJsonText(stored, kWriteMember).value_or(""));
  EXPECT_EQ(stored,
            "{ \"future\" : {\"deep\":[1.0, 1e2,\"\\u00e9\"]},\n"
            "\t\"actor_id\":\"one\",\"version\":42,\"status\":\"STATUS_OF_A_LATER_BUILD\","
            "\"worker_selector\":{\"matchLabels\":{\"zone\":\"z\"}},"
            "\"latestSnapshotInfo\":{\"type\":7,\"remote\":{}},\"$write\":\"" +
                write_id + "\"  }");
  // A second one changes only what it has to.
  ateapi::UpdateActorRequest without;
  *without.mutable_actor_ref() = Ref("a", "one");
  EXPECT_EQ(records_.UpdateActor(without, {})->version(), 43);
  EXPECT_EQ(Stored(key_).find("selector"), std::string::npos);
  EXPECT_NE(Stored(key_).find("\"STATUS_OF_A_LATER_BUILD\",\"latestSnapshotInfo\""),
            std::string::npos);
}

TEST_P(RecordOutcomesTest, C2ADeleteWhoseReplyIsLostDoesNotDeleteTheNextActor) {
  CreateOne();
  const std::string next = NewActorText(Actor(), "0123456789abcdef");
  LoseReply("EXEC", [&] { EXPECT_EQ(Other({"SET", key_, next}), "+OK\r\n"); });
  ExpectUnknown(records_.DeleteActor(Ref("a", "one"), {}));
  EXPECT_EQ(Stored(key_), next);
}

TEST_P(RecordOutcomesTest, C2ADeleteOfAnAtespaceDoesNotDeleteTheNextOne) {
  const std::string key = AtespaceKey("b");
  ASSERT_TRUE(records_.CreateAtespace("b", {}).ok());
  auto put = [&] { EXPECT_TRUE(raw_->Put(key, "{\"name\":\"b\"}").ok()); };
  auto is_empty = [&] {
    LoseReply("EXEC", put);
    return true;
  };
  ExpectUnknown(records_.DeleteAtespace("b", is_empty, {}));
  EXPECT_EQ(Stored(key), "{\"name\":\"b\"}");
}

TEST_P(RecordOutcomesTest, C2ADeleteThatWasNotMadeIsMadeLaterAlsoAfterAnUpdate) {
  CreateOne();
  Actor actor = *records_.GetActor(Ref("a", "one"), {});
  actor.set_version(2);
  const std::string updated = *ChangedActorText(Stored(key_), actor, "theirs");
  // WATCH notices the update; that the connection is lost too leaves this client in the dark.
  Lose("EXEC", ConnectionFault::kDropBefore, [&] {
    EXPECT_EQ(Other({"SET", key_, updated}), "+OK\r\n");
  });
  EXPECT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok()) << "it is the same actor";
  EXPECT_EQ(Stored(key_), "");
}

TEST_P(RecordOutcomesTest, C3AnUpdateIsNotMadeTwiceOverAnotherOne) {
  CreateOne();
  // Another writer's update comes after ours was made, before we look.
  LoseReply("EXEC", [&] {
    std::string theirs =
        R"({"actorId":"one","atespace":"a","version":"3","status":4,"$write":"theirs"})";
    EXPECT_EQ(Other({"SET", key_, theirs}), "+OK\r\n");
  });
  ExpectUnknown(records_.UpdateActor(Update(Ref("a", "one"), "mine"), {}).status());
  EXPECT_EQ(records_.GetActor(Ref("a", "one"), {})->version(), 3);
  EXPECT_FALSE(records_.GetActor(Ref("a", "one"), {})->has_worker_selector());
}

TEST_P(RecordOutcomesTest, C4TwoCreatorsOfTheSameContentAreToldApart) {
  // Ours is not executed; the same content is created by somebody else before we look.
  CreateOne();
  const std::string theirs = Stored(key_);
  ASSERT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok());
  Lose("EXEC", ConnectionFault::kDropBefore, [&] {
    EXPECT_EQ(Other({"SET", key_, theirs}), "+OK\r\n");
  });
  absl::Status status = records_.CreateActor(Create("a", "one"), {}).status();
  EXPECT_FALSE(status.ok()) << "both creators got OK";
  EXPECT_EQ(Stored(key_), theirs);
}

TEST_P(RecordOutcomesTest, C4WhatWasNeverSentIsRepeatedFreely) {
  int refused = 0;
  HookedTransport refusing(transport_, [&](const ShardRequest& request) -> Answer {
    if (!Has(request, "EXEC") || ++refused > 3) return std::nullopt;
    return MarkNotSent(absl::UnavailableError("connection refused"));
  });
  ClusterClient client(refusing, clock_, cluster_->Endpoints(), {});
  Records records(client);
  EXPECT_TRUE(records.CreateActor(Create("a", "one"), {}).ok());
  refused = 0;
  EXPECT_TRUE(records.DeleteActor(Ref("a", "one"), {}).ok());
  EXPECT_EQ(refused, 4);
}

// The one that C2 to C4 are about as it was: what was sent may be executed at any later time.
TEST_P(RecordOutcomesTest, C4ARequestThatArrivesLateChangesNothing) {
  CreateOne();
  Lose("EXEC", ConnectionFault::kDropBefore);
  EXPECT_EQ(records_.UpdateActor(Update(Ref("a", "one"), "z"), {})->version(), 2);
  std::unique_ptr<ShardTransport> late = transport_.Exclusive();
  ClusterClient client(*late, clock_, cluster_->Endpoints(), {});
  const Endpoint owner =
      With([&](Cluster& cluster) { return cluster.Node(*cluster.OwnerOf(slot_)).endpoint; });
  ShardRequest watch{.endpoint = owner};
  watch.pipeline.Add({"WATCH", key_});
  ASSERT_TRUE(ExecuteAt(*late, watch, absl::InfiniteFuture()).ok());
  ASSERT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok());
  ShardRequest write{.endpoint = owner};
  write.pipeline.Add({"MULTI"});
  write.pipeline.Add({"SET", key_, "late"});
  write.pipeline.Add({"EXEC"});
  ASSERT_TRUE(ExecuteAt(*late, write, absl::InfiniteFuture()).ok());
  EXPECT_EQ(Stored(key_), "");
}

TEST_P(RecordOutcomesTest, C5AnErrorInsideExecIsNoSuccess) {
  CreateOne();
  const std::string before = Stored(key_);
  std::string inner = "-NOPERM this user has no permissions to run the 'set' command";
  int answered = 0;
  HookedTransport failing(transport_, [&](const ShardRequest& request) -> Answer {
    if (!Has(request, "EXEC") || ++answered > 1) return std::nullopt;
    return absl::StrCat("+OK\r\n+QUEUED\r\n*1\r\n", inner, "\r\n");
  });
  ClusterClient client(failing, clock_, cluster_->Endpoints(), {});
  Records records(client);
  for (absl::Status status : {records.UpdateActor(Update(Ref("a", "one"), "z"), {}).status(),
                              (answered = 0, records.DeleteActor(Ref("a", "one"), {})),
                              (answered = 0, records.CreateActor(Create("a", "two"), {}).status()),
                              (answered = 0, records.CreateAtespace("b", {}).status())}) {
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find("NOPERM"), absl::string_view::npos) << status;
    EXPECT_NE(Reason(status), "WRITE_OUTCOME_UNKNOWN") << "it was refused";
  }
  EXPECT_EQ(Stored(key_), before);
  EXPECT_EQ(Stored(ActorKey("a", "two")), "");
  // One that passes is tried again.
  inner = "-READONLY You can't write against a read only replica.";
  answered = 0;
  EXPECT_EQ(records.UpdateActor(Update(Ref("a", "one"), "z"), {})->version(), 2);
}

// Without MULTI the SET behind it is executed at once.
TEST_P(RecordOutcomesTest, C5ARefusedMultiMayHaveLetTheWriteThrough) {
  CreateOne();
  HookedTransport failing(transport_, [&](const ShardRequest& request) -> Answer {
    if (!Has(request, "EXEC")) return std::nullopt;
    return "-NOPERM this user has no permissions to run the 'multi' command\r\n+OK\r\n"
           "-ERR EXEC without MULTI\r\n";
  });
  ClusterClient client(failing, clock_, cluster_->Endpoints(), {});
  absl::Status status = Records(client).UpdateActor(Update(Ref("a", "one"), "z"), {}).status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_EQ(Reason(status), "WRITE_OUTCOME_UNKNOWN");
}

TEST_P(RecordOutcomesTest, C6ACreationDuringADeletionWins) {
  auto is_empty = [&] {
    CreateOne();  // between the look for actors and the removal
    return true;
  };
  int looks = 0;
  absl::Status deleted = records_.DeleteAtespace(
      "a", [&] { return ++looks == 1 ? is_empty() : Stored(key_).empty(); }, {});
  EXPECT_EQ(Reason(deleted), "ATESPACE_NOT_EMPTY") << deleted;
  EXPECT_TRUE(records_.GetActor(Ref("a", "one"), {}).ok());
  EXPECT_EQ(Stored(AtespaceKey("a")), "{}") << "the mark is gone";
}

TEST_P(RecordOutcomesTest, C6ADeletionDuringACreationTakesTheActorBack) {
  // The deletion is complete between the creation's first look and its write.
  BeforeFirst("WATCH", [&](const NextCommand&) { EXPECT_TRUE(raw_->Remove(AtespaceKey("a"))); });
  absl::Status created = records_.CreateActor(Create("a", "one"), {}).status();
  EXPECT_EQ(created.code(), absl::StatusCode::kFailedPrecondition) << created;
  EXPECT_EQ(Reason(created), "ATESPACE_NOT_FOUND");
  EXPECT_EQ(Stored(key_), "");
}

TEST_P(RecordOutcomesTest, C6AMarkThatACrashLeftBehindIsInNobodysWay) {
  const std::string marked = MarkedAtespaceText("{\"name\":\"a\",\"new\":1}", "a", "crashed");
  Store(AtespaceKey("a"), marked);
  EXPECT_TRUE(records_.GetAtespace("a", {}).ok());
  CreateOne();
  EXPECT_EQ(Stored(AtespaceKey("a")), "{\"name\":\"a\",\"new\":1}");
  ASSERT_TRUE(records_.DeleteActor(Ref("a", "one"), {}).ok());
  Store(AtespaceKey("a"), marked);
  EXPECT_TRUE(records_.DeleteAtespace("a", [] { return true; }, {}).ok());
  EXPECT_EQ(Stored(AtespaceKey("a")), "");
}

TEST_P(RecordOutcomesTest, C6ADeletionThatFailsLeavesNoMark) {
  for (const char* value : {"{}", "not json", "{\"name\":\"a\", \"x\" : [1] }"}) {
    Store(AtespaceKey("a"), value);
    EXPECT_EQ(Reason(records_.DeleteAtespace("a", [] { return false; }, {})), "ATESPACE_NOT_EMPTY");
    EXPECT_EQ(Stored(AtespaceKey("a")), value);
  }
}

}  // namespace
}  // namespace atestore
