#include "apps/kubectl-ate/error_text.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "apps/kubectl-ate/control_api.h"
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
     "the certificate of @ is not signed by a known CA; give the CA with --ca-cert, or accept "
     "anything with --insecure-skip-tls-verify"},
    {"Hostname Verification",
     "the certificate of @ is for another name; give that name with --tls-server-name"},
    {"Peer name",
     "the certificate of @ is for another name; give that name with --tls-server-name"},
    {"wrong version number", "@ does not speak TLS; add --plaintext if that is meant"},
    {"certificate required", "@ asks for a client certificate; give one with --client-cert"},
    {"Connection refused", "nothing listens at @; is ateapi running there? --endpoint names it"},
    {"DNS resolution failed", "the host of @ is not known; --endpoint names the service"},
    {"No route to host", "there is no route to @; --endpoint names the service"},
};

std::string ConnectionText(const absl::Status& status, const ConnectionOptions& connection) {
  for (const Meaning& meaning : kMeanings) {
    if (absl::StrContains(status.message(), meaning.phrase)) {
      return absl::StrReplaceAll(meaning.text, {{"@", connection.endpoint}});
    }
  }
  if (absl::IsDeadlineExceeded(status)) {
    return absl::StrCat("no answer from ", connection.endpoint, " in time");
  }
  const char* const next_step =
      connection.plaintext ? "; does the service want TLS? leave --plaintext out"
                           : "; does it want --plaintext, or a client certificate (--client-cert)?";
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
