#include "store/codec/value_codec.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/resp.h"
#include "store/codec/json_fast_path.h"
#include "tests/unit/actor_json_gen.h"

namespace atestore {
namespace {

using ateapi::Actor;
using google::protobuf::util::MessageDifferencer;

// The shape that the service's writers give a record.
constexpr std::string_view kTypical =
    R"({"actorId":"actor-0012345","version":"17","actorTemplateNamespace":"agents",)"
    R"("actorTemplateName":"python-sandbox","status":"STATUS_SUSPENDED",)"
    R"("latestSnapshotInfo":{"type":"SNAPSHOT_TYPE_EXTERNAL","external":{"snapshotUriPrefix":)"
    R"("gs://snapshots/agents/actor-0012345/17"}},"workerPoolName":"pool-a","atespace":"team-7"})";

// nullopt: protobuf refuses the text.
std::optional<Actor> Oracle(std::string_view json) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  Actor actor;
  google::protobuf::StringPiece text(json.data(), json.size());
  if (!google::protobuf::util::JsonStringToMessage(text, &actor, options).ok()) return std::nullopt;
  return actor;
}

std::string Padded(std::string_view json) {
  std::string padded(json);
  padded.append(RespReader::kPadding, '"');
  return padded;
}

// A record decoded before, which must leave no trace.
Actor LeftOver(bool external) {
  Actor actor;
  for (auto set : {&Actor::mutable_actor_id, &Actor::mutable_actor_template_namespace,
                   &Actor::mutable_actor_template_name, &Actor::mutable_ateom_pod_namespace,
                   &Actor::mutable_ateom_pod_name, &Actor::mutable_ateom_pod_ip,
                   &Actor::mutable_in_progress_snapshot, &Actor::mutable_ateom_pod_uid,
                   &Actor::mutable_worker_pool_name, &Actor::mutable_atespace}) {
    *(actor.*set)() = "left over";
  }
  actor.set_version(99);
  actor.set_status(Actor::STATUS_PAUSED);
  (*actor.mutable_worker_selector()->mutable_match_labels())["left"] = "over";
  ateapi::SnapshotInfo* snapshot = actor.mutable_latest_snapshot_info();
  snapshot->set_type(ateapi::SNAPSHOT_TYPE_LOCAL);
  if (external) {
    snapshot->mutable_external()->set_snapshot_uri_prefix("left over");
  } else {
    snapshot->mutable_local()->set_snapshot_prefix("left over");
    snapshot->mutable_local()->add_node_vms_with_local_snapshots("left over");
  }
  return actor;
}

// What is wrong with the two decoders on `json`, going into `left_over`; empty: nothing.
std::string Disagreement(std::string_view json, const Actor& left_over) {
  std::string padded = Padded(json);
  std::string_view text = std::string_view(padded).substr(0, json.size());
  std::optional<Actor> expected = Oracle(json);
  Actor fast = left_over;
  std::optional<std::string_view> declined = DecodeActorFast(text, &fast);
  if (!declined) {
    if (!expected) return "the fast path accepts what protobuf refuses";
    if (!MessageDifferencer::Equals(fast, *expected)) return "the fast path reads another actor";
  }
  Actor decoded = left_over;
  absl::Status status = DecodePaddedActor(text, &decoded);
  if (status.ok() != expected.has_value()) return "acceptance differs: " + status.ToString();
  if (expected && !MessageDifferencer::Equals(decoded, *expected)) return "another actor";
  if (!status.ok() && status.code() != absl::StatusCode::kDataLoss) return status.ToString();
  return "";
}

std::string Disagreement(std::string_view json) {
  std::string found = Disagreement(json, LeftOver(/*external=*/true));
  return found.empty() ? Disagreement(json, LeftOver(/*external=*/false)) : found;
}

bool TakesTheFastPath(std::string_view json) {
  std::string padded = Padded(json);
  Actor actor;
  return !DecodeActorFast(std::string_view(padded).substr(0, json.size()), &actor);
}

TEST(ValueCodecTest, ReadsATypicalValueOnTheFastPath) {
  Actor actor;
  ASSERT_TRUE(DecodeActor(kTypical, &actor).ok());
  EXPECT_EQ(actor.actor_id(), "actor-0012345");
  EXPECT_EQ(actor.version(), 17);
  EXPECT_EQ(actor.status(), Actor::STATUS_SUSPENDED);
  EXPECT_EQ(actor.latest_snapshot_info().external().snapshot_uri_prefix(),
            "gs://snapshots/agents/actor-0012345/17");
  EXPECT_EQ(actor.atespace(), "team-7");
  EXPECT_TRUE(TakesTheFastPath(kTypical));
  EXPECT_EQ(Disagreement(kTypical), "");
}

TEST(ValueCodecTest, EncodesWhatItDecodes) {
  Actor actor;
  ASSERT_TRUE(DecodeActor(kTypical, &actor).ok());
  (*actor.mutable_worker_selector()->mutable_match_labels())["zone"] = "a \"quoted\" \xc3\xa9";
  EXPECT_EQ(EncodeActor(Actor()), "{}");
  std::string json = EncodeActor(actor);
  EXPECT_NE(json.find(R"("version":"17")"), std::string::npos);
  EXPECT_TRUE(TakesTheFastPath(json));
  Actor again;
  ASSERT_TRUE(DecodeActor(json, &again).ok());
  EXPECT_TRUE(MessageDifferencer::Equals(actor, again));
}

TEST(ValueCodecTest, ReadsWhatOtherWritersWrite) {
  // Each of these must also be fast: whole data sets may look like it.
  for (std::string_view json : {
           R"({"actor_id":"a","actor_template_name":"t","worker_pool_name":"p"})",
           R"({"version":12,"status":4})",
           R"({"version":-12,"status":"STATUS_RUNNING"})",
           R"( { "actorId" : "a" , "unknown" : {"deep":[1,{"a":null}]}, "atespace" : "s" } )",
           R"({"atespace":"s","actorId":"a"})",
           R"({"workerSelector":{"matchLabels":{"a":"b","c":""}}})",
           R"({"workerSelector":{}})",
           R"({"latestSnapshotInfo":{"type":1,"local":{"snapshotPrefix":"p",)"
           R"("nodeVmsWithLocalSnapshots":["a","b"]}}})",
           R"({"actorId":"\u00e9\ud83d\ude00\n\/"})",
           R"({})",
       }) {
    EXPECT_TRUE(TakesTheFastPath(json)) << json;
    EXPECT_EQ(Disagreement(json), "") << json;
  }
}

TEST(ValueCodecTest, AgreesWithProtobufOnWhatIsUnusual) {
  for (std::string_view json : {
           "",
           " ",
           "null",
           "[]",
           "1",
           "\"a\"",
           "{",
           "}",
           "{}x",
           "{} {}",
           "{},",
           "\xef\xbb\xbf{}",
           // protobuf's leniencies
           "{actorId:'a'}",
           "{\"actorId\":\"a\",}",
           "{'actorId':\"a\"}",
           "{\"actorId\":\"a\tb\"}",
           "{\v}",
           "{\"a\":[1,]}",
           "{\"actorId\":\"\\v\\x\\'\"}",
           // kinds
           R"({"actorId":1})",
           R"({"actorId":true})",
           R"({"actorId":null})",
           R"({"actorId":{}})",
           R"({"actorId":["a"]})",
           R"({"workerSelector":null})",
           R"({"workerSelector":"a"})",
           R"({"workerSelector":[]})",
           R"({"latestSnapshotInfo":{"external":null,"local":{}}})",
           R"({"":1})",
           R"({"":{}})",
           R"({"actorId":"a","":null})",
           R"({"workerSelector":{"":1}})",
           // numbers
           R"({"version":"0"})",
           R"({"version":0})",
           R"({"version":-0})",
           R"({"version":"-0"})",
           R"({"version":"-5"})",
           R"({"version":"+5"})",
           R"({"version":"007"})",
           R"({"version":" 5"})",
           R"({"version":"5 "})",
           R"({"version":""})",
           R"({"version":1.0})",
           R"({"version":1.5})",
           R"({"version":1e3})",
           R"({"version":"1e3"})",
           R"({"version":"1.0"})",
           R"({"version":9223372036854775807})",
           R"({"version":"9223372036854775807"})",
           R"({"version":9223372036854775808})",
           R"({"version":"9223372036854775808"})",
           R"({"version":-9223372036854775808})",
           R"({"version":1e30})",
           R"({"version":true})",
           R"({"version":"x"})",
           R"({"version":99999999999999999999999})",
           R"({"u":1e999})",
           R"({"u":-})",
           R"({"u":99999999999999999999999})",
           R"({"u":18446744073709551615})",
           R"({"u":01})",
           R"({"u":NaN})",
           R"({"u":Infinity})",
           R"({"u":1.})",
           R"({"u":.5})",
           // enums
           R"({"status":"status_running"})",
           R"({"status":"STATUS_NONE"})",
           R"({"status":""})",
           R"({"status":"2"})",
           R"({"status":7})",
           R"({"status":-1})",
           R"({"status":2.0})",
           R"({"status":2.5})",
           R"({"status":4294967298})",
           R"({"status":null})",
           R"({"status":true})",
           R"({"latestSnapshotInfo":{"type":"SNAPSHOT_TYPE_NEW"}})",
           // duplicates and oneofs
           R"({"actorId":"a","actorId":"b"})",
           R"({"actorId":"a","actor_id":"b"})",
           R"({"version":1,"version":2})",
           R"({"workerSelector":{},"workerSelector":{}})",
           R"({"workerSelector":{"matchLabels":{"a":"b","a":"c"}}})",
           R"({"workerSelector":{"matchLabels":{"a":"b"},"matchLabels":{"c":"d"}}})",
           R"({"workerSelector":{"matchLabels":{"":"b"}}})",
           R"({"workerSelector":{"matchLabels":{"a":null}}})",
           R"({"workerSelector":{"matchLabels":{"a":1}}})",
           R"({"workerSelector":{"matchLabels":{"a":{}}}})",
           R"({"workerSelector":{"matchLabels":[]}})",
           R"({"latestSnapshotInfo":{"external":{},"local":{}}})",
           R"({"latestSnapshotInfo":{"external":{},"external":{}}})",
           R"({"latestSnapshotInfo":{"local":{"nodeVmsWithLocalSnapshots":["a",null]}}})",
           R"({"latestSnapshotInfo":{"local":{"nodeVmsWithLocalSnapshots":["a",["b"]]}}})",
           R"({"latestSnapshotInfo":{"local":{"nodeVmsWithLocalSnapshots":"a"}}})",
           // text
           R"({"actorId":"\ud800"})",
           R"({"actorId":"\udc00"})",
           R"({"actorId":"\ud800\ud800"})",
           R"({"actorId":"\ud800x"})",
           R"({"actorId":"\u0000"})",
           R"({"actorId":"\uffff\ufdd0"})",
           R"({"actorId":"\u12"})",
           R"({"u":"\ud800"})",
           R"({"u\ud800":1})",
           "{\"actorId\":\"\xff\"}",
           "{\"actorId\":\"\xed\xa0\x80\"}",
           "{\"u\":\"\xc0\x80\"}",
           "{\"actorId\":\"\xf4\x8f\xbf\xbf\xef\xbf\xbf\"}",
           "{\"u\":\"\xf5\x80\x80\x80\"}",
       }) {
    EXPECT_EQ(Disagreement(json), "") << json;
  }
}

TEST(ValueCodecTest, AgreesWithProtobufOnDepthAndSize) {
  for (int depth : {20, 31, 32, 33, 90, 98, 99, 100, 101, 102, 1500}) {
    std::string lists = R"({"actorId":"a","u":)";
    lists.append(depth, '[').append(depth, ']').push_back('}');
    EXPECT_EQ(Disagreement(lists), "") << depth;
    std::string objects = R"({"actorId":"a")";
    for (int i = 0; i < depth; ++i) objects += R"(,"u":{"v":1)";
    objects.append(depth + 1, '}');
    EXPECT_EQ(Disagreement(objects), "") << depth;
  }
  std::string large = R"({"actorId":")" + std::string(kFastJsonBytesMax, 'x') + R"("})";
  EXPECT_FALSE(TakesTheFastPath(large));
  EXPECT_EQ(Disagreement(large), "");
}

TEST(ValueCodecTest, ARefusalNeverQuotesTheValue) {
  for (std::string_view json : {R"({"actorId":{"SECRET":1}})", R"({"version":"SECRET"})",
                                R"({"status":["SECRET"]})", "SECRET", R"({"SECRET":})"}) {
    Actor actor;
    absl::Status status = DecodeActor(json, &actor);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << json;
    EXPECT_EQ(status.ToString().find("SECRET"), std::string::npos) << status.ToString();
  }
}

TEST(ValueCodecTest, AtespacesAndWorkers) {
  ateapi::Atespace atespace;
  ASSERT_TRUE(DecodeAtespace(R"({"name":"a","new":1})", &atespace).ok());
  EXPECT_EQ(atespace.name(), "a");
  EXPECT_EQ(EncodeAtespace(atespace), R"({"name":"a"})");
  EXPECT_EQ(DecodeAtespace("[]", &atespace).code(), absl::StatusCode::kDataLoss);
  ateapi::Worker worker;
  ASSERT_TRUE(DecodeWorker(R"({"worker_pod":"p","version":"3"})", &worker).ok());
  EXPECT_EQ(worker.worker_pod(), "p");
  EXPECT_EQ(worker.version(), 3);
  EXPECT_EQ(DecodeWorker("{", &worker).code(), absl::StatusCode::kDataLoss);
}

RC_GTEST_PROP(ValueCodecProperty, GeneratedJsonReadsAsProtobufReadsIt, ()) {
  std::string json = *JsonGen::Object(3);
  RC_CLASSIFY(Oracle(json).has_value(), "accepted");
  RC_CLASSIFY(TakesTheFastPath(json), "fast");
  RC_ASSERT(Disagreement(json) == "");
}

RC_GTEST_PROP(ValueCodecProperty, MutatedJsonReadsAsProtobufReadsIt, ()) {
  std::string json = *rc::gen::weightedOneOf<std::string>(
      {{1, rc::gen::just(std::string(kTypical))}, {1, JsonGen::Object(3)}});
  int mutations = *rc::gen::inRange(1, 4);
  for (int i = 0; i < mutations; ++i) {
    size_t at = *rc::gen::inRange<size_t>(0, json.size() + 1);
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        json.insert(at, 1,
                    *rc::gen::elementOf(std::string("{}[]\":,\\u0 \t'ntf-+.eE\xc3\xa9\xff")));
        break;
      case 1:
        json.erase(at, *rc::gen::inRange<size_t>(1, 6));
        break;
      default:
        if (at < json.size()) json[at] = *rc::gen::arbitrary<char>();
    }
  }
  RC_CLASSIFY(Oracle(json).has_value(), "accepted");
  RC_CLASSIFY(TakesTheFastPath(json), "fast");
  RC_ASSERT(Disagreement(json) == "");
}

}  // namespace
}  // namespace atestore
