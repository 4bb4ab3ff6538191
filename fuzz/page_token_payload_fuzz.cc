// What stands behind the tag, which blinds the other target. Oracle: exactly the canonical
// encodings of positions that exist are accepted.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/page_token.h"
#include "fuzz/require.h"
#include "proto/page_token.pb.h"

namespace {

using atestore::PageTokenError;
using atestore::PageTokenFlaw;
using atestore::Position;
using atestore::fuzz::Require;

// Whether protobuf, too, takes `bytes` for the one encoding of what they say.
bool IsCanonical(const atestore::PageTokenPayload& parsed, std::string_view bytes) {
  atestore::PageTokenPayload known = parsed;
  known.DiscardUnknownFields();
  return known.SerializeAsString() == bytes;
}

// Whether there is a position that says the same: a split has a mark.
bool IsPosition(const atestore::PageTokenPayload& parsed) {
  const size_t end = parsed.end() == 0 ? atestore::kSlotCount : parsed.end();
  const bool end_is_said_once = parsed.end() != atestore::kSlotCount;
  return parsed.slot() < end && end <= atestore::kSlotCount && end_is_said_once &&
         (!parsed.cursor().has_split() || parsed.cursor().split().has_after());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  atestore::PageTokenPayload parsed;
  bool readable = parsed.ParseFromArray(data, static_cast<int>(size));
  const uint64_t request_hash = readable ? parsed.request_hash() : 0;
  auto decoded = atestore::DecodePageTokenPayload(bytes, request_hash);
  if (const auto* error = std::get_if<PageTokenError>(&decoded)) {
    bool possible = readable && IsPosition(parsed) && IsCanonical(parsed, bytes);
    Require(!possible, "a canonical encoding of a position that exists is accepted");
    Require(error->flaw == PageTokenFlaw::kMalformed || error->flaw == PageTokenFlaw::kOutOfRange,
            "the flaw is the content's");
    return 0;
  }
  const Position& position = std::get<Position>(decoded);
  Require(readable, "what is no message is refused");
  Require(position.slot < atestore::kSlotCount, "the slot exists");
  Require(position.slot == parsed.slot(), "the slot is the one that was sent");
  Require(position.slot < position.end && position.end <= atestore::kSlotCount,
          "there is a slot to list");
  Require(atestore::EncodePageTokenPayload(position, request_hash) == bytes,
          "a payload that is accepted is what the encoder makes");
  auto other = atestore::DecodePageTokenPayload(bytes, request_hash + 1);
  Require(std::holds_alternative<PageTokenError>(other), "another request's payload is refused");
  const atestore::PageTokenCodec codec;
  Require(codec.Encode(position, request_hash).size() <= atestore::kPageTokenLengthMax,
          "a token is never too long");
  return 0;
}
