#include "apps/ateapi/authorization/jwt.h"

#include <simdjson.h>

#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/authorization/subject.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;
using simdjson::dom::object;

absl::Status Refused(std::string reason, std::string_view what) {
  return WithErrorInfo(absl::UnauthenticatedError(absl::StrCat("the token ", ToAbsl(what))),
                       {.reason = std::move(reason), .field = ""});
}

absl::Status Malformed(std::string_view what) { return Refused("TOKEN_MALFORMED", what); }

// A part of a token, decoded, and what its parser needs.
class Part {
 public:
  // False: it is not base64url of a JSON object with distinct names.
  bool Parse(std::string_view text) {
    std::optional<std::string> json = DecodeBase64Url(text);
    if (!json || parser_.parse(*json).get(object_) != SUCCESS) return false;
    std::set<std::string_view> names;
    for (const auto& field : object_) {
      if (!names.insert(field.key).second) return false;
    }
    return true;
  }

  bool Has(const char* name) const { return object_.at_key(name).error() == SUCCESS; }
  std::optional<std::string_view> Text(const char* name) const {
    std::string_view text;
    if (object_.at_key(name).get(text) != SUCCESS) return std::nullopt;
    return text;
  }
  // Seconds since 1970 (NumericDate); nullopt: none, or not a number that a time can be.
  std::optional<absl::Time> Time(const char* name) const {
    constexpr double kSecondsMax = 1e12;
    double seconds = 0;
    if (object_.at_key(name).get(seconds) != SUCCESS || !(std::abs(seconds) <= kSecondsMax)) {
      return std::nullopt;
    }
    return absl::UnixEpoch() + absl::Seconds(seconds);
  }
  // Whether the claim is that text, or a list that contains it.
  bool IsOrHolds(const char* name, std::string_view wanted) const {
    element value;
    if (object_.at_key(name).get(value) != SUCCESS) return false;
    simdjson::dom::array list;
    if (value.get(list) != SUCCESS) return Text(name) == wanted;
    bool found = false;
    for (const element& item : list) {
      std::string_view text;
      if (item.get(text) != SUCCESS) return false;
      found = found || text == wanted;
    }
    return found;
  }

 private:
  simdjson::dom::parser parser_;
  object object_;
};

absl::StatusOr<const JwtKey*> KeyFor(const Part& header, const JwtKeys& keys) {
  const std::optional<std::string_view> name = header.Text("alg");
  if (!name) return Malformed("has no algorithm");
  const std::optional<JwtAlgorithm> algorithm = ParseJwtAlgorithm(*name);
  if (!algorithm) {
    return Refused("TOKEN_ALGORITHM_REFUSED", "is not signed with RS256, ES256 or EdDSA");
  }
  // Extensions that must be understood (RFC 7515); none is supported.
  if (header.Has("crit")) return Malformed("needs an extension (\"crit\")");
  const std::optional<std::string_view> id = header.Text("kid");
  if (header.Has("kid") && !id) return Malformed("has a \"kid\" that is not a string");
  const JwtKey* key = keys.Find(id, *algorithm);
  if (key == nullptr) {
    return Refused("TOKEN_KEY_UNKNOWN", "is signed with a key that --jwt-jwks-file does not hold");
  }
  return key;
}

absl::StatusOr<std::string> SubjectOf(const Part& claims, const JwtExpectation& expected,
                                      absl::Time now) {
  if (claims.Text("iss") != expected.issuer) {
    return Refused("TOKEN_ISSUER_WRONG", "is not from the issuer in --jwt-issuer");
  }
  if (!claims.IsOrHolds("aud", expected.audience)) {
    return Refused("TOKEN_AUDIENCE_WRONG", "is not for the audience in --jwt-audience");
  }
  const std::optional<absl::Time> expires = claims.Time("exp");
  if (!expires) return Malformed("does not say when it expires");
  if (now >= *expires + kClockSkew) return Refused("TOKEN_EXPIRED", "has expired");
  const std::optional<absl::Time> begins = claims.Time("nbf");
  if (claims.Has("nbf") && !begins) return Malformed("has an \"nbf\" that is not a time");
  if (begins && now + kClockSkew < *begins) {
    return Refused("TOKEN_NOT_YET_VALID", "is not valid yet");
  }
  const std::optional<std::string_view> subject = claims.Text("sub");
  if (!subject || !IsSubjectName(absl::StrCat("jwt:", ToAbsl(*subject)))) {
    return Malformed("has no subject, or one that a policy cannot contain");
  }
  return std::string(*subject);
}

}  // namespace

absl::StatusOr<std::string> VerifyJwt(std::string_view token, const JwtKeys& keys,
                                      const JwtExpectation& expected, absl::Time now) {
  if (token.size() > kTokenBytesMax) return Malformed("is too long");
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Malformed("does not have three parts");
  }
  Part header;
  if (!header.Parse(token.substr(0, first))) return Malformed("has an invalid header");
  absl::StatusOr<const JwtKey*> key = KeyFor(header, keys);
  if (!key.ok()) return key.status();
  const std::optional<std::string> signature = DecodeBase64Url(token.substr(second + 1));
  if (!signature) return Malformed("has a signature that is not base64url");
  if (!(*key)->Verify(token.substr(0, second), *signature)) {
    return Refused("TOKEN_SIGNATURE_WRONG", "is not signed by the key that it names");
  }
  Part claims;
  if (!claims.Parse(token.substr(first + 1, second - first - 1))) {
    return Malformed("has invalid claims");
  }
  return SubjectOf(claims, expected, now);
}

}  // namespace atestore
