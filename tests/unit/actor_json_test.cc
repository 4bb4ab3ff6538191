#include "store/codec/actor_json.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "store/codec/value_codec.h"
#include "tests/unit/actor_json_gen.h"

namespace atestore {
namespace {

using ateapi::Actor;

template <typename Message>
std::string Oracle(const Message& message) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return json;
}

std::string JsonOf(const Actor& actor) {
  std::string json = "before ";
  AppendActorJson(actor, &json);
  return json.substr(7);
}

std::string Utf8(uint32_t code) {
  std::string text;
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    tail(12);
  }
  if (code >= 0x800) tail(6);
  if (code >= 0x80) tail(0);
  return text;
}

TEST(ActorJsonTest, EveryCodePointIsWrittenAsProtobufWritesIt) {
  // Many to a message, for protobuf is slow; surrogates are no UTF-8 and have a test of their own.
  constexpr uint32_t kBlock = 64;
  for (uint32_t block = 0; block < 0x110000; block += kBlock) {
    if (block >= 0xd800 && block < 0xe000) continue;
    Actor actor;
    for (uint32_t code = block; code < block + kBlock; ++code) {
      actor.mutable_actor_id()->append(Utf8(code));
    }
    ASSERT_EQ(JsonOf(actor), Oracle(actor)) << block;
  }
}

TEST(ActorJsonTest, WhatIsNotUtf8IsLeftToProtobuf) {
  for (const std::string text : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80",
                                 "\x80", "\xe2\x82", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80"}) {
    std::string json = "x";
    EXPECT_FALSE(AppendJsonString(text, &json));
    EXPECT_EQ(json, "x");
    Actor actor;
    actor.set_version(5);
    actor.set_worker_pool_name("before" + text);
    (*actor.mutable_worker_selector()->mutable_match_labels())["a"] = "b";
    actor.set_atespace("behind");
    testing::internal::CaptureStderr();  // protobuf complains
    EXPECT_EQ(JsonOf(actor), Oracle(actor));
    (*actor.mutable_worker_selector()->mutable_match_labels())[text] = "b";
    EXPECT_EQ(JsonOf(actor), Oracle(actor));
    testing::internal::GetCapturedStderr();
  }
}

TEST(ActorJsonTest, EdgesOfEachKind) {
  Actor actor;
  EXPECT_EQ(JsonOf(actor), "{}");
  for (const int64_t version : {int64_t{0}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    actor.set_version(version);
    EXPECT_EQ(JsonOf(actor), Oracle(actor));
  }
  for (const int status : {-1, 0, 1, 2, 3, 4, 5, 6, 7, 77, INT32_MAX, INT32_MIN}) {
    actor.set_status(static_cast<Actor::Status>(status));
    actor.mutable_latest_snapshot_info()->set_type(static_cast<ateapi::SnapshotType>(status));
    EXPECT_EQ(JsonOf(actor), Oracle(actor));
  }
  actor.mutable_worker_selector();
  EXPECT_EQ(JsonOf(actor), Oracle(actor));
  (*actor.mutable_worker_selector()->mutable_match_labels())[""] = "";
  actor.mutable_latest_snapshot_info()->mutable_external();
  EXPECT_EQ(JsonOf(actor), Oracle(actor));
  actor.mutable_latest_snapshot_info()->mutable_local();
  EXPECT_EQ(JsonOf(actor), Oracle(actor));
  actor.mutable_latest_snapshot_info()->mutable_local()->add_node_vms_with_local_snapshots("");
  EXPECT_EQ(JsonOf(actor), Oracle(actor));
  for (int i = 0; i < 50; ++i) {
    (*actor.mutable_worker_selector()->mutable_match_labels())[std::to_string(i)] = "<\"&>";
    EXPECT_EQ(JsonOf(actor), Oracle(actor));
  }
  std::string json;
  AppendSelectorJson(actor.worker_selector(), &json);
  EXPECT_EQ(json, Oracle(actor.worker_selector()));
  json.clear();
  AppendSnapshotJson(actor.latest_snapshot_info(), &json);
  EXPECT_EQ(json, Oracle(actor.latest_snapshot_info()));
}

RC_GTEST_PROP(ActorJsonProperty, WritesWhatProtobufWrites, ()) {
  Actor actor;
  RC_PRE(DecodeActor(*JsonGen::Object(3), &actor).ok());
  RC_ASSERT(JsonOf(actor) == Oracle(actor));
}

RC_GTEST_PROP(ActorJsonProperty, WritesAnyText, ()) {
  Actor actor;
  std::string text;
  for (const uint32_t code : *rc::gen::container<std::vector<uint32_t>>(rc::gen::oneOf(
           rc::gen::inRange<uint32_t>(0, 0x100), rc::gen::inRange<uint32_t>(0, 0xd800),
           rc::gen::inRange<uint32_t>(0xe000, 0x110000)))) {
    text += Utf8(code);
  }
  (*actor.mutable_worker_selector()->mutable_match_labels())[text] = "x" + text;
  actor.mutable_latest_snapshot_info()->mutable_local()->add_node_vms_with_local_snapshots(text);
  actor.set_ateom_pod_ip(text);
  RC_ASSERT(JsonOf(actor) == Oracle(actor));
}

}  // namespace
}  // namespace atestore
