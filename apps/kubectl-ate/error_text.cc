#include "apps/kubectl-ate/error_text.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apps/cli/certificate_probe.h"
#include "apps/kubectl-ate/control_api.h"
#include "apps/kubectl-ate/endpoint.h"
#include "apps/kubectl-ate/text.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

// A phrase in the text of gRPC or OpenSSL for a connection that failed, and what it means; "@" is
// the endpoint.
struct Meaning {
  absl::string_view phrase;
  absl::string_view text;
};

constexpr Meaning kMeanings[] = {
    {"certificate verify failed",
     "the certificate of @ is not accepted; give the trusted CA with --ca-cert"},
    {"Hostname Verification",
     "the certificate of @ is for another name; give that name with --tls-server-name"},
    {"Peer name",
     "the certificate of @ is for another name; give that name with --tls-server-name"},
    {"wrong version number", "@ does not speak TLS; add --plaintext if that is intended"},
    {"certificate required", "@ asks for a client certificate; give one with --client-cert"},
    {"Connection refused",
     "nothing listens at @; is ateapi running there? set its address with --endpoint"},
    {"DNS resolution failed", "the host of @ is unknown; set the address with --endpoint"},
    {"No route to host", "there is no route to @; set the address with --endpoint"},
};

// How long a look at a certificate may take that was refused.
constexpr absl::Duration kLookMax = absl::Seconds(5);

// What to do about a certificate that is refused for this reason.
std::string AdviceFor(std::string_view flaw) {
  if (flaw.find("another name") != std::string_view::npos) {
    return "; give the expected name with --tls-server-name";
  }
  if (flaw.find("not trusted here") != std::string_view::npos ||
      flaw.find("self-signed") != std::string_view::npos) {
    return "; give the CA with --ca-cert";
  }
  return "; the operator of the service has to replace it";
}

// Why the certificate of the service is refused, which gRPC does not tell; nullopt when it cannot
// be found out.
std::optional<std::string> CertificateText(const ConnectionOptions& connection) {
  const std::optional<Endpoint> there = HostOfEndpoint(connection.endpoint);
  if (!there || connection.plaintext) return std::nullopt;
  const std::optional<std::string> flaw =
      WhyCertificateIsRefused({.host = there->host,
                               .port = there->port,
                               .ca_file = connection.ca_cert,
                               .server_name = connection.server_name},
                              kLookMax);
  if (!flaw) return std::nullopt;
  return absl::StrCat("the certificate of ", connection.endpoint, " ", *flaw, AdviceFor(*flaw));
}

bool IsAboutTheCertificate(const absl::Status& status) {
  for (const absl::string_view phrase :
       {"certificate verify failed", "Hostname Verification", "Peer name"}) {
    if (absl::StrContains(status.message(), phrase)) return true;
  }
  return false;
}

std::string ProxyText(const Proxy& proxy, const absl::Status& status,
                      const ConnectionOptions& connection) {
  return absl::StrCat("cannot reach ", connection.endpoint, " through the proxy ", proxy.address,
                      " (from ", proxy.variable, "): ", status.message(),
                      "; list hosts that need no proxy in no_proxy");
}

// Whether it is TLS with the service that failed: then a proxy has done its part.
bool IsAboutTls(const absl::Status& status) {
  return IsAboutTheCertificate(status) || absl::StrContains(status.message(), "wrong version") ||
         absl::StrContains(status.message(), "certificate required");
}

std::string ConnectionText(const absl::Status& status, const ConnectionOptions& connection) {
  const std::optional<Proxy> proxy = ProxyFor(connection.endpoint);
  if (proxy && !IsAboutTls(status)) return ProxyText(*proxy, status, connection);
  if (!proxy && IsAboutTheCertificate(status)) {
    if (const std::optional<std::string> text = CertificateText(connection)) return *text;
  }
  for (const Meaning& meaning : kMeanings) {
    if (absl::StrContains(status.message(), meaning.phrase)) {
      return absl::StrReplaceAll(meaning.text, {{"@", connection.endpoint}});
    }
  }
  if (absl::IsDeadlineExceeded(status)) {
    return absl::StrCat("no answer from ", connection.endpoint, " in time");
  }
  const char* const next_step =
      connection.plaintext ? "; does the service use TLS? omit --plaintext"
                           : "; does it need --plaintext, or a client certificate (--client-cert)?";
  return absl::StrCat("cannot talk to ", connection.endpoint, ": ", status.message(), next_step);
}

}  // namespace

std::string ErrorText(const absl::Status& status, const ConnectionOptions& connection) {
  if (IsConnectionFailure(status)) return Printable(ConnectionText(status, connection));
  std::string text = Printable(ToStd(status.message()));
  if (absl::IsUnimplemented(status) || text.empty()) {
    text = absl::StrCat(absl::StatusCodeToString(status.code()), text.empty() ? "" : ": ", text);
  }
  return text;
}

}  // namespace atestore::cli
