// Oracle: of all tokens that can be made of a few real ones, exactly those are accepted whose
// signature is untouched and whose claims say what they must; changes are drawn by the fuzzer. Any
// text may be a key set.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/authorization/jwt.h"
#include "apps/ateapi/authorization/subject.h"
#include "core/status.h"
#include "fuzz/byte_source.h"
#include "fuzz/require.h"
#include "store/error_info.h"
#include "tests/support/jwt_signer.h"

namespace {

using atestore::JwtKeys;
using atestore::JwtSigner;
using atestore::fuzz::ByteSource;
using atestore::fuzz::Require;

constexpr int64_t kNow = 1'500'000'000;

// The same in every execution of this process; a token depends on no other chance.
struct World {
  World() {
    absl::StatusOr<JwtKeys> parsed =
        JwtKeys::Parse(absl::StrCat("{\"keys\":[", ec.Jwk(), ",", ed.Jwk(), "]}"));
    Require(parsed.ok(), "real keys are taken");
    keys = *std::move(parsed);
  }
  const JwtSigner ec{JwtSigner::Kind::kEc, "ec"};
  const JwtSigner ed{JwtSigner::Kind::kEd25519, "ed"};
  JwtKeys keys;
};

absl::StatusOr<std::string> Verify(const std::string& token, const JwtKeys& keys) {
  return atestore::VerifyJwt(token, keys, {.issuer = "i", .audience = "a"},
                             absl::FromUnixSeconds(kNow));
}

void Accepted(const absl::StatusOr<std::string>& subject) {
  Require(atestore::IsSubjectName(absl::StrCat("jwt:", *subject)), "a policy can name it");
}

// Claims of the fuzzer's, signed: right or wrong, but never a crash, and right ones are accepted.
void TrySigned(const World& world, ByteSource& source) {
  const bool good_issuer = source.Flag();
  const bool good_audience = source.Flag();
  const auto expires = static_cast<int64_t>(source.Number(1'000)) - 500;
  const auto begins = static_cast<int64_t>(source.Number(1'000)) - 500;
  const std::string claims = absl::StrCat(R"({"iss":")", good_issuer ? "i" : "j", R"(","aud":")",
                                          good_audience ? "a" : "b", R"(","sub":"s","exp":)",
                                          kNow + expires, R"(,"nbf":)", kNow + begins, "}");
  const absl::StatusOr<std::string> subject = Verify(world.ed.Sign(claims), world.keys);
  const int64_t skew = absl::ToInt64Seconds(atestore::kClockSkew);
  Require(subject.ok() == (good_issuer && good_audience && expires > -skew && begins <= skew),
          "exactly the right claims are accepted");
  if (subject.ok()) Accepted(subject);
  // Anything may stand where header and claims do.
  const std::string header(source.Text());
  const absl::StatusOr<std::string> other =
      Verify(world.ed.Sign(header, std::string(source.Rest())), world.keys);
  if (other.ok()) Accepted(other);
}

// A real token with some bytes replaced, inserted or taken out.
void TryChanged(const World& world, ByteSource& source) {
  const JwtSigner& signer = source.Flag() ? world.ec : world.ed;
  const std::string token =
      signer.Sign(absl::StrCat(R"({"iss":"i","aud":["a"],"sub":"s","exp":)", kNow + 1, "}"));
  std::string changed = token;
  while (!source.empty()) {
    const size_t at = source.Number(changed.size());
    const size_t taken = source.Number(3);
    changed.replace(at, std::min(taken, changed.size() - at), source.Bytes(source.Number(3)));
  }
  const absl::StatusOr<std::string> subject = Verify(changed, world.keys);
  Require(subject.ok() == (changed == token), "a token is accepted as it was signed, only");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const World* world = new World;
  ByteSource source(data, size);
  switch (source.Number(3)) {
    case 0:
      TrySigned(*world, source);
      break;
    case 1:
      TryChanged(*world, source);
      break;
    case 2:
      // Nobody else can sign.
      Require(!Verify(std::string(source.Rest()), world->keys).ok(), "nobody else can sign");
      break;
    default: {
      absl::StatusOr<JwtKeys> keys = JwtKeys::Parse(std::string(source.Rest()));
      Require(!keys.ok() || keys->size() > 0, "a key set holds a key");
      if (keys.ok()) (void)Verify("e30.e30.AA", *keys).status();
    }
  }
  return 0;
}
