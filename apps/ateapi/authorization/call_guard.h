#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/ateapi/authorization/authorizer.h"
#include "apps/ateapi/authorization/subject.h"

namespace atestore {

// The target of a call, from its request; views of the request.
struct CallTarget {
  std::string_view atespace = {};  // empty: all of them
  std::string_view name = {};      // of the actor; empty: none
};

// Whether a call may proceed, and who made it.
struct Admission {
  absl::Status status;
  Subject subject;
  bool is_identified = false;
};

// Every call passes this guard, before anything is done for it and after it has ended. Thread-safe.
class CallGuard {
 public:
  // Without an authorizer every call is admitted and nothing is audited. The authorizer must
  // outlive the guard.
  explicit CallGuard(const Authorizer* authorizer) : authorizer_(authorizer) {}

  bool is_on() const { return authorizer_ != nullptr; }

  // OK, or UNAUTHENTICATED or PERMISSION_DENIED from the Authorizer. `method`: the name of a method
  // of ateapi.Control, without the service. An unknown method requires the strongest permission.
  Admission Admit(std::string_view method, const CallTarget& target,
                  const CallCredentials& credentials) const;

  // Writes the audit line of a call that ended with `status`, which may be that of the admission.
  void Finish(std::string_view method, const CallTarget& target, const Admission& admission,
              const absl::Status& status) const;

 private:
  const Authorizer* const authorizer_;
};

}  // namespace atestore
