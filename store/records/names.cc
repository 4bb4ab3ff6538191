#include "store/records/names.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore::inline v0 {
namespace {

constexpr size_t kLabelLengthMax = 63;
constexpr size_t kSubdomainLengthMax = 253;

bool IsLabel(std::string_view name) {
  auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= kLabelLengthMax && name.front() != '-' &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), is_inner);
}

absl::Status Refusal(std::string_view name, std::string_view field, std::string_view rule) {
  constexpr size_t kQuotedMax = 80;
  std::string quoted = absl::Utf8SafeCHexEscape(ToAbsl(name.substr(0, kQuotedMax)));
  std::string message =
      absl::StrCat(ToAbsl(field), ": \"", quoted, name.size() > kQuotedMax ? "…" : "", "\" is not ",
                   ToAbsl(rule));
  if (name.empty()) message = absl::StrCat(ToAbsl(field), ": must not be empty");
  return WithErrorInfo(InvalidArgumentError(message),
                       {.reason = "INVALID_NAME", .field = std::string(field)});
}

}  // namespace

absl::Status CheckLabel(std::string_view name, std::string_view field) {
  if (IsLabel(name)) return absl::OkStatus();
  return Refusal(name, field, "a DNS-1123 label (at most 63 of a-z, 0-9 and inner '-')");
}

absl::Status CheckSubdomain(std::string_view name, std::string_view field) {
  bool valid = name.size() <= kSubdomainLengthMax;
  for (size_t start = 0; valid;) {
    size_t dot = name.find('.', start);
    valid = IsLabel(name.substr(start, dot - start));
    if (dot == std::string_view::npos) break;
    start = dot + 1;
  }
  if (valid) return absl::OkStatus();
  return Refusal(name, field, "a DNS-1123 subdomain (labels of a-z, 0-9 and inner '-', with dots)");
}

absl::Status CheckActorRef(const ateapi::ActorRef& ref) {
  if (absl::Status status = CheckLabel(ref.atespace(), "actor_ref.atespace"); !status.ok()) {
    return status;
  }
  return CheckLabel(ref.name(), "actor_ref.name");
}

}  // namespace atestore::inline v0
