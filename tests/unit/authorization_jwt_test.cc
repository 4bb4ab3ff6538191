#include "apps/ateapi/authorization/jwt.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/status.h"
#include "store/error_info.h"
#include "tests/support/jwt_signer.h"

namespace atestore {
namespace {

constexpr std::string_view kClaims =
    R"({"iss":"https://issuer","aud":["other","ateapi"],"sub":"alice","exp":2000,"nbf":1000})";

class JwtTest : public ::testing::Test {
 protected:
  JwtKeys Keys(std::initializer_list<const JwtSigner*> signers) {
    std::string list;
    for (const JwtSigner* signer : signers) {
      absl::StrAppend(&list, list.empty() ? "" : ",", signer->Jwk());
    }
    absl::StatusOr<JwtKeys> keys = JwtKeys::Parse(absl::StrCat("{\"keys\":[", list, "]}"));
    EXPECT_TRUE(keys.ok()) << keys.status();
    return *std::move(keys);
  }
  // The subject, or the reason of the refusal.
  std::string Verify(const std::string& token, const JwtKeys& keys, int64_t now = 1500) {
    absl::StatusOr<std::string> subject =
        VerifyJwt(token, keys, {.issuer = "https://issuer", .audience = "ateapi"},
                  absl::FromUnixSeconds(now));
    if (subject.ok()) return *subject;
    EXPECT_TRUE(absl::IsUnauthenticated(subject.status())) << subject.status();
    return GetErrorInfo(subject.status())->reason;
  }
  static std::string Claims(std::string_view from, std::string_view to) {
    return absl::StrReplaceAll(ToAbsl(kClaims), {{ToAbsl(from), ToAbsl(to)}});
  }

  // Making RSA keys takes a while.
  static const JwtSigner& Rsa() {
    static const JwtSigner* signer = new JwtSigner(JwtSigner::Kind::kRsa, "rsa");
    return *signer;
  }
  const JwtSigner ec_{JwtSigner::Kind::kEc, "ec"};
  const JwtSigner ed_{JwtSigner::Kind::kEd25519, "ed"};
  const JwtKeys all_ = Keys({&Rsa(), &ec_, &ed_});
};

TEST_F(JwtTest, TakesEveryAlgorithm) {
  for (const JwtSigner* signer : {&Rsa(), &ec_, &ed_}) {
    EXPECT_EQ(Verify(signer->Sign(kClaims), all_), "alice") << signer->algorithm();
  }
}

TEST_F(JwtTest, ChecksTheClaims) {
  const auto with = [&](std::string_view from, std::string_view to, int64_t now = 1500) {
    return Verify(ed_.Sign(Claims(from, to)), all_, now);
  };
  EXPECT_EQ(with("https://issuer", "https://issuer/"), "TOKEN_ISSUER_WRONG");
  EXPECT_EQ(with("\"iss\":\"https://issuer\",", ""), "TOKEN_ISSUER_WRONG");
  EXPECT_EQ(with("[\"other\",\"ateapi\"]", "\"ateapi\""), "alice");
  EXPECT_EQ(with("[\"other\",\"ateapi\"]", "[\"other\"]"), "TOKEN_AUDIENCE_WRONG");
  EXPECT_EQ(with("[\"other\",\"ateapi\"]", "[1,\"ateapi\"]"), "TOKEN_AUDIENCE_WRONG");
  EXPECT_EQ(with("[\"other\",\"ateapi\"]", "\"ateapi2\""), "TOKEN_AUDIENCE_WRONG");
  EXPECT_EQ(with("\"aud\":[\"other\",\"ateapi\"],", ""), "TOKEN_AUDIENCE_WRONG");
  EXPECT_EQ(with(",\"nbf\":1000", ""), "alice");
  EXPECT_EQ(with("1000", "\"soon\""), "TOKEN_MALFORMED");
  EXPECT_EQ(with("\"exp\":2000,", ""), "TOKEN_MALFORMED");
  EXPECT_EQ(with("2000", "\"2000\""), "TOKEN_MALFORMED");
  EXPECT_EQ(with("2000", "1e300"), "TOKEN_MALFORMED");
  EXPECT_EQ(with("2000", "1999.5"), "alice");
  EXPECT_EQ(with("\"sub\":\"alice\",", ""), "TOKEN_MALFORMED");
  EXPECT_EQ(with("alice", ""), "TOKEN_MALFORMED");
  EXPECT_EQ(with("alice", "a b"), "TOKEN_MALFORMED");
  EXPECT_EQ(with("\"sub\":\"alice\"", "\"sub\":\"alice\",\"sub\":\"bob\""), "TOKEN_MALFORMED");
}

TEST_F(JwtTest, TimesAllowForTheClockSkewAndNoMore) {
  const std::string token = ed_.Sign(kClaims);
  const int64_t skew = absl::ToInt64Seconds(kClockSkew);
  EXPECT_EQ(Verify(token, all_, 2000 + skew - 1), "alice");
  EXPECT_EQ(Verify(token, all_, 2000 + skew), "TOKEN_EXPIRED");
  EXPECT_EQ(Verify(token, all_, 1000 - skew), "alice");
  EXPECT_EQ(Verify(token, all_, 1000 - skew - 1), "TOKEN_NOT_YET_VALID");
}

TEST_F(JwtTest, RefusesOtherAlgorithms) {
  const std::string unsigned_token =
      absl::StrCat(Base64Url(R"({"alg":"none"})"), ".", Base64Url(kClaims), ".");
  EXPECT_EQ(Verify(unsigned_token, all_), "TOKEN_ALGORITHM_REFUSED");
  // The public key as a shared secret, in each form that a verifier might take it.
  for (const std::string& secret : {Rsa().PublicPem(), Rsa().Jwk(), std::string("")}) {
    EXPECT_EQ(Verify(SignWithSecret(secret, R"({"alg":"HS256","kid":"rsa"})", kClaims), all_),
              "TOKEN_ALGORITHM_REFUSED");
    // The same while it claims to be RS256.
    EXPECT_EQ(Verify(SignWithSecret(secret, R"({"alg":"RS256","kid":"rsa"})", kClaims), all_),
              "TOKEN_SIGNATURE_WRONG");
  }
  for (const char* name : {"NONE", "rs256", "RS512", "PS256", "ES384", "HS256", ""}) {
    const std::string header = absl::StrCat(R"({"alg":")", name, R"(","kid":"rsa"})");
    EXPECT_EQ(Verify(Rsa().Sign(header, kClaims), all_), "TOKEN_ALGORITHM_REFUSED") << name;
  }
  // A key of one kind does not stand in for another one.
  EXPECT_EQ(Verify(ec_.Sign(R"({"alg":"EdDSA","kid":"ec"})", kClaims), all_), "TOKEN_KEY_UNKNOWN");
}

TEST_F(JwtTest, KeysAreFoundByTheirIdsAndRotate) {
  const JwtSigner next(JwtSigner::Kind::kEd25519, "next");
  const JwtSigner impostor(JwtSigner::Kind::kEd25519, "ed");
  EXPECT_EQ(Verify(next.Sign(kClaims), all_), "TOKEN_KEY_UNKNOWN");
  const JwtKeys both = Keys({&ed_, &next});
  EXPECT_EQ(Verify(next.Sign(kClaims), both), "alice");
  EXPECT_EQ(Verify(ed_.Sign(kClaims), both), "alice");
  EXPECT_EQ(Verify(ed_.Sign(kClaims), Keys({&next})), "TOKEN_KEY_UNKNOWN");
  EXPECT_EQ(Verify(impostor.Sign(kClaims), both), "TOKEN_SIGNATURE_WRONG");
  // Without an id only where there is no choice.
  EXPECT_EQ(Verify(ed_.Sign(R"({"alg":"EdDSA"})", kClaims), both), "TOKEN_KEY_UNKNOWN");
  EXPECT_EQ(Verify(ed_.Sign(R"({"alg":"EdDSA"})", kClaims), all_), "alice");
  EXPECT_EQ(Verify(ed_.Sign(R"({"alg":"EdDSA","kid":7})", kClaims), all_), "TOKEN_MALFORMED");
}

TEST_F(JwtTest, EveryChangedByteIsRefused) {
  for (const JwtSigner* signer : {&Rsa(), &ec_, &ed_}) {
    const std::string token = signer->Sign(kClaims);
    for (size_t i = 0; i < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_NE(Verify(changed, all_), "alice") << signer->algorithm() << " byte " << i;
    }
  }
}

TEST_F(JwtTest, MalformedTokensAreRefused) {
  const std::string token = ed_.Sign(kClaims);
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), token + ".",
        token + "=", token + " ", " " + token, token.substr(0, token.rfind('.')),
        std::string("a.b.c"), std::string(kTokenBytesMax + 1, 'a'), std::string("\0.\0.\0", 5),
        ed_.Sign("[]", kClaims), ed_.Sign("{}", kClaims), ed_.Sign("[]"), ed_.Sign(""),
        ed_.Sign(R"({"alg":"EdDSA","kid":"ed","crit":["x"]})", kClaims),
        ed_.Sign(R"({"alg":"EdDSA","kid":"ed","kid":"ed"})", kClaims)}) {
    EXPECT_EQ(Verify(text, all_), "TOKEN_MALFORMED") << text;
  }
  EXPECT_EQ(Verify(token.substr(0, token.rfind('.') + 1), all_), "TOKEN_SIGNATURE_WRONG");
}

TEST(JwtKeysTest, RefusesWhatIsNoKeySet) {
  const JwtSigner weak(JwtSigner::Kind::kRsa, "weak", 1024);
  const JwtSigner ed(JwtSigner::Kind::kEd25519, "ed");
  const std::string key = ed.Jwk();
  for (const std::string& json :
       {std::string(), std::string("{}"), std::string("[]"), std::string(R"({"keys":{}})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[7]})"),
        std::string(R"({"keys":[{"kty":"oct","k":"c2VjcmV0"}]})"),
        std::string(R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})"),
        std::string(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"),
        std::string(R"({"keys":[{"kty":"RSA"}]})"),
        std::string(R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]})"),
        absl::StrCat(R"({"keys":[)", weak.Jwk(), "]}"),
        absl::StrCat(R"({"keys":[)", key, ",", key, "]}"), std::string(kJwksBytesMax + 1, ' ')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(JwtKeys::Parse(json).status())) << json.substr(0, 200);
  }
  // Off the curve: no point.
  const std::string zeros = Base64Url(std::string(32, '\0'));
  EXPECT_FALSE(JwtKeys::Parse(absl::StrCat(R"({"keys":[{"kty":"EC","crv":"P-256","x":")", zeros,
                                           R"(","y":")", zeros, R"("}]})"))
                   .ok());
}

TEST(JwtKeysTest, PassesOverKeysForOtherThings) {
  const JwtSigner ed(JwtSigner::Kind::kEd25519, "ed");
  absl::StatusOr<JwtKeys> keys = JwtKeys::Parse(absl::StrCat(
      R"({"keys":[{"kty":"oct","k":"AA"},{"kty":"EC","crv":"P-384"},{"kty":"RSA","use":"enc"},)",
      R"({"kty":"RSA","alg":"RS512"},)", ed.Jwk(), "]}"));
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->size(), 1U);
}

TEST(Base64UrlTest, HasOneSpellingOnly) {
  EXPECT_EQ(DecodeBase64Url("AA"), std::string(1, '\0'));
  EXPECT_EQ(DecodeBase64Url(""), "");
  for (std::string_view text : {"A", "AB", "AA==", "AA=", "A A", "AA\n", "A+", "A/"}) {
    EXPECT_EQ(DecodeBase64Url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace atestore
