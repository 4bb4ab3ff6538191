#include "apps/ateapi/authorization/authorizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "store/error_info.h"

namespace atestore {
namespace {

absl::Status AtFlagOf(std::string_view flag, const absl::Status& status) {
  return {status.code(), absl::StrCat(ToAbsl(flag), ": ", status.message())};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::Open(AuthorizerOptions options) {
  std::unique_ptr<Authorizer> authorizer(new Authorizer(std::move(options)));
  const AuthorizerOptions& given = authorizer->options_;
  auto policy =
      ReloadedFile<Policy>::Open(given.policy_file, Policy::Parse, given.on_policy_reload);
  if (!policy.ok()) return AtFlagOf("--authorization-policy-file", policy.status());
  authorizer->policy_ = *std::move(policy);
  if (!given.jwt) return authorizer;
  auto keys = ReloadedFile<JwtKeys>::Open(given.jwks_file, JwtKeys::Parse, given.on_jwks_reload);
  if (!keys.ok()) return AtFlagOf("--jwt-jwks-file", keys.status());
  authorizer->keys_ = *std::move(keys);
  return authorizer;
}

absl::StatusOr<Subject> Authorizer::Identify(const CallCredentials& credentials,
                                             absl::Time now) const {
  absl::StatusOr<std::optional<std::string_view>> token = BearerToken(credentials);
  if (!token.ok()) return token.status();
  if (!*token) return SubjectOfCertificate(credentials);
  if (!keys_) {
    return WithErrorInfo(
        absl::UnauthenticatedError("this service does not accept tokens: --jwt-issuer is not set"),
        {.reason = "TOKENS_NOT_TAKEN", .field = ""});
  }
  absl::StatusOr<std::string> subject = VerifyJwt(**token, *keys_->Get(), *options_.jwt, now);
  if (!subject.ok()) return subject.status();
  return Subject{.names = {absl::StrCat("jwt:", *subject)}};
}

absl::Status Authorizer::Check(const Subject& subject, Permission permission,
                               std::string_view atespace) const {
  if (subject.is_anonymous()) {
    return WithErrorInfo(
        absl::UnauthenticatedError(keys_ ? "the call carries neither a client certificate with a "
                                           "name nor a bearer token"
                                         : "the call carries no client certificate with a name"),
        {.reason = "IDENTITY_REQUIRED", .field = ""});
  }
  if (policy_->Get()->Allows(subject, permission, atespace)) return absl::OkStatus();
  const std::string where = atespace.empty()
                                ? "all atespaces"
                                : absl::StrCat("atespace \"", PercentEscaped(atespace), "\"");
  return WithErrorInfo(
      absl::PermissionDeniedError(
          absl::StrCat("the policy does not grant ", ToAbsl(ToString(permission)), " on ", where)),
      {.reason = "ACCESS_DENIED",
       .field = "",
       .metadata = {{"permission", std::string(ToString(permission))},
                    {"atespace", atespace.empty() ? "*" : std::string(atespace)}}});
}

void Authorizer::Refresh() {
  policy_->Refresh();
  if (keys_) keys_->Refresh();
}

}  // namespace atestore
