#include "apps/ateapi/authorization/subject.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore {
namespace {

constexpr std::array<std::string_view, 5> kPrefixes{"spiffe://", "uri:", "dns:", "cn:", "jwt:"};

void Add(std::string name, Subject& subject) {
  if (IsSubjectName(name)) subject.names.push_back(std::move(name));
}

absl::Status Malformed(std::string_view what) {
  return WithErrorInfo(absl::UnauthenticatedError(ToAbsl(what)),
                       {.reason = "TOKEN_MALFORMED", .field = ""});
}

}  // namespace

bool IsSubjectName(std::string_view name) {
  if (name.size() > kSubjectBytesMax) return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return false;
  }
  for (std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return name.size() > prefix.size();
  }
  return false;
}

Subject SubjectOfCertificate(const CallCredentials& credentials) {
  Subject subject;
  for (const std::string& uri : credentials.uris) {
    Add(uri.starts_with("spiffe://") ? uri : absl::StrCat("uri:", uri), subject);
  }
  for (const std::string& name : credentials.dns_names) Add(absl::StrCat("dns:", name), subject);
  for (const std::string& name : credentials.common_names) Add(absl::StrCat("cn:", name), subject);
  return subject;
}

absl::StatusOr<std::optional<std::string_view>> BearerToken(const CallCredentials& credentials) {
  if (credentials.authorizations.empty()) return std::nullopt;
  if (credentials.authorizations.size() > 1) {
    return Malformed("the call carries more than one authorization");
  }
  std::string_view value = credentials.authorizations.front();
  constexpr std::string_view kScheme = "Bearer ";  // RFC 6750; schemes have no case (RFC 9110)
  if (!absl::StartsWithIgnoreCase(ToAbsl(value), ToAbsl(kScheme))) {
    return Malformed("authorization: only \"Bearer TOKEN\" is understood");
  }
  return value.substr(kScheme.size());
}

std::string PercentEscaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '%' || c == '=' || c == '"' || c == '\\') {
      absl::StrAppendFormat(&escaped, "%%%02X", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string ToLogText(const Subject& subject) {
  if (subject.is_anonymous()) return "anonymous";
  std::string text;
  for (const std::string& name : subject.names) {
    absl::StrAppend(&text, text.empty() ? "" : ",", PercentEscaped(name));
  }
  return text;
}

}  // namespace atestore
