#pragma once

#include <optional>
#include <string_view>

#include "proto/ateapi.pb.h"
#include "store/codec/actor_fields.h"

namespace atestore::inline v0 {

// Decodes the JSON that real writers of actors produce, some thirty times faster than protobuf's
// parser, and declines everything else: it accepts only what it is certain protobuf reads to the
// same message. A caller that asks protobuf after a refusal is equal to protobuf by construction.
//
// `json` must be followed by RespReader::kPadding readable bytes. Returns nullopt when `*actor`
// holds the record and nothing of what it held before, whose memory is used again; otherwise what
// made it decline, a fixed text that never quotes the value ("field version"), and `*actor` is
// unspecified. Thread-safe.
//
// Reads only the fields in `wanted`, the others are cleared. What it passes over it does not check:
// then it may accept text that protobuf refuses, and what it reads is still what protobuf reads
// wherever protobuf accepts.
std::optional<std::string_view> DecodeActorFast(std::string_view json, ateapi::Actor* actor,
                                                ActorFields wanted = ActorFields::All());

// Longer text is declined. It bounds the memory that each decoding thread keeps to about 1 MiB.
inline constexpr size_t kFastJsonBytesMax = size_t{64} << 10;

// Nesting beyond this is declined, far below the 100 levels at which protobuf refuses.
inline constexpr size_t kFastJsonDepthMax = 32;

}  // namespace atestore::inline v0
