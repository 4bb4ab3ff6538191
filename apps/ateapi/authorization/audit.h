#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/ateapi/authorization/permission.h"
#include "apps/ateapi/authorization/subject.h"

namespace atestore {

// One call, whether it was authorized or refused.
struct AuditedCall {
  const Subject* subject = nullptr;  // nullptr: its token was refused
  std::string_view method;
  Permission permission = Permission::kDebug;
  std::string_view atespace;  // empty: all, or none
  std::string_view name;      // of the actor; empty: none
};

// Whether a call that ended with `status` gets an audit line: every write, and every refusal
// because of a missing identity or permission.
bool IsAudited(const AuditedCall& call, const absl::Status& status);

// The audit line without time and level: who, what, outcome; no request bodies. Every value is
// printable ASCII without spaces, quotes and '='; other bytes become %XX.
std::string AuditText(const AuditedCall& call, const absl::Status& status);

// Writes the line to the log, with event=audit, if IsAudited().
void Audit(const AuditedCall& call, const absl::Status& status);

}  // namespace atestore
