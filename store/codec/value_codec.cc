#include "store/codec/value_codec.h"

#include <google/protobuf/util/json_util.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/resp.h"
#include "core/status.h"
#include "store/codec/actor_json.h"
#include "store/codec/json_fast_path.h"

namespace atestore::inline v0 {
namespace {

bool ParseWithProtobuf(std::string_view json, google::protobuf::Message* message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  google::protobuf::StringPiece text(json.data(), json.size());
  return google::protobuf::util::JsonStringToMessage(text, message, options).ok();
}

// protobuf's own message is not passed on: it quotes the value.
absl::Status Refusal(std::string_view what) {
  return DataLossError(absl::StrCat("value is not ProtoJSON of ", ToAbsl(what)));
}

std::string Encode(const google::protobuf::Message& message) {
  std::string json;
  // Cannot fail: the message is of a generated type and holds no Any.
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

}  // namespace

absl::Status DecodePaddedActor(std::string_view json, ateapi::Actor* actor) {
  return DecodePaddedActor(json, ActorFields::All(), actor);
}

absl::Status DecodePaddedActor(std::string_view json, ActorFields wanted, ateapi::Actor* actor) {
  std::optional<std::string_view> declined = DecodeActorFast(json, actor, wanted);
  if (!declined) return absl::OkStatus();
  if (ParseWithProtobuf(json, actor)) {
    KeepFields(wanted, actor);
    return absl::OkStatus();
  }
  return Refusal(absl::StrCat("ateapi.Actor: ", ToAbsl(*declined)));
}

absl::Status DecodeActor(std::string_view json, ateapi::Actor* actor) {
  std::string padded(json.size() + RespReader::kPadding, '\0');
  std::memcpy(padded.data(), json.data(), json.size());
  return DecodePaddedActor(std::string_view(padded).substr(0, json.size()), actor);
}

absl::Status DecodeAtespace(std::string_view json, ateapi::Atespace* atespace) {
  return ParseWithProtobuf(json, atespace) ? absl::OkStatus() : Refusal("ateapi.Atespace");
}

absl::Status DecodeWorker(std::string_view json, ateapi::Worker* worker) {
  return ParseWithProtobuf(json, worker) ? absl::OkStatus() : Refusal("ateapi.Worker");
}

std::string EncodeActor(const ateapi::Actor& actor) {
  std::string json;
  AppendActorJson(actor, &json);
  return json;
}

std::string EncodeAtespace(const ateapi::Atespace& atespace) { return Encode(atespace); }

std::string EncodeSelector(const ateapi::Selector& selector) { return Encode(selector); }

}  // namespace atestore::inline v0
