#include "store/codec/json_patch.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status.h"
#include "store/codec/value_codec.h"
#include "store/records/record_text.h"

namespace atestore {
namespace {

using ateapi::Actor;
using google::protobuf::util::MessageDifferencer;

std::string Patched(std::string_view json, std::vector<JsonMemberChange> changes) {
  absl::StatusOr<std::string> patched = PatchJsonObject(json, changes);
  return patched.ok() ? *patched : "refused";
}

const JsonMemberChange kSet{.name = "aB", .other_name = "a_b", .value = "9"};
const JsonMemberChange kRemove{.name = "aB", .other_name = "a_b", .value = std::nullopt};

TEST(JsonPatchTest, ReplacesInPlace) {
  EXPECT_EQ(Patched(R"({"x":1.0, "aB" : [1,{"aB":2}] ,"y":"}"})", {kSet}),
            R"({"x":1.0, "aB" : 9 ,"y":"}"})");
  EXPECT_EQ(Patched(R"({"a_b":"\"}"})", {kSet}), R"({"a_b":9})");
  EXPECT_EQ(Patched(R"({"\u0061B":null})", {kSet}), R"({"\u0061B":9})");
  EXPECT_EQ(Patched("{aB:true,'x':'}'}", {kSet}), "{aB:9,'x':'}'}");
}

TEST(JsonPatchTest, InsertsAtTheEnd) {
  EXPECT_EQ(Patched("{}", {kSet}), R"({"aB":9})");
  EXPECT_EQ(Patched(" { } ", {kSet}), R"( {"aB":9 } )");
  EXPECT_EQ(Patched("{\"x\":{} \n}", {kSet}), "{\"x\":{},\"aB\":9 \n}");
}

TEST(JsonPatchTest, TakesOutWithOneComma) {
  EXPECT_EQ(Patched(R"({"aB":1})", {kRemove}), "{}");
  EXPECT_EQ(Patched(R"({"aB":1, "x":2})", {kRemove}), R"({"x":2})");
  EXPECT_EQ(Patched(R"({"x":2 , "aB":1 })", {kRemove}), R"({"x":2 })");
  EXPECT_EQ(Patched(R"({"x":2,"aB":1,"y":3})", {kRemove}), R"({"x":2,"y":3})");
  EXPECT_EQ(Patched(R"({"x":2})", {kRemove}), R"({"x":2})");
}

TEST(JsonPatchTest, OfSeveralOnlyTheFirstStays) {
  EXPECT_EQ(Patched(R"({"a_b":1,"x":2,"aB":3,"aB":4})", {kSet}), R"({"a_b":9,"x":2})");
  EXPECT_EQ(Patched(R"({"a_b":1,"x":2,"aB":3})", {kRemove}), R"({"x":2})");
}

TEST(JsonPatchTest, RefusesWhatIsNoObject) {
  for (std::string_view json : {"", " ", "[]", "1", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}",
                                "{\"a\":1", "{\"a\":[", "{\"a\":\"", "{,}", "{\"a\":1 \"b\":2}"}) {
    EXPECT_EQ(Patched(json, {kSet}), "refused") << json;
  }
}

TEST(JsonPatchTest, FindsMembers) {
  EXPECT_EQ(FindJsonMember(R"({"x": {"v":1} , "v":"2"})", "v"), R"("2")");
  EXPECT_EQ(FindJsonText(R"({"v":"2"})", "v"), "2");
  EXPECT_EQ(FindJsonText(R"({"v":2})", "v"), std::nullopt);
  EXPECT_EQ(FindJsonText(R"({"v":"\n"})", "v"), std::nullopt);
  EXPECT_EQ(FindJsonMember("[]", "v"), std::nullopt);
}

TEST(RecordTextTest, TheVersionKeepsItsSpelling) {
  Actor actor;
  actor.set_version(8);
  EXPECT_EQ(*ChangedActorText(R"({"version":7})", actor, "w"), R"({"version":8,"$write":"w"})");
  EXPECT_EQ(*ChangedActorText(R"({"version":"7"})", actor, "w"), R"({"version":"8","$write":"w"})");
  EXPECT_EQ(*ChangedActorText("{}", actor, "w"), R"({"version":"8","$write":"w"})");
  EXPECT_EQ(*ChangedActorText(R"({"version":null})", actor, "w"),
            R"({"version":"8","$write":"w"})");
}

// A text of an actor as some program may write it.
rc::Gen<std::string> MemberText() {
  return rc::gen::exec([] {
    const std::string name = *rc::gen::element<std::string>(
        "version", "workerSelector", "worker_selector", "actorId", "actor_id", "status", "$write",
        "$uid", "future", "latestSnapshotInfo", "x\\ny", "\\u0076ersion", "é");
    std::string value = *rc::gen::element<std::string>(
        "{}", "[ ]", "{\"deep\":[1,{\"version\":2}]}", "1e3", "-0.0", "true", "null", "\"}\\\"{\"");
    if (name.find("ersion") != std::string::npos) {
      value = *rc::gen::element<std::string>("7", "\"7\"", "7.0", "null", "\"007\"", "1e2");
    } else if (name == "workerSelector" || name == "worker_selector") {
      value = *rc::gen::element<std::string>("{}", "null", "{\"matchLabels\":{\"a\":\"b\"}}",
                                             "{\"match_labels\":{ }, \"new\":[1]}");
    } else if (name == "status") {
      value = *rc::gen::element<std::string>("4", "\"STATUS_RUNNING\"", "\"STATUS_NEW\"", "99");
    } else if (name == "actorId" || name == "actor_id") {
      value = *rc::gen::element<std::string>("\"one\"", "\"\\u006fne\"", "\"\"");
    } else if (name == "latestSnapshotInfo") {
      value = *rc::gen::element<std::string>("{}", "{\"type\":\"NEW\",\"remote\":{\"a\":1}}");
    }
    const std::string space = *rc::gen::element<std::string>("", " ", "\n\t");
    return absl::StrCat(space, "\"", name, "\"", space, ":", space, value, space);
  });
}

// Outside the members that change, without commas and white space.
std::string Rest(std::string_view json) {
  const std::vector<JsonMemberChange> none{
      {.name = "version", .other_name = "", .value = std::nullopt},
      {.name = "workerSelector", .other_name = "worker_selector", .value = std::nullopt},
      {.name = "$write", .other_name = "", .value = std::nullopt}};
  std::string rest = PatchJsonObject(json, none).value_or("refused");
  std::erase_if(rest, [](char c) { return c == ',' || c == ' ' || c == '\n' || c == '\t'; });
  return rest;
}

RC_GTEST_PROP(JsonPatchProperty, PatchThenDecodeIsDecodeThenModify, ()) {
  const auto members = *rc::gen::container<std::vector<std::string>>(MemberText());
  const std::string json = absl::StrCat("{", absl::StrJoin(members, ","), "}");
  Actor actor;
  RC_PRE(DecodeActor(json, &actor).ok());
  actor.set_version(actor.version() + 1);
  actor.clear_worker_selector();
  if (*rc::gen::arbitrary<bool>()) {
    auto& labels = *actor.mutable_worker_selector()->mutable_match_labels();
    labels["zone"] = *rc::gen::element<std::string>("", "z", "\"}{'");
  }
  absl::StatusOr<std::string> patched = ChangedActorText(json, actor, "id");
  RC_ASSERT(patched.ok());
  Actor reads_as;
  RC_ASSERT(DecodeActor(*patched, &reads_as).ok());
  RC_ASSERT(MessageDifferencer::Equals(reads_as, actor));
  RC_ASSERT(Rest(*patched) == Rest(json));
  RC_ASSERT(IsWrittenBy(*patched, "id"));
  RC_ASSERT(ChangedActorText(*patched, actor, "id").value() == *patched);
}

}  // namespace
}  // namespace atestore
