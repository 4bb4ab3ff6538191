// Oracle: a token is accepted only if it is, to the byte, what the encoder makes with one of the
// live keys; every change of a real token is refused.
#include <algorithm>
#include <array>
#include <string>

#include "core/page_token.h"
#include "fuzz/byte_source.h"
#include "fuzz/require.h"

namespace {

using atestore::KeyMark;
using atestore::PageTokenCodec;
using atestore::PageTokenError;
using atestore::PageTokenFlaw;
using atestore::Position;
using atestore::fuzz::ByteSource;
using atestore::fuzz::Require;

constexpr uint64_t kRequest = 0x0102030405060708;

struct Codecs {
  PageTokenCodec unkeyed;
  PageTokenCodec first = *PageTokenCodec::Create({{.id = 1, .secret = "0123456789abcdef"}});
  PageTokenCodec second = *PageTokenCodec::Create({{.id = 2, .secret = "fedcba9876543210"}});
  PageTokenCodec rotated = *PageTokenCodec::Create(
      {{.id = 2, .secret = "fedcba9876543210"}, {.id = 1, .secret = "0123456789abcdef"}});
};

const Codecs& AllCodecs() {
  static const Codecs codecs;
  return codecs;
}

bool Accepts(const PageTokenCodec& codec, std::string_view token, Position* position) {
  auto decoded = codec.Decode(token, kRequest);
  if (const auto* error = std::get_if<PageTokenError>(&decoded)) {
    Require(error->message.starts_with("page_token: "), "a refusal names the field");
    Require(error->message.find('\n') == std::string::npos, "a refusal is one line");
    return false;
  }
  *position = std::get<Position>(decoded);
  return true;
}

void CheckArbitrary(std::string_view token) {
  const Codecs& codecs = AllCodecs();
  Position position;
  if (Accepts(codecs.unkeyed, token, &position)) {
    Require(codecs.unkeyed.Encode(position, kRequest) == token, "accepted, so ours (no key)");
  }
  bool of_first = Accepts(codecs.first, token, &position);
  if (of_first) {
    Require(codecs.first.Encode(position, kRequest) == token, "accepted, so ours (first key)");
  }
  bool of_second = Accepts(codecs.second, token, &position);
  if (of_second) {
    Require(codecs.second.Encode(position, kRequest) == token, "accepted, so ours (second key)");
  }
  Require(Accepts(codecs.rotated, token, &position) == (of_first || of_second),
          "a rotated codec accepts what either of its keys made");
}

KeyMark ReadMark(ByteSource& source) {
  KeyMark mark{.hash = source.Number(UINT64_MAX)};
  if (source.Flag()) mark.tie = source.Number(UINT64_MAX);
  return mark;
}

Position ReadPosition(ByteSource& source) {
  Position position{.slot = static_cast<atestore::Slot>(source.Number(atestore::kSlotCount - 1))};
  switch (source.Number(2)) {
    case 0:
      break;
    case 1:
      position.place = atestore::AfterKey{ReadMark(source)};
      break;
    default: {
      atestore::InSlotCursor cursor{.cursor = source.Number(UINT64_MAX),
                                    .run = source.Number(UINT64_MAX)};
      if (source.Flag()) cursor.floor = ReadMark(source);
      if (source.Flag()) {
        uint64_t next = source.Number(UINT64_MAX);
        cursor.split = atestore::SplitReply{next, ReadMark(source)};
      }
      position.place = cursor;
    }
  }
  return position;
}

std::string Change(std::string token, ByteSource& source) {
  size_t at = source.Number(token.size() - 1);
  switch (source.Number(4)) {
    case 0:
      token[at] = static_cast<char>(source.Byte());
      break;
    case 1:
      token.erase(at, 1 + source.Number(3));
      break;
    case 2:
      token.insert(source.Flag() ? token.size() : at, source.Text());
      break;
    case 3:
      std::swap(token[at], token[source.Number(token.size() - 1)]);
      break;
    default:
      token.resize(at);
  }
  return token;
}

void CheckChanged(ByteSource& source) {
  const Codecs& codecs = AllCodecs();
  const std::array<const PageTokenCodec*, 3> makers = {&codecs.unkeyed, &codecs.first,
                                                       &codecs.rotated};
  const PageTokenCodec& codec = *makers[source.Number(makers.size() - 1)];
  const Position position = ReadPosition(source);
  const std::string token = codec.Encode(position, kRequest);
  Require(token.size() <= atestore::kPageTokenLengthMax, "a token is never too long");
  auto decoded = codec.Decode(token, kRequest);
  Require(std::holds_alternative<Position>(decoded) && std::get<Position>(decoded) == position,
          "what was encoded is decoded");
  auto other = codec.Decode(token, kRequest + 1 + source.Byte());
  Require(std::holds_alternative<PageTokenError>(other) &&
              std::get<PageTokenError>(other).flaw == PageTokenFlaw::kOtherRequest,
          "another request's token is refused as that");
  std::string changed = token;
  do changed = changed.empty() ? changed : Change(std::move(changed), source);
  while (source.Flag());
  Position ignored;
  if (changed != token) Require(!Accepts(codec, changed, &ignored), "a changed token is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteSource source(data, size);
  // Tokens are printable: a first byte that is not says that a real one is to be changed.
  if (size > 0 && data[0] < 0x20) {
    source.Byte();
    CheckChanged(source);
  } else {
    CheckArbitrary(source.Rest());
  }
  return 0;
}
