#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace atestore {

// What is said to connect to, and what is trusted there.
struct CertificateQuestion {
  std::string host;
  uint16_t port = 0;
  std::string ca_file;      // PEM; none: the system's
  std::string server_name;  // expected in the certificate; none: the host
};

// Connects once more, only to look at the certificate of the other side, and says what is wrong
// with it in words: "has expired (it was valid until …)", "is not valid before …; is the clock of
// this machine right?", "may not be used by servers", "is for another name: …", "is self-signed",
// "is signed by a CA that is not trusted here: …". nullopt when nothing is, or nobody answers in
// time. gRPC and OpenSSL themselves only say "certificate verify failed".
std::optional<std::string> WhyCertificateIsRefused(const CertificateQuestion& question,
                                                   absl::Duration patience);

// Whether clients can accept the first certificate of `pem` (a chain) as a server's: it and its
// chain are valid now, it may be used by servers, and its key is strong enough for this machine's
// OpenSSL. INVALID_ARGUMENT says what is wrong.
absl::Status CheckServerChain(const std::string& pem);

// Whether `pem` holds a CA that is valid now. INVALID_ARGUMENT.
absl::Status CheckAuthorityFile(const std::string& pem);

}  // namespace atestore
