#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/ateapi/authorization/jwt.h"
#include "apps/ateapi/authorization/permission.h"
#include "apps/ateapi/authorization/policy.h"
#include "apps/ateapi/authorization/reloaded_file.h"
#include "apps/ateapi/authorization/subject.h"

namespace atestore {

struct AuthorizerOptions {
  std::string policy_file;
  std::optional<JwtExpectation> jwt;  // nullopt: tokens are not accepted
  std::string jwks_file;              // with `jwt`
  // Called with the outcome of reloading a file that has changed.
  OnReload on_policy_reload;
  OnReload on_jwks_reload;
};

// Identifies callers and decides what they may do. It never reads records, so its answers do not
// depend on what exists. Thread-safe, except Refresh().
class Authorizer {
 public:
  // INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED when a file cannot be used; the message is one
  // line with its flag and, for the policy, the line number.
  static absl::StatusOr<std::unique_ptr<Authorizer>> Open(AuthorizerOptions options);

  // If the call has a token, its subject alone: the certificate may be that of a proxy that
  // forwards the token. Otherwise the names in the certificate. Without either, an anonymous
  // subject. UNAUTHENTICATED when the token is not valid (VerifyJwt()'s reasons), or when tokens
  // are not accepted (TOKENS_NOT_TAKEN).
  absl::StatusOr<Subject> Identify(const CallCredentials& credentials, absl::Time now) const;

  // OK when the policy grants `permission` on `atespace` (empty: on all atespaces). Otherwise
  // UNAUTHENTICATED (IDENTITY_REQUIRED) for an anonymous caller, and PERMISSION_DENIED
  // (ACCESS_DENIED) for others, with `permission` and `atespace` in the ErrorInfo's metadata.
  absl::Status Check(const Subject& subject, Permission permission,
                     std::string_view atespace) const;

  // Reloads the files that have changed. If a file cannot be used, that is reported and the last
  // good content stays in use. Call it on one thread at a time.
  void Refresh();

  size_t bindings() const { return policy_->Get()->bindings(); }

 private:
  explicit Authorizer(AuthorizerOptions options) : options_(std::move(options)) {}

  const AuthorizerOptions options_;
  std::unique_ptr<ReloadedFile<Policy>> policy_;
  std::unique_ptr<ReloadedFile<JwtKeys>> keys_;  // null: tokens are not accepted
};

}  // namespace atestore
