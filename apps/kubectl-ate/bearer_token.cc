#include "apps/kubectl-ate/bearer_token.h"

#include <cerrno>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apps/kubectl-ate/endpoint.h"
#include "core/status.h"

namespace atestore::cli {
namespace {

absl::Status Refused(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("--token-file: ", ToAbsl(what)));
}

}  // namespace

absl::StatusOr<BearerToken> BearerToken::Open(const ConnectionOptions& options) {
  BearerToken token(options.token_file);
  if (options.token_file.empty()) return token;
  if (options.plaintext && !IsLocalEndpoint(options.endpoint)) {
    return Refused(
        "an eavesdropper could steal a token that is sent in plaintext; omit --plaintext");
  }
  if (absl::Status status = token.Read(); !status.ok()) return status;
  return token;
}

const std::string& BearerToken::Authorization() {
  if (!path_.empty()) Read().IgnoreError();
  return authorization_;
}

absl::Status BearerToken::Read() {
  errno = 0;
  std::ifstream file(path_, std::ios::binary);
  std::string text(kTokenFileBytesMax + 1, '\0');
  if (!file || (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && file.bad())) {
    return absl::ErrnoToStatus(errno != 0 ? errno : EIO,
                               absl::StrCat("--token-file: cannot read ", path_));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kTokenFileBytesMax)
    return Refused(
        absl::StrCat(path_, " has more than ", kTokenFileBytesMax, " bytes, too many for a token"));
  absl::StripTrailingAsciiWhitespace(&text);
  if (text.empty()) return Refused(path_ + " is empty");
  for (const char c : text) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return Refused(path_ + " holds no token: a token has no white space or control characters");
    }
  }
  authorization_ = "Bearer " + text;
  return absl::OkStatus();
}

}  // namespace atestore::cli
