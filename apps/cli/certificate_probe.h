#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace atestore {

// The server to connect to, and what to trust there.
struct CertificateQuestion {
  std::string host;
  uint16_t port = 0;
  std::string ca_file;      // PEM; empty: the system's CAs
  std::string server_name;  // expected in the certificate; empty: the host
};

// Connects again, only to check the server's certificate, and says what is wrong with it: "has
// expired (it was valid until …)", "is not valid before …; is the clock of this machine right?",
// "may not be used by servers", "is for another name: …", "is self-signed", "is signed by a CA that
// is not trusted here: …". nullopt when nothing is wrong, or the server does not answer in time.
// gRPC and OpenSSL themselves only say "certificate verify failed".
std::optional<std::string> WhyCertificateIsRefused(const CertificateQuestion& question,
                                                   absl::Duration patience);

// OK when clients can accept the first certificate of `pem` (a chain) as a server's: it and its
// chain are valid now, servers may use it, and its key is strong enough for this machine's OpenSSL.
// INVALID_ARGUMENT says what is wrong.
absl::Status CheckServerChain(const std::string& pem);

// OK when `pem` holds a CA that is valid now, else INVALID_ARGUMENT.
absl::Status CheckAuthorityFile(const std::string& pem);

}  // namespace atestore
