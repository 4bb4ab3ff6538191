#include "apps/ateapi/authorization/call_guard.h"

#include <utility>

#include "absl/time/clock.h"
#include "apps/ateapi/authorization/audit.h"

namespace atestore {
namespace {

Permission NeededFor(std::string_view method) {
  return PermissionOf(method).value_or(Permission::kDebug);
}

}  // namespace

Admission CallGuard::Admit(std::string_view method, const CallTarget& target,
                           const CallCredentials& credentials) const {
  Admission admission;
  if (!is_on()) return admission;
  absl::StatusOr<Subject> subject = authorizer_->Identify(credentials, absl::Now());
  if (!subject.ok()) {
    admission.status = subject.status();
    return admission;
  }
  admission.subject = *std::move(subject);
  admission.is_identified = true;
  admission.status = authorizer_->Check(admission.subject, NeededFor(method), target.atespace);
  return admission;
}

void CallGuard::Finish(std::string_view method, const CallTarget& target,
                       const Admission& admission, const absl::Status& status) const {
  if (!is_on()) return;
  Audit({.subject = admission.is_identified ? &admission.subject : nullptr,
         .method = method,
         .permission = NeededFor(method),
         .atespace = target.atespace,
         .name = target.name},
        status);
}

}  // namespace atestore
