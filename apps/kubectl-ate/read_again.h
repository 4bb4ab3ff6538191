#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/kubectl-ate/context.h"
#include "apps/kubectl-ate/error_text.h"
#include "apps/kubectl-ate/retry.h"

namespace atestore::cli {

// Calls `read` with retries. `read` gets the deadline of the attempt and returns a StatusOr.
template <typename Read>
auto ReadAgain(const Context& context, absl::Duration attempt_time, const Read& read) {
  Retrier retrier(
      context.interruption, context.deadline, attempt_time, [&context](const absl::Status& status) {
        Say(context, absl::StrCat("waiting for ateapi: ", ErrorText(status, context.connection)));
      });
  decltype(read(absl::Time())) result = absl::UnknownError("no attempt was made");
  static_cast<void>(retrier.Run([&](absl::Time deadline) {
    result = read(deadline);
    return result.status();
  }));
  return result;
}

}  // namespace atestore::cli
