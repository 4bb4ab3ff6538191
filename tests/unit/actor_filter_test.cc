#include "store/filter/actor_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/resp.h"
#include "store/codec/value_codec.h"
#include "store/error_info.h"
#include "tests/unit/actor_json_gen.h"
#include "tests/unit/filter_gen.h"

namespace atestore {
namespace {

using ateapi::Actor;
using ::testing::HasSubstr;

Actor Example() {
  Actor actor;
  actor.set_atespace("team-a");
  actor.set_actor_id("agent-0012");
  actor.set_version(17);
  actor.set_status(Actor::STATUS_RUNNING);
  actor.set_ateom_pod_ip("10.0.0.1");
  actor.set_worker_pool_name("p*ol \"x\"");
  actor.mutable_latest_snapshot_info()->set_type(ateapi::SNAPSHOT_TYPE_LOCAL);
  ateapi::LocalSnapshotInfo* local = actor.mutable_latest_snapshot_info()->mutable_local();
  local->set_snapshot_prefix("/var/snap/");
  local->add_node_vms_with_local_snapshots("vm-1");
  local->add_node_vms_with_local_snapshots("vm-20");
  auto& labels = *actor.mutable_worker_selector()->mutable_match_labels();
  labels["zone"] = "a";
  labels["empty"] = "";
  labels["topology.k8s.io/zone"] = "west";
  return actor;
}

bool Matches(std::string_view text, const Actor& actor) {
  const absl::StatusOr<ActorFilter> filter = ActorFilter::Parse(text);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() && filter->Matches(actor);
}

TEST(ActorFilterTest, EveryOperatorOnEveryKind) {
  struct Case {
    std::string_view text;
    bool holds;
  };
  for (const auto& [text, holds] : std::initializer_list<Case>{
           {"", true},
           {" \t\n", true},
           // strings
           {"actor_id = \"agent-0012\"", true},
           {"actor_id = agent-0012", true},
           {"actorId='agent-0012'", true},
           {"actor_id = agent", false},
           {"actor_id != agent", true},
           {"actor_id = agent*", true},
           {"actor_id = \"*0012\"", true},
           {"actor_id = *ent-*", true},
           {"actor_id = *ent", false},
           {"actor_id = ent*", false},
           {"actor_id = *", true},
           {"actor_id != *", false},
           {"actor_id != agent*", false},
           {"ateom_pod_name = *", true},
           {"ateom_pod_name = \"\"", true},
           {"ateom_pod_name != \"\"", false},
           {"actor_id < agent-0013", true},
           {"actor_id < agent-0012", false},
           {"actor_id <= agent-0012", true},
           {"actor_id > agent-0011", true},
           {"actor_id > agent-0012", false},
           {"actor_id >= agent-0012", true},
           {"actor_id:0012", true},
           {"actor_id:0013", false},
           {"actor_id:*", true},
           {"actor_id:agent*", true},
           {"actor_id:12*", false},
           {"ateom_pod_name:*", false},
           {"ateom_pod_ip = 10.0.0.1", true},
           {"ateom_pod_ip = 10.0.*", true},
           {"ateom_pod_ip=.0.1", false},
           {"worker_pool_name = \"p\\*ol \\\"x\\\"\"", true},
           {"worker_pool_name = 'p\\*ol \"x\"'", true},
           {"worker_pool_name = \"p\\*ol*\"", true},
           {"worker_pool_name = \"q\\*ol*\"", false},
           // int64
           {"version = 17", true},
           {"version = 18", false},
           {"version != 18", true},
           {"version != 17", false},
           {"version < 17", false},
           {"version < 18", true},
           {"version <= 17", true},
           {"version <= 16", false},
           {"version > -5", true},
           {"version > 17", false},
           {"version >= 17", true},
           {"version >= 18", false},
           {"version:17", true},
           {"version:*", true},
           {"version < 9223372036854775807", true},
           {"version > -9223372036854775808", true},
           // enums
           {"status = STATUS_RUNNING", true},
           {"status = RUNNING", true},
           {"status = \"STATUS_RUNNING\"", true},
           {"status = STATUS_PAUSED", false},
           {"status != STATUS_PAUSED", true},
           {"status != RUNNING", false},
           {"status:RUNNING", true},
           {"status:*", true},
           {"status = STATUS_UNSPECIFIED", false},
           {"latest_snapshot_info.type = LOCAL", true},
           {"latestSnapshotInfo.type = SNAPSHOT_TYPE_EXTERNAL", false},
           // messages
           {"latest_snapshot_info:*", true},
           {"latest_snapshot_info.local:*", true},
           {"latest_snapshot_info.external:*", false},
           {"worker_selector:*", true},
           // below messages that are not set: defaults
           {"latest_snapshot_info.external.snapshot_uri_prefix = \"\"", true},
           {"latest_snapshot_info.external.snapshot_uri_prefix:*", false},
           {"latest_snapshot_info.local.snapshot_prefix = \"/var/*\"", true},
           // repeated strings
           {"latest_snapshot_info.local.node_vms_with_local_snapshots:vm-1", true},
           {"latest_snapshot_info.local.node_vms_with_local_snapshots:vm", false},
           {"latest_snapshot_info.local.node_vms_with_local_snapshots:\"vm-2*\"", true},
           {"latest_snapshot_info.local.node_vms_with_local_snapshots:*", true},
           // labels
           {"worker_selector.match_labels:zone", true},
           {"worker_selector.match_labels:\"zone\"", true},
           {"worker_selector.match_labels:zon", false},
           {"worker_selector.match_labels:*", true},
           {"worker_selector.match_labels.zone = a", true},
           {"worker_selector.match_labels.zone = b", false},
           {"worker_selector.match_labels.zone != b", true},
           {"worker_selector.match_labels.zone:*", true},
           {"worker_selector.match_labels.zone < b", true},
           {"worker_selector.match_labels.empty = \"\"", true},
           {"worker_selector.match_labels.empty:*", true},
           {"worker_selector.match_labels.absent = \"\"", false},
           {"worker_selector.match_labels.absent != \"\"", true},
           {"worker_selector.match_labels.absent:*", false},
           {"worker_selector.match_labels.absent < b", false},
           {"worker_selector.match_labels.absent = *", false},
           {"workerSelector.matchLabels.\"topology.k8s.io/zone\" = west", true},
           {"worker_selector.match_labels.'topology.k8s.io/zone' : we", true},
           // NOT, AND, OR: OR binds tighter
           {"NOT status = RUNNING", false},
           {"-status = RUNNING", false},
           {"-(status = RUNNING)", false},
           {"NOT (status = RUNNING AND version = 1)", true},
           {"version = 17 AND status = RUNNING", true},
           {"version = 1 OR status = RUNNING", true},
           {"version = 17 OR version = 1 AND version = 1", false},
           {"(version = 17) OR (version = 1 AND version = 1)", true},
           {"version = 1 AND version = 1 OR version = 17", false},
           {"(version = 1 AND version = 1) OR version = 17", true},
           {"((version=17))AND(status=RUNNING)", true},
       }) {
    EXPECT_EQ(Matches(text, Example()), holds) << text;
  }
  for (const std::string_view text :
       {"latest_snapshot_info:*", "worker_selector:*", "version:*", "status:*",
        "worker_selector.match_labels:*", "worker_selector.match_labels:zone",
        "latest_snapshot_info.local.node_vms_with_local_snapshots:*"}) {
    EXPECT_FALSE(Matches(text, Actor())) << text;
  }
  EXPECT_TRUE(Matches("status = UNSPECIFIED AND version = 0", Actor()));
}

TEST(ActorFilterTest, RefusalsNameThePlace) {
  struct Case {
    std::string text;
    size_t place;
    std::string_view what;
  };
  std::string deep = "version = 1";
  for (size_t i = 0; i <= filter::kFilterDepthMax; ++i) deep = absl::StrCat("(", deep, ")");
  std::string wide = "version = 1";
  for (size_t i = 0; i < filter::kFilterTermsMax; ++i) absl::StrAppend(&wide, " OR version = 1");
  for (const auto& [text, place, what] : std::initializer_list<Case>{
           {"stauts = RUNNING", 1, "an actor has no field \"stauts\"; it has: actor_id, version"},
           {"version = 1 AND stauts = RUNNING", 17, "no field \"stauts\""},
           {"latest_snapshot_info.kind = X", 22, "it has: type, external, local"},
           {"version.x = 1", 9, "\"version\" has no field \"x\""},
           {"\"latest_snapshot_info.type\" = LOCAL", 1, "an actor has no field"},
           {"worker_selector.match_labels.zone.x = 1", 35, "quote a key that holds dots"},
           {"version = \"17\"", 11, "without quotes"},
           {"version = 1.5", 11, "a whole number"},
           {"version = 1*", 11, "a whole number"},
           {"version = x", 11, "a whole number"},
           {"version = 9223372036854775808", 11, "at most 64 bits"},
           {"version = *", 11, "a whole number"},
           {"status = RUNING", 10, "STATUS_RUNNING"},
           {"status = 2", 10, "\"status\" is one of"},
           {"status = RUN*", 10, "\"status\" is one of"},
           {"status < RUNNING", 8, "have no order"},
           {"latest_snapshot_info = x", 22, "is a message"},
           {"latest_snapshot_info:x", 22, "only :* can be asked"},
           {"worker_selector.match_labels = x", 30, "use :"},
           {"worker_selector.match_labels:z*", 30, "no * in it"},
           {"latest_snapshot_info.local.node_vms_with_local_snapshots = x", 58, "use :"},
           {"actor_id = a*b", 12, "at the beginning and the end"},
           {"actor_id < a*", 12, "with =, != and : only"},
           {"actor_id", 9,
            "expected a comparison (= != < <= > >= :) with \"actor_id\", found the end"},
           {"actor_id =", 11, "expected a value, found the end"},
           {"actor_id = AND", 12, "quote it"},
           {"actor_id = gs://x", 14, "quote a value that holds \":\""},
           {"actor_id = \"x", 12, "this quote has no end"},
           {"actor_id = \"\\n\"", 13, "a backslash goes before"},
           {"actor_id = (a OR b)", 12, "one comparison for each"},
           {"actor_id = a b", 14, "expected AND or OR, found \"b\""},
           {"actor_id = a AND", 17, "expected the name of a field, found the end"},
           {"actor_id = a OR OR actor_id = b", 17, "found \"OR\""},
           {"AND", 1, "found \"AND\""},
           {"NOT NOT version = 1", 5, "found \"NOT\""},
           {"(version = 1", 1, "without its \")\""},
           {"version = 1)", 12, "without its \"(\""},
           {"()", 2, "expected the name of a field"},
           {"(version = 1 version = 2)", 14, "expected AND, OR or \")\""},
           {"startsWith(actor_id, \"a\")", 20, "stands for nothing"},
           {"startsWith(actor_id)", 1, "functions are not supported"},
           {"version ! 1", 9, "stands for nothing"},
           {"version == 1", 10, "expected a value, found \"=\""},
           {"version = 1;", 11, "a whole number"},
           {"a. = 1", 3, "expected a name after the dot"},
           {".a = 1", 1, "expected the name"},
           {"\x01", 1, "stands for nothing"},
           {deep, filter::kFilterDepthMax + 1, "more than 16 parentheses"},
           {wide, 15 * filter::kFilterTermsMax + 1, "more than 256 comparisons"},
           {std::string(filter::kFilterBytesMax + 1, ' ') + "x", filter::kFilterBytesMax + 1,
            "longer than 8192 bytes"},
       }) {
    const absl::Status status = ActorFilter::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("filter: character ", place, ": ")))
        << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(what))) << text;
    const std::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info.has_value()) << text;
    EXPECT_EQ(info->reason, "FILTER_INVALID");
    EXPECT_EQ(info->field, "filter");
  }
}

TEST(ActorFilterTest, KeysDecideWhatTheyCan) {
  struct Case {
    std::string_view text;
    std::optional<bool> decision;
    bool needs_values;
  };
  for (const auto& [text, decision, needs_values] : std::initializer_list<Case>{
           {"", true, false},
           {"atespace = team-a", true, false},
           {"atespace = team-b", false, false},
           {"actor_id = agent-* AND atespace != x", true, false},
           {"NOT actor_id:0012", false, false},
           {"status = RUNNING", std::nullopt, true},
           {"atespace = team-b AND status = RUNNING", false, true},
           {"atespace = team-a AND status = RUNNING", std::nullopt, true},
           {"status = RUNNING AND atespace = team-b", false, true},
           {"atespace = team-a OR status = RUNNING", true, true},
           {"atespace = team-b OR status = RUNNING", std::nullopt, true},
           {"NOT (atespace = team-b AND version = 1)", true, true},
           {"NOT version = 1", std::nullopt, true},
       }) {
    const absl::StatusOr<ActorFilter> filter = ActorFilter::Parse(text);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(filter->DecideOnKey({"team-a", "agent-0012"}), decision) << text;
    EXPECT_EQ(filter->needs_values(), needs_values) << text;
  }
}

TEST(ActorFilterTest, KnowsWhichFieldsItReads) {
  const absl::StatusOr<ActorFilter> filter = ActorFilter::Parse(
      "atespace = a AND (latest_snapshot_info.type = LOCAL OR worker_selector.match_labels:x)");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(filter->fields(), ActorFields()
                                  .Add(Actor::kLatestSnapshotInfoFieldNumber)
                                  .Add(Actor::kWorkerSelectorFieldNumber));
}

RC_GTEST_PROP(ActorFilterProperty, PrintedFiltersReadTheSame, ()) {
  const filter::Expression expression = FilterGen::Expression(3);
  const absl::StatusOr<filter::Expression> again = filter::Parse(filter::Print(expression));
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == expression);
  RC_ASSERT(ActorFilter::Parse(filter::Print(expression)).ok());
}

// Evaluated on the fields it names, taken from the JSON alone, a filter says what it says of the
// whole message; and what the key decides, the message decides too.
RC_GTEST_PROP(ActorFilterProperty, JsonKeyAndMessageAgree, ()) {
  const absl::StatusOr<ActorFilter> filter =
      ActorFilter::Parse(filter::Print(FilterGen::Expression(3)));
  RC_ASSERT(filter.ok());
  const std::string json = *JsonGen::Object(3);
  std::string padded = json + std::string(RespReader::kPadding, ' ');
  const std::string_view text = std::string_view(padded).substr(0, json.size());
  Actor whole;
  RC_PRE(DecodePaddedActor(text, &whole).ok());
  Actor part;
  RC_ASSERT(DecodePaddedActor(text, filter->fields(), &part).ok());
  const std::string atespace = *rc::gen::element<std::string>("a", "s-1", "gs");
  const std::string id = *rc::gen::element<std::string>("a", "b-c", "AND");
  for (Actor* actor : {&whole, &part}) {
    actor->set_atespace(atespace);
    actor->set_actor_id(id);
  }
  const bool expected = filter->Matches(whole);
  RC_CLASSIFY(expected, "matches");
  RC_ASSERT(filter->Matches(part) == expected);
  const std::optional<bool> decided = filter->DecideOnKey({atespace, id});
  RC_CLASSIFY(decided.has_value(), "decided on the key");
  if (decided) RC_ASSERT(*decided == expected);
  RC_ASSERT(decided || filter->needs_values());
}

}  // namespace
}  // namespace atestore
