#include "core/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include <algorithm>
#include <bitset>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "proto/page_token.pb.h"

namespace atestore::inline v0 {
namespace {

// Envelope: version, key id, payload length, payload, tag.
constexpr unsigned char kVersion = 1;
constexpr unsigned char kNoKey = 0;
constexpr size_t kHeaderBytes = 3;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kHmacBytes = 16;  // HMAC-SHA256, truncated as RFC 2104 section 5 allows

size_t TagBytes(unsigned char key_id) { return key_id == kNoKey ? kChecksumBytes : kHmacBytes; }

std::string MakeTag(std::string_view sealed, const PageTokenKey* key) {
  if (key == nullptr) {
    XXH64_canonical_t checksum;
    XXH64_canonicalFromHash(&checksum, XXH3_64bits(sealed.data(), sealed.size()));
    return {reinterpret_cast<const char*>(checksum.digest), sizeof checksum.digest};
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key->secret.data(), static_cast<int>(key->secret.size()),
       reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size(), digest, &length);
  return {reinterpret_cast<const char*>(digest), kHmacBytes};
}

PageTokenError Flawed(PageTokenFlaw flaw, std::string_view what) {
  return {flaw, absl::StrCat("page_token: ", ToAbsl(what))};
}

void Write(const KeyMark& mark, AfterKeyMark* out) {
  out->set_hash(mark.hash);
  if (mark.tie) out->set_tie(*mark.tie);
}

KeyMark Read(const AfterKeyMark& in) {
  KeyMark mark{.hash = in.hash()};
  if (in.has_tie()) mark.tie = in.tie();
  return mark;
}

InSlotCursor Read(const PageTokenPayload::Cursor& in) {
  InSlotCursor cursor{.cursor = in.cursor(), .run = in.run()};
  if (in.has_floor()) cursor.floor = Read(in.floor());
  if (in.has_split()) {
    cursor.split = SplitReply{in.split().next_cursor(), Read(in.split().after())};
  }
  return cursor;
}

void Write(const InSlotCursor& cursor, PageTokenPayload::Cursor* out) {
  out->set_cursor(cursor.cursor);
  out->set_run(cursor.run);
  if (cursor.floor) Write(*cursor.floor, out->mutable_floor());
  if (cursor.split) {
    out->mutable_split()->set_next_cursor(cursor.split->next_cursor);
    Write(cursor.split->after, out->mutable_split()->mutable_after());
  }
}

}  // namespace

std::string_view ReasonOf(PageTokenFlaw flaw) {
  switch (flaw) {
    case PageTokenFlaw::kMalformed:
      return "PAGE_TOKEN_MALFORMED";
    case PageTokenFlaw::kTruncated:
      return "PAGE_TOKEN_TRUNCATED";
    case PageTokenFlaw::kUnknownVersion:
      return "PAGE_TOKEN_VERSION_UNKNOWN";
    case PageTokenFlaw::kUnknownKey:
      return "PAGE_TOKEN_KEY_UNKNOWN";
    case PageTokenFlaw::kAltered:
      return "PAGE_TOKEN_ALTERED";
    case PageTokenFlaw::kOtherRequest:
      return "PAGE_TOKEN_OF_OTHER_REQUEST";
    case PageTokenFlaw::kOutOfRange:
      return "PAGE_TOKEN_OUT_OF_RANGE";
  }
  return "PAGE_TOKEN_MALFORMED";
}

uint64_t HashRequest(std::string_view method, std::string_view atespace) {
  return HashKey(absl::StrCat(ToAbsl(method), absl::string_view("\0", 1), ToAbsl(atespace)));
}

std::string EncodePageTokenPayload(const Position& position, uint64_t request_hash) {
  PageTokenPayload payload;
  payload.set_request_hash(request_hash);
  payload.set_slot(position.slot);
  if (position.end != kSlotCount) payload.set_end(static_cast<uint32_t>(position.end));
  if (const auto* after = std::get_if<AfterKey>(&position.place)) {
    Write(after->mark, payload.mutable_after());
  } else if (const auto* cursor = std::get_if<InSlotCursor>(&position.place)) {
    Write(*cursor, payload.mutable_cursor());
  }
  return payload.SerializeAsString();
}

std::variant<Position, PageTokenError> DecodePageTokenPayload(std::string_view bytes,
                                                              uint64_t request_hash) {
  PageTokenPayload payload;
  if (!payload.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Flawed(PageTokenFlaw::kMalformed, "unreadable content");
  }
  if (payload.request_hash() != request_hash) {
    return Flawed(
        PageTokenFlaw::kOtherRequest,
        "made for another method, atespace or filter; a listing continues only with the arguments "
        "it began with");
  }
  if (payload.slot() >= kSlotCount) {
    return Flawed(PageTokenFlaw::kOutOfRange, absl::StrCat("no slot ", payload.slot()));
  }
  Position position{.slot = static_cast<Slot>(payload.slot())};
  if (payload.end() != 0) position.end = payload.end();
  if (position.end <= position.slot || position.end > kSlotCount) {
    return Flawed(PageTokenFlaw::kOutOfRange,
                  absl::StrCat("no slots in [", position.slot, ", ", position.end, ")"));
  }
  if (payload.has_after()) position.place = AfterKey{Read(payload.after())};
  if (payload.has_cursor()) position.place = Read(payload.cursor());
  if (EncodePageTokenPayload(position, request_hash) != bytes) {
    return Flawed(PageTokenFlaw::kMalformed, "content that this version does not make");
  }
  return position;
}

absl::StatusOr<PageTokenCodec> PageTokenCodec::Create(std::vector<PageTokenKey> keys) {
  std::bitset<UINT8_MAX + 1> used;
  for (size_t index = 0; index < keys.size(); ++index) {
    const PageTokenKey& key = keys[index];
    const std::string name = absl::StrCat("page token key ", index);
    if (key.id == kNoKey) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": id: 0, must be 1 to 255"));
    }
    if (used[key.id]) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": id: ", key.id, " is used twice"));
    }
    used.set(key.id);
    if (key.secret.size() < kPageTokenSecretBytesMin) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": secret: ", key.secret.size(),
                                                     " bytes, must have at least ",
                                                     kPageTokenSecretBytesMin));
    }
  }
  return PageTokenCodec(std::move(keys));
}

PageTokenCodec::PageTokenCodec(std::vector<PageTokenKey> keys) : keys_(std::move(keys)) {}

std::string PageTokenCodec::Encode(const Position& position, uint64_t request_hash) const {
  return Seal(EncodePageTokenPayload(position, request_hash),
              keys_.empty() ? nullptr : &keys_.front());
}

std::string PageTokenCodec::Seal(std::string_view payload, const PageTokenKey* key) const {
  std::string sealed{static_cast<char>(kVersion),
                     static_cast<char>(key == nullptr ? kNoKey : key->id),
                     static_cast<char>(payload.size())};
  sealed.append(payload);
  sealed.append(MakeTag(sealed, key));
  return absl::WebSafeBase64Escape(sealed);
}

std::variant<Position, PageTokenError> PageTokenCodec::Decode(std::string_view token,
                                                              uint64_t request_hash) const {
  std::string bytes;
  if (token.size() > kPageTokenLengthMax) {
    return Flawed(PageTokenFlaw::kMalformed,
                  absl::StrCat("longer than ", kPageTokenLengthMax, " characters"));
  }
  if (!absl::WebSafeBase64Unescape(ToAbsl(token), &bytes)) {
    // A single character left over from a group of four holds no byte: the token was cut.
    bool cut = token.size() % 4 == 1 &&
               absl::WebSafeBase64Unescape(ToAbsl(token.substr(0, token.size() - 1)), &bytes);
    return cut ? Flawed(PageTokenFlaw::kTruncated, "its end is missing")
               : Flawed(PageTokenFlaw::kMalformed, "not URL-safe base64 without padding");
  }
  if (bytes.size() < kHeaderBytes) return Flawed(PageTokenFlaw::kTruncated, "its end is missing");
  auto header = [&](size_t index) { return static_cast<unsigned char>(bytes[index]); };
  if (header(0) != kVersion) {
    return Flawed(PageTokenFlaw::kUnknownVersion, absl::StrCat("unknown version ", header(0)));
  }
  auto key = std::find_if(keys_.begin(), keys_.end(),
                          [&](const PageTokenKey& live) { return live.id == header(1); });
  if (keys_.empty() ? header(1) != kNoKey : key == keys_.end()) {
    return Flawed(PageTokenFlaw::kUnknownKey, absl::StrCat("unknown key ", header(1)));
  }
  size_t tag_bytes = TagBytes(header(1));
  size_t expected = kHeaderBytes + header(2) + tag_bytes;
  if (bytes.size() < expected) return Flawed(PageTokenFlaw::kTruncated, "its end is missing");
  if (bytes.size() > expected) return Flawed(PageTokenFlaw::kMalformed, "something follows it");
  std::string_view sealed = std::string_view(bytes).substr(0, expected - tag_bytes);
  std::string tag = MakeTag(sealed, keys_.empty() ? nullptr : &*key);
  if (CRYPTO_memcmp(tag.data(), bytes.data() + sealed.size(), tag_bytes) != 0 ||
      absl::WebSafeBase64Escape(bytes) != ToAbsl(token)) {
    return Flawed(PageTokenFlaw::kAltered, "altered, its tag does not fit");
  }
  return DecodePageTokenPayload(sealed.substr(kHeaderBytes), request_hash);
}

}  // namespace atestore::inline v0
