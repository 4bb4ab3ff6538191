#include "apps/ateapi/authorization/start_authorization.h"

#include <utility>

#include "apps/ateapi/log.h"

namespace atestore {
namespace {

// Between two looks at the files.
constexpr absl::Duration kLookInterval = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<Authorization>> Authorization::Start(const Flags& flags) {
  std::unique_ptr<Authorizer> authorizer;
  if (!flags.authorization_policy_file.empty()) {
    AuthorizerOptions options{.policy_file = flags.authorization_policy_file,
                              .jwt = std::nullopt,
                              .jwks_file = flags.jwt_jwks_file,
                              .on_policy_reload = LogReload("--authorization-policy-file"),
                              .on_jwks_reload = LogReload("--jwt-jwks-file")};
    if (!flags.jwt_issuer.empty()) {
      options.jwt = JwtExpectation{.issuer = flags.jwt_issuer, .audience = flags.jwt_audience};
    }
    absl::StatusOr<std::unique_ptr<Authorizer>> opened = Authorizer::Open(std::move(options));
    if (!opened.ok()) return opened.status();
    authorizer = *std::move(opened);
  }
  return std::unique_ptr<Authorization>(new Authorization(std::move(authorizer)));
}

void Authorization::Log(const Flags& flags) const {
  LogLine line(LogLevel::kInfo, "authorization");
  if (!authorizer_) {
    line.Add("policy", "none").Add("message", "every caller may do everything");
    return;
  }
  line.Add("policy", flags.authorization_policy_file)
      .Add("bindings", static_cast<int64_t>(authorizer_->bindings()))
      .Add("certificates", flags.client_ca_certs.empty() ? "off" : "on")
      .Add("tokens", flags.jwt_issuer.empty() ? "off" : "on");
}

Authorization::Authorization(std::unique_ptr<Authorizer> authorizer)
    : authorizer_(std::move(authorizer)) {
  if (!authorizer_) return;
  refreshing_ = std::make_unique<Periodic>([this] { authorizer_->Refresh(); }, kLookInterval);
}

}  // namespace atestore
