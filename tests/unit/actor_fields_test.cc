#include "store/codec/actor_fields.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/resp.h"
#include "store/codec/value_codec.h"
#include "tests/unit/actor_json_gen.h"

namespace atestore {
namespace {

using ateapi::Actor;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::util::MessageDifferencer;

FieldKind KindOf(const FieldDescriptor& field) {
  if (field.is_map()) return FieldKind::kLabels;
  if (field.is_repeated()) return FieldKind::kStrings;
  if (field.message_type() != nullptr) return FieldKind::kMessage;
  if (field.enum_type() != nullptr) return FieldKind::kEnum;
  return field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ? FieldKind::kInt64
                                                            : FieldKind::kString;
}

std::string Line(std::string_view path, std::string_view json_path, FieldKind kind, int number) {
  return absl::StrCat(std::string(path), " ", std::string(json_path), " ", static_cast<int>(kind),
                      " ", number);
}

void Walk(const Descriptor& message, const std::string& path, const std::string& json_path,
          int top_number, std::vector<std::string>* lines) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const std::string here = path.empty() ? field.name() : absl::StrCat(path, ".", field.name());
    const std::string json_here =
        path.empty() ? field.json_name() : absl::StrCat(json_path, ".", field.json_name());
    const int top = top_number == 0 ? field.number() : top_number;
    lines->push_back(Line(here, json_here, KindOf(field), top));
    if (KindOf(field) == FieldKind::kMessage) {
      Walk(*field.message_type(), here, json_here, top, lines);
    }
  }
}

TEST(ActorFieldsTest, TheTableIsTheProto) {
  std::vector<std::string> expected;
  Walk(*Actor::descriptor(), "", "", 0, &expected);
  std::vector<std::string> found;
  for (const ActorField& field : AllActorFields()) {
    found.push_back(Line(field.path, field.json_path, field.kind, field.top_number));
    EXPECT_EQ(FindActorField(field.path), &field);
    EXPECT_EQ(FindActorField(field.json_path), &field);
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(FindActorField("status.x"), nullptr);
  EXPECT_EQ(FindActorField(""), nullptr);
}

// Each field set alone must be what its accessor reads, and no other one.
TEST(ActorFieldsTest, AccessorsReadTheirField) {
  for (const ActorField& field : AllActorFields()) {
    Actor actor;
    google::protobuf::Message* message = &actor;
    const FieldDescriptor* last = nullptr;
    std::string_view path = field.path;
    while (!path.empty()) {
      const size_t dot = path.find('.');
      if (last != nullptr) message = message->GetReflection()->MutableMessage(message, last);
      last = message->GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
      path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    }
    const google::protobuf::Reflection& reflection = *message->GetReflection();
    switch (field.kind) {
      case FieldKind::kString:
        reflection.SetString(message, last, "here");
        EXPECT_EQ(field.text(actor), "here") << field.path;
        break;
      case FieldKind::kInt64:
        reflection.SetInt64(message, last, 7);
        EXPECT_EQ(field.number(actor), 7) << field.path;
        break;
      case FieldKind::kEnum:
        reflection.SetEnumValue(message, last, 2);
        EXPECT_EQ(field.number(actor), 2) << field.path;
        EXPECT_EQ(field.enumeration(), last->enum_type()) << field.path;
        break;
      case FieldKind::kMessage:
        EXPECT_FALSE(field.is_set(actor)) << field.path;
        reflection.MutableMessage(message, last);
        EXPECT_TRUE(field.is_set(actor)) << field.path;
        break;
      case FieldKind::kLabels:
        (*actor.mutable_worker_selector()->mutable_match_labels())["zone"] = "a";
        EXPECT_EQ(field.labels(actor).at("zone"), "a") << field.path;
        break;
      case FieldKind::kStrings:
        reflection.AddString(message, last, "here");
        EXPECT_EQ(field.strings(actor).at(0), "here") << field.path;
    }
    Actor kept = actor;
    KeepFields(ActorFields().Add(field.top_number), &kept);
    EXPECT_TRUE(MessageDifferencer::Equals(kept, actor)) << field.path;
    KeepFields(ActorFields(), &kept);
    EXPECT_TRUE(MessageDifferencer::Equals(kept, Actor())) << field.path;
  }
}

TEST(ActorFieldsTest, EnumsHaveNames) {
  EXPECT_EQ(EnumName(*FindActorField("status"), Actor::STATUS_RUNNING), "STATUS_RUNNING");
  EXPECT_EQ(EnumName(*FindActorField("status"), 77), "77");
  EXPECT_EQ(EnumName(*FindActorField("latestSnapshotInfo.type"), 1), "SNAPSHOT_TYPE_LOCAL");
  for (const ActorField& field : AllActorFields()) {
    if (field.kind != FieldKind::kEnum) continue;
    for (int i = 0; i < field.enumeration()->value_count(); ++i) {
      EXPECT_EQ(field.enumeration()->value(i)->name().find(std::string(EnumPrefix(field))), 0u);
    }
  }
}

// What is wrong with reading `wanted` of `json`, wherever all of it can be read; empty: nothing.
std::string Disagreement(const std::string& json, ActorFields wanted) {
  std::string padded = json + std::string(RespReader::kPadding, '"');
  std::string_view text = std::string_view(padded).substr(0, json.size());
  Actor expected;
  if (!DecodePaddedActor(text, &expected).ok()) return "";
  KeepFields(wanted, &expected);
  Actor found;
  found.set_actor_id("left over");
  found.set_status(Actor::STATUS_PAUSED);
  (*found.mutable_worker_selector()->mutable_match_labels())["left"] = "over";
  if (!DecodePaddedActor(text, wanted, &found).ok()) return "a part is refused, the whole is not";
  return MessageDifferencer::Equals(found, expected) ? "" : "another actor";
}

TEST(ActorFieldsTest, PassingOverIsNotFooledByStringsThatOnlyProtobufKnows) {
  const ActorFields status = ActorFields().Add(Actor::kStatusFieldNumber);
  for (const std::string json : {
           R"({"u":'x,"status":2,"y":',"version":7})",
           R"({"u":['],"status":2,"y":['],"version":7})",
           R"({"u":{'a':'},"status":2,"y":{'},"version":7})",
           R"({"actorId":"it's","status":2})",
           R"({"u":{},"status":2,"w":[1,[2]],"version":"x"})",
       }) {
    EXPECT_EQ(Disagreement(json, status), "") << json;
  }
}

TEST(ActorFieldsTest, WhatIsNotWantedIsNotLookedAt) {
  Actor actor;
  std::string json = R"({"status":2,"version":"no number","status2":)" + std::string("{}}");
  json.reserve(json.size() + RespReader::kPadding);
  EXPECT_FALSE(DecodePaddedActor(json, &actor).ok());
  ASSERT_TRUE(DecodePaddedActor(json, ActorFields().Add(Actor::kStatusFieldNumber), &actor).ok());
  EXPECT_EQ(actor.status(), Actor::STATUS_RUNNING);
  EXPECT_EQ(actor.version(), 0);
}

ActorFields AnyFields() {
  ActorFields fields;
  for (const ActorField& field : AllActorFields()) {
    if (*rc::gen::inRange(0, 3) == 0) fields.Add(field.top_number);
  }
  return fields;
}

RC_GTEST_PROP(ActorFieldsProperty, APartReadsAsTheWholeDoes, ()) {
  std::string json = *JsonGen::Object(3);
  RC_ASSERT(Disagreement(json, AnyFields()) == "");
}

RC_GTEST_PROP(ActorFieldsProperty, APartOfMutatedTextReadsAsTheWholeDoes, ()) {
  std::string json = *JsonGen::Object(3);
  const int mutations = *rc::gen::inRange(1, 4);
  for (int i = 0; i < mutations; ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, json.size() + 1);
    json.insert(at, 1, *rc::gen::elementOf(std::string("{}[]\":,\\'' \tn")));
  }
  RC_ASSERT(Disagreement(json, AnyFields()) == "");
}

}  // namespace
}  // namespace atestore
