#pragma once

#include <memory>
#include <string>
#include <string_view>

using EVP_PKEY = struct evp_pkey_st;

namespace atestore {

// A key pair of an issuer of tokens.
class JwtSigner {
 public:
  enum class Kind { kRsa, kEc, kEd25519 };

  // `bits`: of an RSA key.
  JwtSigner(Kind kind, std::string id, unsigned bits = 2048);

  const std::string& id() const { return id_; }
  // "RS256", "ES256" or "EdDSA".
  std::string algorithm() const;
  // The public key, as a member of a JSON Web Key Set.
  std::string Jwk() const;
  // The public key in PEM.
  std::string PublicPem() const;
  // "header.claims.signature" of two JSON texts.
  std::string Sign(std::string_view header, std::string_view claims) const;
  // With a header that names the algorithm and the key.
  std::string Sign(std::string_view claims) const;

 private:
  std::string SignatureOf(std::string_view text) const;
  std::string NumberOf(const char* parameter, size_t bytes) const;

  const Kind kind_;
  const std::string id_;
  std::shared_ptr<EVP_PKEY> key_;
};

std::string Base64Url(std::string_view bytes);

// A token whose signature is HMAC-SHA-256 with `secret`.
std::string SignWithSecret(std::string_view secret, std::string_view header,
                           std::string_view claims);

}  // namespace atestore
