#include "tests/support/jwt_signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr size_t kEs256Bytes = 32;

void Must(bool condition) {
  if (!condition) std::abort();
}

EVP_PKEY* Generate(JwtSigner::Kind kind, unsigned bits) {
  switch (kind) {
    case JwtSigner::Kind::kRsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{bits});
    case JwtSigner::Kind::kEc:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case JwtSigner::Kind::kEd25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return nullptr;
}

std::string Padded(const BIGNUM* number, size_t bytes) {
  std::string text(bytes, '\0');
  Must(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()),
                    static_cast<int>(bytes)) == static_cast<int>(bytes));
  return text;
}

}  // namespace

std::string Base64Url(std::string_view bytes) { return absl::WebSafeBase64Escape(ToAbsl(bytes)); }

JwtSigner::JwtSigner(Kind kind, std::string id, unsigned bits)
    : kind_(kind), id_(std::move(id)), key_(Generate(kind, bits), EVP_PKEY_free) {
  Must(key_ != nullptr);
}

std::string JwtSigner::algorithm() const {
  if (kind_ == Kind::kRsa) return "RS256";
  return kind_ == Kind::kEc ? "ES256" : "EdDSA";
}

// `bytes` 0: as many as it has.
std::string JwtSigner::NumberOf(const char* parameter, size_t bytes) const {
  BIGNUM* number = nullptr;
  Must(EVP_PKEY_get_bn_param(key_.get(), parameter, &number) == 1);
  std::string text = Padded(number, bytes == 0 ? static_cast<size_t>(BN_num_bytes(number)) : bytes);
  BN_free(number);
  return Base64Url(text);
}

std::string JwtSigner::Jwk() const {
  std::string key;
  if (kind_ == Kind::kRsa) {
    key = absl::StrCat(R"("kty":"RSA","n":")", NumberOf(OSSL_PKEY_PARAM_RSA_N, 0), R"(","e":")",
                       NumberOf(OSSL_PKEY_PARAM_RSA_E, 0), "\"");
  } else if (kind_ == Kind::kEc) {
    key = absl::StrCat(R"("kty":"EC","crv":"P-256","x":")",
                       NumberOf(OSSL_PKEY_PARAM_EC_PUB_X, kEs256Bytes), R"(","y":")",
                       NumberOf(OSSL_PKEY_PARAM_EC_PUB_Y, kEs256Bytes), "\"");
  } else {
    std::string raw(kEs256Bytes, '\0');
    size_t length = raw.size();
    Must(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()),
                                     &length) == 1);
    key = absl::StrCat(R"("kty":"OKP","crv":"Ed25519","x":")", Base64Url(raw), "\"");
  }
  const std::string id = id_.empty() ? "" : absl::StrCat(R"(,"kid":")", id_, "\"");
  return absl::StrCat("{", key, R"(,"use":"sig","alg":")", algorithm(), "\"", id, "}");
}

std::string JwtSigner::PublicPem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  Must(PEM_write_bio_PUBKEY(memory, key_.get()) == 1);
  char* data = nullptr;
  const auto length = static_cast<size_t>(BIO_get_mem_data(memory, &data));
  std::string pem(data, length);
  BIO_free(memory);
  return pem;
}

std::string JwtSigner::Sign(std::string_view header, std::string_view claims) const {
  const std::string text = absl::StrCat(Base64Url(header), ".", Base64Url(claims));
  return absl::StrCat(text, ".", Base64Url(SignatureOf(text)));
}

std::string JwtSigner::Sign(std::string_view claims) const {
  const std::string id = id_.empty() ? "" : absl::StrCat(R"(,"kid":")", id_, "\"");
  return Sign(absl::StrCat(R"({"alg":")", algorithm(), "\"", id, "}"), claims);
}

std::string JwtSigner::SignatureOf(std::string_view text) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const EVP_MD* digest = kind_ == Kind::kEd25519 ? nullptr : EVP_sha256();
  Must(EVP_DigestSignInit(context, nullptr, digest, nullptr, key_.get()) == 1);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t length = 0;
  Must(EVP_DigestSign(context, nullptr, &length, bytes, text.size()) == 1);
  std::string signature(length, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  Must(EVP_DigestSign(context, out, &length, bytes, text.size()) == 1);
  EVP_MD_CTX_free(context);
  signature.resize(length);
  if (kind_ != Kind::kEc) return signature;
  const unsigned char* der = out;
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(length));
  Must(pair != nullptr);
  std::string both = absl::StrCat(Padded(ECDSA_SIG_get0_r(pair), kEs256Bytes),
                                  Padded(ECDSA_SIG_get0_s(pair), kEs256Bytes));
  ECDSA_SIG_free(pair);
  return both;
}

std::string SignWithSecret(std::string_view secret, std::string_view header,
                           std::string_view claims) {
  const std::string text = absl::StrCat(Base64Url(header), ".", Base64Url(claims));
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  Must(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac,
            &length) != nullptr);
  return absl::StrCat(text, ".", Base64Url({reinterpret_cast<const char*>(mac), size_t{length}}));
}

}  // namespace atestore
