#include "store/listing/read_mask.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/resp.h"
#include "store/codec/value_codec.h"
#include "store/error_info.h"
#include "tests/unit/actor_json_gen.h"

namespace atestore {
namespace {

using ateapi::Actor;
using google::protobuf::FieldMask;
using google::protobuf::util::FieldMaskUtil;
using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

FieldMask MaskOf(const std::vector<std::string>& paths) {
  FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return mask;
}

ReadMask Parsed(const std::vector<std::string>& paths) {
  const absl::StatusOr<ReadMask> mask = ReadMask::Parse(MaskOf(paths));
  EXPECT_TRUE(mask.ok()) << mask.status();
  return mask.value_or(ReadMask());
}

TEST(ReadMaskTest, KnowsWhatIsToBeRead) {
  EXPECT_TRUE(ReadMask().wants_all());
  EXPECT_TRUE(Parsed({}).wants_all());
  EXPECT_TRUE(Parsed({"*"}).wants_all());
  EXPECT_TRUE(Parsed({"status", "*"}).wants_all());
  EXPECT_FALSE(Parsed({}).keys_only());
  EXPECT_FALSE(Parsed({"status"}).wants_all());
  EXPECT_FALSE(Parsed({"status", "actor_id"}).keys_only());
  EXPECT_TRUE(Parsed({"actor_id"}).keys_only());
  EXPECT_TRUE(Parsed({"atespace", "actor_id", "actor_id"}).keys_only());
  EXPECT_EQ(
      Parsed({"status", "latest_snapshot_info.type"}).fields(),
      ActorFields().Add(Actor::kStatusFieldNumber).Add(Actor::kLatestSnapshotInfoFieldNumber));
}

TEST(ReadMaskTest, UnknownPathsAreRefusedNotIgnored) {
  for (const std::string path :
       {"", "stauts", "actorId", "status.x", "latest_snapshot_info.kind", "status ", ".status",
        "worker_selector.match_labels.zone", "latest_snapshot_info.*", "status,version"}) {
    const absl::Status status = ReadMask::Parse(MaskOf({"version", path})).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr("\"" + path + "\" is no field"));
    EXPECT_EQ(GetErrorInfo(status)->reason, "READ_MASK_INVALID");
    EXPECT_EQ(GetErrorInfo(status)->field, "read_mask");
  }
  const std::vector<std::string> many(kReadMaskPathsMax + 1, "status");
  EXPECT_FALSE(ReadMask::Parse(MaskOf(many)).ok());
}

// Decoded and trimmed by the mask, a record is what protobuf trims the whole record to.
RC_GTEST_PROP(ReadMaskProperty, ReadsWhatProtobufTrims, ()) {
  std::string json = *JsonGen::Object(3);
  const size_t size = json.size();
  json.append(RespReader::kPadding, ' ');
  const std::string_view text = std::string_view(json).substr(0, size);
  Actor expected;
  RC_PRE(DecodePaddedActor(text, &expected).ok());
  FieldMask mask;
  for (const ActorField& field : AllActorFields()) {
    if (*rc::gen::inRange(0, 4) == 0) mask.add_paths(std::string(field.path));
  }
  RC_PRE(mask.paths_size() > 0);
  const absl::StatusOr<ReadMask> parsed = ReadMask::Parse(mask);
  RC_ASSERT(parsed.ok());
  Actor found;
  RC_ASSERT(
      DecodePaddedActor(text, ActorFields(parsed->fields()).Add(ActorNameFields()), &found).ok());
  parsed->Trim(&found);
  FieldMaskUtil::TrimMessage(mask, &expected);
  RC_ASSERT(MessageDifferencer::Equals(found, expected));
}

}  // namespace
}  // namespace atestore
