#include "apps/ateapi/start_advice.h"

#include <string_view>

#include "absl/strings/match.h"

namespace atestore {
namespace {

// A phrase of OpenSSL for a handshake that failed, and what to do.
struct Advice {
  absl::string_view phrase;
  const char* text;
};

constexpr Advice kTlsAdvice[] = {
    {"certificate verify failed",
     "--redis-ca-certs must hold the CA of the nodes' certificates, and these must name the "
     "address or --redis-tls-server-name"},
    {"wrong version number",
     "this port does not speak TLS: name the TLS port, or leave --redis-ca-certs, "
     "--redis-client-cert and --redis-tls-server-name out"},
    {"alert", "the nodes refuse this side's certificate: check --redis-client-cert"},
};

bool UsesTls(const Flags& flags) {
  return !flags.redis_ca_certs.empty() || !flags.redis_client_cert.empty() ||
         !flags.redis_tls_server_name.empty();
}

std::string TlsAdvice(const absl::Status& status) {
  for (const Advice& advice : kTlsAdvice) {
    if (absl::StrContains(status.message(), advice.phrase)) return advice.text;
  }
  return "check --redis-ca-certs, --redis-client-cert and --redis-tls-server-name";
}

}  // namespace

std::string StartAdvice(const absl::Status& status, const Flags& flags) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "check --redis-username and --redis-password-file";
    case absl::StatusCode::kFailedPrecondition:
      return absl::StrContains(status.message(), "TLS") ? TlsAdvice(status) : "";
    case absl::StatusCode::kDataLoss:
      return "is there a Redis server? check --redis-cluster-address";
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      break;
    default:
      return "";
  }
  if (!UsesTls(flags) && (absl::StrContains(status.message(), "closed the connection") ||
                          absl::StrContains(status.message(), "reset by peer"))) {
    return "a port that speaks TLS does so: does it need --redis-ca-certs?";
  }
  return "check --redis-cluster-address and the network";
}

}  // namespace atestore
