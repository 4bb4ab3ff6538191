#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "apps/ateapi/authorization/authorizer.h"
#include "apps/ateapi/authorization/subject.h"

namespace atestore {

// What a call is about, as its request says it; views of the request.
struct CallTarget {
  std::string_view atespace = {};  // empty: all of them
  std::string_view name = {};      // of the actor; empty: none
};

// Whether a call may go on, and who made it.
struct Admission {
  absl::Status status;
  Subject subject;
  bool is_identified = false;
};

// The one hook of every call, before anything is done for it and after it ended. Thread-safe.
class CallGuard {
 public:
  // Without an authorizer every call is admitted and nothing is audited. It must outlive this.
  explicit CallGuard(const Authorizer* authorizer) : authorizer_(authorizer) {}

  bool is_on() const { return authorizer_ != nullptr; }

  // OK; UNAUTHENTICATED or PERMISSION_DENIED as Authorizer has it. `method`: of ateapi.Control,
  // without the service's name; an unknown one needs what the most powerful needs.
  Admission Admit(std::string_view method, const CallTarget& target,
                  const CallCredentials& credentials) const;

  // Writes the audit line of a call that ended with `status`, be it the admission's.
  void Finish(std::string_view method, const CallTarget& target, const Admission& admission,
              const absl::Status& status) const;

 private:
  const Authorizer* const authorizer_;
};

}  // namespace atestore
