#include "apps/ateapi/authorization/jwks.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <simdjson.h>

#include <array>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr size_t kEs256Bytes = 32;  // of each coordinate and each half of a signature
constexpr size_t kEd25519Bytes = 32;

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* thing) const { Free(thing); }
};
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM, OSSL_PARAM_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG, ECDSA_SIG_free>>;
using SharedKey = std::shared_ptr<EVP_PKEY>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number NumberOf(std::string_view bytes) {
  return Number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

// A member that is a string; nullopt: it is not there or something else.
std::optional<std::string_view> TextOf(const object& key, const char* name) {
  std::string_view text;
  if (key.at_key(name).get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<std::string> BytesOf(const object& key, const char* name) {
  std::optional<std::string_view> text = TextOf(key, name);
  return text ? DecodeBase64Url(*text) : std::nullopt;
}

SharedKey FromParams(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return {key, EVP_PKEY_free};
}

SharedKey RsaKey(const object& json) {
  const std::optional<std::string> modulus = BytesOf(json, "n");
  const std::optional<std::string> exponent = BytesOf(json, "e");
  constexpr int kBitsPerByte = 8;
  if (!modulus || !exponent || exponent->empty() || exponent->size() > sizeof(uint64_t) ||
      modulus->size() > kRsaBitsMax / kBitsPerByte) {
    return nullptr;
  }
  const Number n = NumberOf(*modulus);
  const Number e = NumberOf(*exponent);
  if (BN_num_bits(n.get()) < kRsaBitsMin || BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 ||
      BN_is_one(e.get()) != 0) {
    return nullptr;
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return FromParams("RSA", builder.get());
}

SharedKey EcKey(const object& json) {
  const std::optional<std::string> x = BytesOf(json, "x");
  const std::optional<std::string> y = BytesOf(json, "y");
  if (!x || !y || x->size() != kEs256Bytes || y->size() != kEs256Bytes) return nullptr;
  const std::string point = absl::StrCat("\x04", *x, *y);  // uncompressed, SEC 1
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  SharedKey key = FromParams("EC", builder.get());
  if (!key) return nullptr;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return EVP_PKEY_public_check(context.get()) == 1 ? key : nullptr;
}

SharedKey EdKey(const object& json) {
  const std::optional<std::string> x = BytesOf(json, "x");
  if (!x || x->size() != kEd25519Bytes) return nullptr;
  return {EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(*x), x->size()),
          EVP_PKEY_free};
}

// What kind of key it is; nullopt: one for something else.
std::optional<JwtAlgorithm> AlgorithmOf(const object& key) {
  if (std::optional<std::string_view> use = TextOf(key, "use"); use && use != "sig") {
    return std::nullopt;
  }
  std::optional<JwtAlgorithm> algorithm;
  const std::optional<std::string_view> type = TextOf(key, "kty");
  if (type == "RSA") algorithm = JwtAlgorithm::kRs256;
  if (type == "EC" && TextOf(key, "crv") == "P-256") algorithm = JwtAlgorithm::kEs256;
  if (type == "OKP" && TextOf(key, "crv") == "Ed25519") algorithm = JwtAlgorithm::kEdDsa;
  const std::optional<std::string_view> stated = TextOf(key, "alg");
  if (stated && ParseJwtAlgorithm(*stated) != algorithm) return std::nullopt;
  return algorithm;
}

SharedKey KeyOf(const object& json, JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kRs256:
      return RsaKey(json);
    case JwtAlgorithm::kEs256:
      return EcKey(json);
    case JwtAlgorithm::kEdDsa:
      return EdKey(json);
  }
  return nullptr;
}

// r and s one behind the other, as RFC 7518 has them, to the DER of OpenSSL.
std::optional<std::string> ToDer(std::string_view signature) {
  if (signature.size() != 2 * kEs256Bytes) return std::nullopt;
  const EcdsaSignature pair(ECDSA_SIG_new());
  Number r = NumberOf(signature.substr(0, kEs256Bytes));
  Number s = NumberOf(signature.substr(kEs256Bytes));
  if (!pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &der);
  if (length < 0) return std::nullopt;
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name) {
  if (name == "RS256") return JwtAlgorithm::kRs256;
  if (name == "ES256") return JwtAlgorithm::kEs256;
  if (name == "EdDSA") return JwtAlgorithm::kEdDsa;
  return std::nullopt;
}

bool JwtKey::Verify(std::string_view signed_text, std::string_view signature) const {
  std::string der;
  if (algorithm_ == JwtAlgorithm::kEs256) {
    std::optional<std::string> converted = ToDer(signature);
    if (!converted) return false;
    der = *std::move(converted);
    signature = der;
  }
  const DigestContext context(EVP_MD_CTX_new());
  // Ed25519 hashes by itself. For RSA the default padding is that of RS256, PKCS #1 v1.5.
  const EVP_MD* digest = algorithm_ == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(signed_text),
                          signed_text.size()) == 1;
}

absl::StatusOr<JwtKeys> JwtKeys::Parse(const std::string& json) {
  if (json.size() > kJwksBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", json.size(), " bytes, more than ", kJwksBytesMax));
  }
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(json)["keys"].get(list) != simdjson::SUCCESS) {
    return InvalidArgumentError("is not a JSON Web Key Set: {\"keys\":[…]}");
  }
  if (list.size() > kJwksKeysMax) {
    return absl::InvalidArgumentError(absl::StrCat("holds more than ", kJwksKeysMax, " keys"));
  }
  JwtKeys keys;
  std::set<std::string> ids;
  size_t number = 0;
  for (const element& item : list) {
    ++number;
    object key;
    if (item.get(key) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(absl::StrCat("key ", number, " is not an object"));
    }
    const std::optional<JwtAlgorithm> algorithm = AlgorithmOf(key);
    if (!algorithm) continue;
    SharedKey parsed = KeyOf(key, *algorithm);
    if (!parsed) {
      return absl::InvalidArgumentError(absl::StrCat("key ", number,
                                                     " is malformed, or too weak: RSA keys need ",
                                                     kRsaBitsMin, " to ", kRsaBitsMax, " bits"));
    }
    std::string id(TextOf(key, "kid").value_or(""));
    if (!id.empty() && !ids.insert(id).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("key ", number, " has the \"kid\" of another"));
    }
    keys.keys_.emplace_back(std::move(id), *algorithm, std::move(parsed));
  }
  if (keys.keys_.empty()) {
    return InvalidArgumentError("holds no key for RS256, ES256 or EdDSA (Ed25519)");
  }
  return keys;
}

const JwtKey* JwtKeys::Find(std::optional<std::string_view> id, JwtAlgorithm algorithm) const {
  const JwtKey* found = nullptr;
  for (const JwtKey& key : keys_) {
    if (key.algorithm() != algorithm || (id && key.id() != *id)) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(ToAbsl(text), &decoded)) return std::nullopt;
  // That function also takes padding, white space and stray bits at the end.
  if (absl::WebSafeBase64Escape(decoded) != ToAbsl(text)) return std::nullopt;
  return decoded;
}

}  // namespace atestore
