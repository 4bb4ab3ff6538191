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
  std::optional<JwtExpectation> jwt;  // nullopt: tokens are not taken
  std::string jwks_file;              // with `jwt`
  // Told what became of a file that has changed.
  OnReload on_policy_reload;
  OnReload on_jwks_reload;
};

// Says who calls and whether they may. Thread-safe, but for Refresh(). It looks nothing up: what a
// caller is told does not depend on what exists.
class Authorizer {
 public:
  // INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED when a file cannot be used, in one line with
  // its flag and, for the policy, the line.
  static absl::StatusOr<std::unique_ptr<Authorizer>> Open(AuthorizerOptions options);

  // The subject of the token, if the call carries one: it counts alone, not together with the
  // certificate of the proxy that passes it on. Otherwise the names in the certificate; none of
  // both: an anonymous one. UNAUTHENTICATED: the token is not valid (VerifyJwt()'s reasons), or
  // none are taken (TOKENS_NOT_TAKEN).
  absl::StatusOr<Subject> Identify(const CallCredentials& credentials, absl::Time now) const;

  // OK when the policy grants `permission` on `atespace` (empty: on all of them). UNAUTHENTICATED
  // (IDENTITY_REQUIRED) when nobody is known to call; PERMISSION_DENIED (ACCESS_DENIED), with
  // `permission` and `atespace` in the ErrorInfo's metadata.
  absl::Status Check(const Subject& subject, Permission permission,
                     std::string_view atespace) const;

  // Looks whether a file has changed, and takes it over. One that cannot be used is told of, and
  // the last good one stays. One thread at a time.
  void Refresh();

  size_t bindings() const { return policy_->Get()->bindings(); }

 private:
  explicit Authorizer(AuthorizerOptions options) : options_(std::move(options)) {}

  const AuthorizerOptions options_;
  std::unique_ptr<ReloadedFile<Policy>> policy_;
  std::unique_ptr<ReloadedFile<JwtKeys>> keys_;  // null: tokens are not taken
};

}  // namespace atestore
