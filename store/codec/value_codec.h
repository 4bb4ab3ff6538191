#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto/ateapi.pb.h"
#include "store/codec/actor_fields.h"

namespace atestore::inline v0 {

// Records are proto3 JSON ("ProtoJSON"), as written by this and by other programs: unknown fields
// are ignored, names are lowerCamelCase or original, enums are names or numbers, int64 are strings
// or numbers.

// Parses `json` into `*actor`, in place of what it holds. DATA_LOSS with the reason, not the value,
// when protobuf's own JSON parser, told to ignore unknown fields, would refuse it; then `*actor` is
// unspecified. Thread-safe.
absl::Status DecodeActor(std::string_view json, ateapi::Actor* actor);

// The same for text that is followed by at least RespReader::kPadding readable bytes: no copy.
absl::Status DecodePaddedActor(std::string_view json, ateapi::Actor* actor);

// The same, of the fields in `wanted` alone; the others are cleared. Whether those can be read is
// not looked at: it may accept what DecodePaddedActor() refuses.
absl::Status DecodePaddedActor(std::string_view json, ActorFields wanted, ateapi::Actor* actor);

absl::Status DecodeAtespace(std::string_view json, ateapi::Atespace* atespace);
absl::Status DecodeWorker(std::string_view json, ateapi::Worker* worker);

// ProtoJSON with lowerCamelCase names, int64 as strings, default values left out.
std::string EncodeActor(const ateapi::Actor& actor);
std::string EncodeAtespace(const ateapi::Atespace& atespace);
std::string EncodeSelector(const ateapi::Selector& selector);

}  // namespace atestore::inline v0
