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

// Whose tokens are taken, and for whom they must be meant.
struct JwtExpectation {
  std::string issuer;    // "iss", to the byte
  std::string audience;  // "aud", or one of them
};

// The subject ("sub") of `token`, a JSON Web Token in compact form (RFC 7519): signed with RS256,
// ES256 or EdDSA by one of `keys`, from the issuer, for the audience, with an "exp" that lies ahead
// and no "nbf" that does. UNAUTHENTICATED otherwise, with a reason: TOKEN_MALFORMED,
// TOKEN_ALGORITHM_REFUSED, TOKEN_KEY_UNKNOWN, TOKEN_SIGNATURE_WRONG, TOKEN_ISSUER_WRONG,
// TOKEN_AUDIENCE_WRONG, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID. The claims are read only once the
// signature was verified. Messages never quote the token. Thread-safe.
absl::StatusOr<std::string> VerifyJwt(std::string_view token, const JwtKeys& keys,
                                      const JwtExpectation& expected, absl::Time now);

}  // namespace atestore
