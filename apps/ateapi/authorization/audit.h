#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/ateapi/authorization/permission.h"
#include "apps/ateapi/authorization/subject.h"

namespace atestore {

// One call that was authorised, or was not.
struct AuditedCall {
  const Subject* subject = nullptr;  // nullptr: its token was refused
  std::string_view method;
  Permission permission = Permission::kDebug;
  std::string_view atespace;  // empty: all, or none
  std::string_view name;      // of the actor; empty: none
};

// Whether a call that ended with `status` leaves a line: each write, and each refusal for want of
// an identity or a permission.
bool IsAudited(const AuditedCall& call, const absl::Status& status);

// The line, without time and level: who, what, outcome; no bodies. Every value is printable ASCII
// without spaces, quotes and '=', other bytes as %XX.
std::string AuditText(const AuditedCall& call, const absl::Status& status);

// Writes it to the log, event=audit, if IsAudited().
void Audit(const AuditedCall& call, const absl::Status& status);

}  // namespace atestore
