// Oracle: protobuf's own JSON parser, told to ignore unknown fields. The decoder must accept the
// same texts and read the same actors from them, and its fast path must never accept what protobuf
// refuses. Of some fields alone it must read what protobuf reads of them.
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "core/resp.h"
#include "store/codec/actor_fields.h"
#include "store/codec/json_fast_path.h"
#include "store/codec/value_codec.h"

namespace {

using ateapi::Actor;

std::optional<Actor> AskProtobuf(std::string_view json) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  Actor actor;
  google::protobuf::StringPiece text(json.data(), json.size());
  if (!google::protobuf::util::JsonStringToMessage(text, &actor, options).ok()) return std::nullopt;
  return actor;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

// Some of the fields, by the length of the text: as good as any choice to a fuzzer.
atestore::ActorFields SomeFields(size_t size) {
  atestore::ActorFields fields;
  for (const atestore::ActorField& field : atestore::AllActorFields()) {
    if ((size >> (field.top_number % 5) & 1) != 0) fields.Add(field.top_number);
  }
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Exactly the promised padding, so that the sanitizer sees a byte read beyond it.
  std::unique_ptr<char[]> padded(new char[size + atestore::RespReader::kPadding]);
  if (size > 0) std::memcpy(padded.get(), data, size);
  std::memset(padded.get() + size, '}', atestore::RespReader::kPadding);
  std::string_view json(padded.get(), size);

  std::optional<Actor> expected = AskProtobuf(json);
  Actor fast;
  if (!atestore::DecodeActorFast(json, &fast)) {
    Require(expected.has_value());
    Require(google::protobuf::util::MessageDifferencer::Equals(fast, *expected));
  }
  Actor decoded;
  Require(atestore::DecodePaddedActor(json, &decoded).ok() == expected.has_value());
  if (expected) Require(google::protobuf::util::MessageDifferencer::Equals(decoded, *expected));
  if (expected) {
    const atestore::ActorFields some = SomeFields(size);
    KeepFields(some, &*expected);
    Require(atestore::DecodePaddedActor(json, some, &decoded).ok());
    Require(google::protobuf::util::MessageDifferencer::Equals(decoded, *expected));
  }
  return 0;
}
