#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/ateapi/authorization/jwks.h"

namespace atestore {

inline constexpr size_t kTokenBytesMax = size_t{16} << 10;
// How much the clocks of the issuer and of this machine may differ.
inline constexpr absl::Duration kClockSkew = absl::Seconds(30);

// The issuer whose tokens are accepted, and the audience that they must name.
struct JwtExpectation {
  std::string issuer;    // "iss", compared byte by byte
  std::string audience;  // "aud", or an element of it
};

// The subject ("sub") of `token`, a JSON Web Token in compact form (RFC 7519): signed with RS256,
// ES256 or EdDSA by one of `keys`, from the issuer, for the audience, with "exp" in the future and
// "nbf", if present, in the past. UNAUTHENTICATED otherwise, with a reason: TOKEN_MALFORMED,
// TOKEN_ALGORITHM_REFUSED, TOKEN_KEY_UNKNOWN, TOKEN_SIGNATURE_WRONG, TOKEN_ISSUER_WRONG,
// TOKEN_AUDIENCE_WRONG, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID. Claims are read only after the
// signature has been verified. Messages never quote the token. Thread-safe.
absl::StatusOr<std::string> VerifyJwt(std::string_view token, const JwtKeys& keys,
                                      const JwtExpectation& expected, absl::Time now);

}  // namespace atestore
