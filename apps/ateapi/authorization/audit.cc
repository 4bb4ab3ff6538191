#include "apps/ateapi/authorization/audit.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/ateapi/error_details.h"
#include "apps/ateapi/log.h"
#include "core/status.h"

namespace atestore {
namespace {

// A name in a request may be as long as the request.
constexpr size_t kShownMax = 256;

std::string Shown(std::string_view text) {
  std::string shown = PercentEscaped(text.substr(0, kShownMax));
  return text.size() > kShownMax ? shown + "..." : shown;
}

std::array<std::pair<std::string_view, std::string>, 7> FieldsOf(const AuditedCall& call,
                                                                 const absl::Status& status) {
  return {{{"who", call.subject == nullptr ? "unidentified" : ToLogText(*call.subject)},
           {"method", std::string(call.method)},
           {"permission", std::string(ToString(call.permission))},
           {"atespace", call.atespace.empty() ? "*" : Shown(call.atespace)},
           {"name", call.name.empty() ? "-" : Shown(call.name)},
           {"code", absl::StatusCodeToString(status.code())},
           {"reason", status.ok() ? "-" : ErrorReason(status)}}};
}

}  // namespace

bool IsAudited(const AuditedCall& call, const absl::Status& status) {
  if (IsWrite(call.permission)) return true;
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
}

std::string AuditText(const AuditedCall& call, const absl::Status& status) {
  std::string text = "event=audit";
  for (const auto& [key, value] : FieldsOf(call, status)) {
    absl::StrAppend(&text, " ", ToAbsl(key), "=", value);
  }
  return text;
}

void Audit(const AuditedCall& call, const absl::Status& status) {
  if (!IsAudited(call, status)) return;
  LogLine line(LogLevel::kInfo, "audit");
  for (const auto& [key, value] : FieldsOf(call, status)) line.Add(key, value);
}

}  // namespace atestore
