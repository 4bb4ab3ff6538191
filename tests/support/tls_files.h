#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

namespace atestore {

// A certificate authority of a test's own, a certificate for servers on loopback (127.0.0.1,
// localhost and kTlsServerName) and one for clients, as PEM files. A bundle is the certificate
// followed by its key.
struct TlsFiles {
  std::filesystem::path ca;
  std::filesystem::path server_certificate;
  std::filesystem::path server_key;
  std::filesystem::path server_bundle;
  std::filesystem::path client_bundle;
};

inline constexpr const char* kTlsServerName = "redis.test";

// Makes them in `directory` with openssl(1). INTERNAL with its output; NOT_FOUND without openssl.
absl::StatusOr<TlsFiles> MakeTlsFiles(const std::filesystem::path& directory);

}  // namespace atestore
