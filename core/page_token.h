#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "core/page_token_key.h"
#include "core/position.h"

namespace atestore::inline v0 {

// The length limit of a token, in characters.
inline constexpr size_t kPageTokenLengthMax = 256;

// Why a token was refused.
enum class PageTokenFlaw {
  kMalformed,       // no version of this encoder makes such a token
  kTruncated,       // its end is missing
  kUnknownVersion,  // made by a newer version
  kUnknownKey,      // its key is not (or no longer) in use
  kAltered,         // the tag does not match the content
  kOtherRequest,    // made for another method, atespace or argument
  kOutOfRange,      // the content is impossible
};

// Stable UPPER_SNAKE name of a flaw, for ErrorInfo: "PAGE_TOKEN_ALTERED".
std::string_view ReasonOf(PageTokenFlaw flaw);

struct PageTokenError {
  PageTokenFlaw flaw;
  std::string message;  // one line, for people
};

// A hash of everything that must not change between the pages of one listing.
uint64_t HashRequest(std::string_view method, std::string_view atespace);

// Turns positions into opaque, URL-safe tokens and back. docs/page-token.md has the bytes.
// A token grants nothing: it holds no pattern, address or secret. Immutable, so thread-safe.
class PageTokenCodec {
 public:
  // The tag is a checksum, which protects against accidents.
  PageTokenCodec() = default;

  // `keys` empty: same as the default constructor. Otherwise the tag is an HMAC: the first key
  // signs, and all keys verify. INVALID_ARGUMENT when an id is 0 or used twice, or when a secret is
  // shorter than kPageTokenSecretBytesMin; the message has the key's index and the field.
  static absl::StatusOr<PageTokenCodec> Create(std::vector<PageTokenKey> keys);

  std::string Encode(const Position& position, uint64_t request_hash) const;

  // Accepts exactly what Encode() makes (with any live key) for the same `request_hash`.
  std::variant<Position, PageTokenError> Decode(std::string_view token,
                                                uint64_t request_hash) const;

 private:
  explicit PageTokenCodec(std::vector<PageTokenKey> keys);

  std::string Seal(std::string_view payload, const PageTokenKey* key) const;

  std::vector<PageTokenKey> keys_;
};

// The payload that the tag protects: protobuf PageTokenPayload. For the fuzzer and the tests.
std::string EncodePageTokenPayload(const Position& position, uint64_t request_hash);
std::variant<Position, PageTokenError> DecodePageTokenPayload(std::string_view payload,
                                                              uint64_t request_hash);

}  // namespace atestore::inline v0
