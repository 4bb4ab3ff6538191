#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

using EVP_PKEY = struct evp_pkey_st;

namespace atestore {

inline constexpr size_t kJwksBytesMax = size_t{1} << 20;
inline constexpr size_t kJwksKeysMax = 100;
inline constexpr int kRsaBitsMin = 2048;
inline constexpr int kRsaBitsMax = 8192;

// The accepted signature algorithms of a token (RFC 7518, RFC 8037). "none" and shared secrets are
// not among them: an attacker could use the public key as the secret.
enum class JwtAlgorithm { kRs256, kEs256, kEdDsa };

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name);

// A public key for one algorithm. A value: copies share the key.
class JwtKey {
 public:
  JwtKey(std::string id, JwtAlgorithm algorithm, std::shared_ptr<EVP_PKEY> key)
      : id_(std::move(id)), algorithm_(algorithm), key_(std::move(key)) {}

  const std::string& id() const { return id_; }  // "kid"; empty: none
  JwtAlgorithm algorithm() const { return algorithm_; }

  // Whether `signature`, in the form of RFC 7515, is this key's signature of `signed_text`.
  bool Verify(std::string_view signed_text, std::string_view signature) const;

 private:
  std::string id_;
  JwtAlgorithm algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
};

// The public keys of an issuer: a JSON Web Key Set (RFC 7517).
class JwtKeys {
 public:
  // Skips keys for other algorithms (other types and curves, "use" other than "sig").
  // INVALID_ARGUMENT when the text is not a key set, a key for one of the algorithms above is
  // malformed or too weak, a "kid" appears twice, or no key is left.
  static absl::StatusOr<JwtKeys> Parse(const std::string& json);

  // The key with this id, or, without an id, the only one for the algorithm. nullptr: none.
  const JwtKey* Find(std::optional<std::string_view> id, JwtAlgorithm algorithm) const;

  size_t size() const { return keys_.size(); }

 private:
  std::vector<JwtKey> keys_;
};

// Decodes base64url without padding. nullopt when the text is not in canonical form.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace atestore
