#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "apps/ateapi/authorization/authorizer.h"
#include "apps/ateapi/flags.h"
#include "apps/ateapi/periodic.h"

namespace atestore {

// The authorizer that the flags configure. Reloads its files when they change, as long as it lives.
class Authorization {
 public:
  // Errors of Authorizer::Open().
  static absl::StatusOr<std::unique_ptr<Authorization>> Start(const Flags& flags);

  // Logs one line about who may do what.
  void Log(const Flags& flags) const;

  // Null: without --authorization-policy-file, when every caller may do everything.
  const Authorizer* authorizer() const { return authorizer_.get(); }

 private:
  explicit Authorization(std::unique_ptr<Authorizer> authorizer);

  const std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<Periodic> refreshing_;  // last: it uses the above
};

}  // namespace atestore
