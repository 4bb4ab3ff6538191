#include "apps/ateapi/start_advice.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apps/cli/certificate_probe.h"
#include "core/endpoint.h"

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
     "this port does not use TLS: give the TLS port, or omit --redis-ca-certs, "
     "--redis-client-cert and --redis-tls-server-name"},
    {"alert", "the nodes refuse this side's certificate: check --redis-client-cert"},
};

bool UsesTls(const Flags& flags) {
  return !flags.redis_ca_certs.empty() || !flags.redis_client_cert.empty() ||
         !flags.redis_tls_server_name.empty();
}

// How long a look at a certificate may take that was refused.
constexpr absl::Duration kLookMax = absl::Seconds(3);

// What is wrong with the certificate of the first node that has something wrong.
std::string CertificateAdvice(const Flags& flags) {
  for (const Endpoint& seed : flags.redis_cluster_address) {
    const std::optional<std::string> flaw =
        WhyCertificateIsRefused({.host = seed.host,
                                 .port = seed.port,
                                 .ca_file = flags.redis_ca_certs,
                                 .server_name = flags.redis_tls_server_name},
                                kLookMax);
    if (flaw) return absl::StrCat("the certificate of ", ToString(seed), " ", *flaw);
  }
  return "";
}

std::string TlsAdvice(const absl::Status& status, const Flags& flags) {
  if (absl::StrContains(status.message(), "certificate verify failed")) {
    const std::string advice = CertificateAdvice(flags);
    const bool mended_by_flags = absl::StrContains(advice, "not trusted here") ||
                                 absl::StrContains(advice, "self-signed") ||
                                 absl::StrContains(advice, "another name");
    if (!advice.empty() && !mended_by_flags) {
      return advice + "; the operator of the cluster has to replace it";
    }
    if (!advice.empty()) return absl::StrCat(advice, "; ", kTlsAdvice[0].text);
  }
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
      return absl::StrContains(status.message(), "TLS") ? TlsAdvice(status, flags) : "";
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
    return "TLS ports do this: is --redis-ca-certs missing?";
  }
  return "check --redis-cluster-address and the network";
}

}  // namespace atestore
